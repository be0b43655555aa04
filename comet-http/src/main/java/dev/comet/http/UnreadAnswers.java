package dev.comet.http;

import dev.comet.CometAnswer;
import dev.comet.CometClient;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * The long answers that peers have not read yet, and the budget for them: a peer that does not read
 * makes the server keep its answer until the container cuts it off, and can ask for more over other
 * connections. Short answers are not counted, and are refused only to a client that has several
 * long ones unread.
 *
 * <p>While the budget is used up, whoever asks is given as many messages as a short answer holds,
 * or refused if that is not even one: so all of them together exceed it by one answer at most, and
 * by what hooks reply, which cannot be refused after the hook has run. Before that a client may
 * have one unread answer, however long, and then as much as is free: who takes much leaves as much
 * to the others (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking
 * 6(2), 1998).
 *
 * <p>Safe for use by any number of threads. Its lock is held for a few look-ups, and taken for long
 * answers only, or while there are any.
 */
final class UnreadAnswers {

    /** A body up to here is short; containers copy most of them into a buffer that they have. */
    static final int SHORT_BYTES = 8 << 10;

    private static final int RETRY_SECONDS = 1;

    private final long budget;
    private final FaultLog faults;

    // Guarded by this; bytes is read without it, too.
    private final Map<CometClient, Share> shares = new HashMap<>();
    private final IdentityHashMap<byte[], Body> bodies = new IdentityHashMap<>();
    private volatile long bytes;

    UnreadAnswers(long budget, FaultLog faults) {
        this.budget = budget;
        this.faults = faults;
    }

    /** What one client has not read. A body counts for each answer. */
    private static final class Share {
        private int answers;
        private long bytes;
    }

    private static final class Body {
        private int answers;
    }

    /** What they take together. A body that several answers share counts once. */
    long bytes() {
        return bytes;
    }

    /**
     * To be called before anything is done for a client's request.
     *
     * @throws Refusal if the client has several answers that it does not read, and these take more
     *     than is free. With a single one it may be its connection that has broken
     */
    void requireShare(CometClient client) {
        if (bytes > 0 && exceedsItsShare(client)) {
            throw Refusal.answersUnread(RETRY_SECONDS);
        }
    }

    private synchronized boolean exceedsItsShare(CometClient client) {
        Share share = shares.get(client);
        return share != null && share.answers > 1 && share.bytes > budget - bytes;
    }

    /** Answers, and counts the body until it is written if it is long. */
    void respond(Call call, CometResponse response) {
        if (isShort(response)) {
            call.respond(response);
        } else {
            respondCounted(call, response, true);
        }
    }

    /** Answers with messages: if they are long and nothing is free, with the first of them. */
    void respondOrShorten(Call call, CometAnswer answer) {
        CometResponse whole = CometResponse.json(200, answer.body());
        if (isShort(whole)) {
            call.respond(whole);
        } else if (!respondCounted(call, whole, false)) {
            respondWithFirst(call, answer);
        }
    }

    private static boolean isShort(CometResponse response) {
        return response.body().length <= SHORT_BYTES;
    }

    private void respondWithFirst(Call call, CometAnswer answer) {
        faults.peer(
                "unread answers",
                "Answers that peers do not read take all "
                        + budget
                        + " bytes (unreadAnswerBytes): until some are read, or ended by the"
                        + " container's timeout for writes, polls are answered with "
                        + SHORT_BYTES
                        + " bytes at most, and refused for longer messages");
        byte[] first = answer.bodyOfAtMost(SHORT_BYTES);
        if (first == null) {
            call.refuse(Refusal.answersUnread(RETRY_SECONDS));
        } else {
            call.respond(CometResponse.json(200, first));
        }
    }

    /** Returns false, and has done nothing, if nothing is free and it is not to be sent always. */
    private boolean respondCounted(Call call, CometResponse response, boolean always) {
        Unread answer = new Unread(call.client(), response.body());
        if (!answer.begin(always)) {
            return false;
        }
        try {
            call.respond(response, answer);
        } catch (Throwable e) {
            answer.run();
            throw e;
        }
        return true;
    }

    /** One long answer. To run it is to say that its body is needed no more. */
    private final class Unread implements Runnable {

        private final CometClient client;
        private final byte[] body;
        private boolean counted; // guarded by the outer monitor

        Unread(CometClient client, byte[] body) {
            this.client = client;
            this.body = body;
        }

        /** Returns whether it is counted: always, or if something is free. */
        boolean begin(boolean always) {
            synchronized (UnreadAnswers.this) {
                Body kept = bodies.get(body);
                boolean isNew = kept == null || kept.answers == 0;
                if (isNew && bytes >= budget && !always) {
                    return false; // one that others are sent, too, costs nothing
                }
                // What takes memory comes first. If it fails, an entry may stay that counts
                // nothing.
                Share share = shares.computeIfAbsent(client, newcomer -> new Share());
                Body counting = bodies.computeIfAbsent(body, newcomer -> new Body());
                if (isNew) {
                    bytes += body.length;
                }
                counting.answers++;
                share.answers++;
                share.bytes += body.length;
                counted = true;
                return true;
            }
        }

        @Override
        public void run() {
            synchronized (UnreadAnswers.this) {
                if (!counted) {
                    return;
                }
                counted = false;
                Share share = Objects.requireNonNull(shares.get(client));
                share.bytes -= body.length;
                if (--share.answers == 0) {
                    shares.remove(client);
                }
                if (--Objects.requireNonNull(bodies.get(body)).answers == 0) {
                    bodies.remove(body);
                    bytes -= body.length;
                }
            }
        }
    }
}
