package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.testkit.HistoryChecker;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A client as docs/protocol.md describes it: reads the bodies of answers, keeps one cursor, drops
 * repetitions. What it saw goes to a history.
 *
 * <p>Answers may come from any thread; everything else is for one thread at a time.
 */
final class ModelClient {

    private static final JsonMapper MAPPER = new JsonMapper();

    private final CometStateManager manager;
    private final CometClient client;
    private final @Nullable HistoryChecker history;
    private final Queue<CometAnswer> answers = new ConcurrentLinkedQueue<>();
    private long cursor;
    private boolean ended;
    private long received;
    private long gaps;

    ModelClient(CometStateManager manager, CometClient client, @Nullable HistoryChecker history) {
        this.manager = manager;
        this.client = client;
        this.history = history;
    }

    CometClient client() {
        return client;
    }

    String name() {
        return client.publicToken();
    }

    /** Sends a request; its answer waits for {@link #handleNext}. */
    CometAsyncResult poll(Duration hold) {
        CometAsyncResult result = manager.beginSubscribe(client.privateToken(), cursor, hold);
        result.whenCompleted(answers::add, Runnable::run);
        return result;
    }

    /** Loses the next answer on its way, if there is one. */
    boolean loseNext() {
        return answers.poll() != null;
    }

    /** Handles the next answer, if there is one. */
    boolean handleNext() {
        CometAnswer answer = answers.poll();
        if (answer == null) {
            return false;
        }
        if (answer.outcome() != CometAnswer.Outcome.ABANDONED) { // nobody reads those
            for (JsonNode message : MAPPER.readTree(answer.body())) {
                handle(message);
            }
        }
        return true;
    }

    void handleAll() {
        while (handleNext()) {
            // until there is none left
        }
    }

    private void handle(JsonNode message) {
        long id = message.get("id").asLong();
        String name = message.get("name").asString();
        JsonNode contents = message.get("contents");
        if (id > cursor) {
            received++;
            cursor = id;
            if (history != null) {
                history.received(name(), id);
            }
        } else if (id > 0) {
            return; // a repetition
        } else if (name.equals("comet.gap")) {
            gap(contents);
        } else if (name.equals("comet.closed") || isGone(name, contents)) {
            ended = true;
        } else if (name.equals("comet.error")) {
            throw new AssertionError(name() + " got " + message);
        } else if (contents.has("lastMessageId")) {
            cursor = Math.max(cursor, contents.get("lastMessageId").asLong());
        }
    }

    private static boolean isGone(String name, JsonNode contents) {
        return name.equals("comet.error")
                && contents.get("code").asString().equals("client-does-not-exist");
    }

    private void gap(JsonNode contents) {
        long to = contents.get("to").asLong();
        String reason = contents.get("reason").asString();
        if (reason.equals("confirmed") && to > cursor) {
            throw new AssertionError(
                    name() + " never confirmed above " + cursor + " but was told " + contents);
        }
        boolean unknownCursor = reason.equals("unknown-cursor");
        // An answer that was overtaken by a later one may announce what has arrived since.
        if (unknownCursor || to > cursor) {
            gaps++;
            if (history != null) {
                history.gap(name(), contents.get("from").asLong(), to);
            }
        }
        if (unknownCursor) {
            cursor = to;
        }
    }

    long cursor() {
        return cursor;
    }

    void cursor(long cursor) {
        this.cursor = cursor;
    }

    /** Whether it was told that it is a client no more. */
    boolean hasEnded() {
        return ended;
    }

    long received() {
        return received;
    }

    long gaps() {
        return gaps;
    }
}
