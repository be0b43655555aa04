package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import tools.jackson.databind.JsonNode;

/**
 * What one client has seen of messages that are its own and are numbered from 0: each once, in
 * order. For one thread.
 */
final class NumberedMessages {

    private final CometClient client;
    private int seen;
    private long cursor;

    NumberedMessages(CometClient client) {
        this.client = client;
    }

    int seen() {
        return seen;
    }

    long cursor() {
        return cursor;
    }

    /**
     * @param ending what the protocol may say besides that moves no cursor
     */
    void take(JsonNode message, String ending) {
        long id = message.path("id").longValue();
        JsonNode contents = message.path("contents");
        if (id > cursor) {
            assertThat(message.path("name").asString()).isEqualTo(client.publicToken());
            assertThat(contents.intValue()).isEqualTo(seen);
            seen++;
            cursor = id;
        } else if (contents.has("lastMessageId")) {
            cursor = Math.max(cursor, contents.path("lastMessageId").longValue());
        } else if (id == 0) {
            assertThat(message.path("name").asString()).isEqualTo(ending);
        }
    }
}
