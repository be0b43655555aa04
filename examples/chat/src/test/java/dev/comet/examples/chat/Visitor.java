package dev.comet.examples.chat;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Somebody in the chat without a browser: speaks the protocol over the JDK's HTTP client. */
final class Visitor {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int POLLS = 200;

    /** A status, and the JSON with it; a missing node if there is none. */
    record Answer(int status, JsonNode body) {
        /** The server's words about a failure. */
        JsonNode error() {
            return body.path(0).path("contents");
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI comet;
    private final Deque<JsonNode> unread = new ArrayDeque<>();
    private final List<String> passed = new ArrayList<>();
    private String privateToken = "";
    private long cursor;

    private Visitor(URI page) {
        this.comet = page.resolve("comet/");
    }

    /** Knocks at the door; does not come in. */
    static Answer knock(ChatServer server, String nickname) {
        return knock(server, Map.of("displayName", nickname));
    }

    static Answer knock(ChatServer server, Map<String, String> details) {
        return new Visitor(server.uri()).post("connect", details);
    }

    static Visitor named(ChatServer server, String nickname) {
        return named(server.uri(), nickname);
    }

    static Visitor named(URI page, String nickname) {
        Visitor visitor = new Visitor(page);
        Answer answer = visitor.post("connect", Map.of("displayName", nickname));
        assertThat(answer.status()).as(() -> answer.body().toString()).isEqualTo(200);
        visitor.privateToken = answer.body().get("privateToken").stringValue();
        visitor.cursor = answer.body().get("lastMessageId").longValue();
        return visitor;
    }

    /** Somebody who has the private token of another: the other's window elsewhere. */
    static Visitor withToken(ChatServer server, String privateToken, long cursor) {
        Visitor visitor = new Visitor(server.uri());
        visitor.privateToken = privateToken;
        visitor.cursor = cursor;
        return visitor;
    }

    Visitor in(String room) {
        assertThat(join(room).status()).isEqualTo(200);
        return this;
    }

    Answer join(String room) {
        return send("room.join", Map.of("room", room));
    }

    Answer say(String room, String text) {
        return send("chat.say", Map.of("room", room, "text", text, "key", text.strip() + "!"));
    }

    Answer whisper(String to, String text) {
        return send("chat.whisper", Map.of("to", to, "text", text, "key", text));
    }

    Answer send(String name, Object contents) {
        return post("send", Map.of("name", name, "contents", contents));
    }

    Answer disconnect() {
        return post("disconnect", Map.of());
    }

    /**
     * Polls until a message of this name has arrived, and gives its contents; others are dropped.
     */
    JsonNode next(String name) {
        passed.clear();
        for (int polls = 0; polls < POLLS; polls++) {
            while (!unread.isEmpty()) {
                JsonNode message = unread.poll();
                if (message.get("name").stringValue().equals(name)) {
                    return message.get("contents");
                }
                passed.add(message.get("name").stringValue());
            }
            poll();
        }
        throw new AssertionError("no " + name + " in " + POLLS + " polls");
    }

    /** The names of those that {@link #next} dropped. */
    List<String> passed() {
        return passed;
    }

    /** One poll, held if there is nothing. */
    Answer poll() {
        HttpRequest.Builder request = request("poll?lastMessageId=" + cursor).GET();
        Answer answer = exchange(request);
        if (answer.status() == 200) {
            for (JsonNode message : answer.body()) {
                long id = message.get("id").longValue();
                long moved = message.get("contents").path("lastMessageId").asLong(0);
                cursor = Math.max(cursor, Math.max(id, moved));
                unread.add(message);
            }
        }
        return answer;
    }

    /** Opens a stream; its lines are read while the server goes on. */
    CompletableFuture<List<String>> stream() {
        return http.sendAsync(
                        request("stream?lastMessageId=" + cursor).GET().build(),
                        HttpResponse.BodyHandlers.ofLines())
                .thenApply(response -> response.body().toList());
    }

    String privateToken() {
        return privateToken;
    }

    long cursor() {
        return cursor;
    }

    private Answer post(String path, Object body) {
        return exchange(
                request(path)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body))));
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request = HttpRequest.newBuilder(comet.resolve(path)).timeout(PATIENCE);
        return privateToken.isEmpty()
                ? request
                : request.header("Authorization", "Bearer " + privateToken);
    }

    private Answer exchange(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response =
                    http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            String text = response.body().isEmpty() ? "[]" : response.body();
            return new Answer(response.statusCode(), JSON.readTree(text));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
