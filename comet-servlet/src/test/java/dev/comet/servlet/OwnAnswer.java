package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.servlet.RawPeer.Response;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a request of one client may be answered: whole, of a kind that fits, and with nothing of
 * anybody else. Everything that the client is sent has its public token for contents.
 */
final class OwnAnswer {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Set<String> ENDS_A_STREAM =
            Set.of("comet.superseded", "comet.closed", "comet.reconnect", "comet.error");

    private OwnAnswer() {}

    /** Returns how the answer ended: the name of its last message. */
    static String ofStream(CometClient client, Response answer) {
        if (answer.status() != 200) {
            return error(answer);
        }
        hasType(answer, "text/event-stream;charset=utf-8");
        List<JsonNode> messages = new ArrayList<>();
        for (String event : answer.text().split("\n\n", -1)) {
            if (!event.isEmpty()) {
                messages.add(JSON.readTree(event.substring(event.indexOf("data: ") + 6)));
            }
        }
        assertThat(answer.text()).as("a stream that ended").isNotEmpty().endsWith("\n\n");
        for (JsonNode message : messages) {
            isOwn(client, message, answer);
        }
        assertThat(messages.stream().map(OwnAnswer::name).filter(ENDS_A_STREAM::contains))
                .as("ends of %s", answer)
                .hasSize(1);
        String end = name(messages.get(messages.size() - 1));
        assertThat(ENDS_A_STREAM).as("last of %s", answer).contains(end);
        return end;
    }

    /** As {@link #ofStream}. */
    static String ofPoll(CometClient client, Response answer) {
        if (answer.status() != 200 && answer.status() != 409) {
            return error(answer);
        }
        hasType(answer, "application/json");
        JsonNode messages = JSON.readTree(answer.text());
        assertThat(messages).as("messages of %s", answer).isNotEmpty();
        messages.forEach(message -> isOwn(client, message, answer));
        String last = name(messages.get(messages.size() - 1));
        assertThat(last.equals("comet.superseded"))
                .as(answer.toString())
                .isEqualTo(answer.status() == 409);
        return last;
    }

    private static void isOwn(CometClient client, JsonNode message, Response answer) {
        if (message.path("id").longValue() > 0) {
            assertThat(message.path("contents").asString())
                    .as("a message for %s in %s", client.publicToken(), answer)
                    .isEqualTo(client.publicToken());
        } else {
            assertThat(name(message)).as("%s", answer).startsWith("comet.");
        }
    }

    private static String error(Response answer) {
        assertThat(answer.status()).as("%s", answer).isIn(404, 503);
        hasType(answer, "application/json");
        JsonNode messages = JSON.readTree(answer.text());
        assertThat(messages).as("messages of %s", answer).hasSize(1);
        assertThat(name(messages.get(0))).as("%s", answer).isEqualTo("comet.error");
        assertThat(messages.get(0).path("contents").path("code").asString())
                .as("%s", answer)
                .isIn("client-does-not-exist", "closed", "draining");
        return "comet.error";
    }

    private static void hasType(Response answer, String type) {
        assertThat(answer.headers().getOrDefault("Content-Type", "none").replace(" ", ""))
                .as("type of %s", answer)
                .isEqualToIgnoringCase(type);
    }

    private static String name(JsonNode message) {
        return message.path("name").asString();
    }
}
