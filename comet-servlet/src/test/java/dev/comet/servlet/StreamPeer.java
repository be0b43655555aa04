package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A peer that reads an event stream, and what it has read. */
final class StreamPeer implements AutoCloseable, HttpResponse.BodySubscriber<Void> {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(); // guarded by this
    private final CompletableFuture<HttpResponse.ResponseInfo> head = new CompletableFuture<>();
    private final CompletableFuture<Void> begun = new CompletableFuture<>();
    private final List<Event> events = new ArrayList<>(); // guarded by this
    private String rest = ""; // guarded by this
    private String end; // guarded by this
    private CompletableFuture<HttpResponse<Void>> request; // the opener's

    /** One event. The id is empty if it has none. */
    record Event(String id, JsonNode message) {
        String name() {
            return message.path("name").asString();
        }

        JsonNode contents() {
            return message.path("contents");
        }

        long messageId() {
            return message.path("id").longValue();
        }
    }

    static StreamPeer open(HttpClient http, HttpRequest request) throws Exception {
        StreamPeer peer = new StreamPeer();
        peer.request =
                http.sendAsync(
                                request,
                                info -> {
                                    peer.head.complete(info);
                                    return peer;
                                })
                        .whenComplete((response, failure) -> peer.requestEnded(failure));
        peer.head.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return peer;
    }

    private void requestEnded(Throwable failure) {
        if (failure != null) {
            head.completeExceptionally(failure);
            end("failed: " + failure);
        }
    }

    // ---- what is read

    @Override
    public CompletionStage<Void> getBody() {
        return begun;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        for (ByteBuffer buffer : buffers) {
            byte[] piece = new byte[buffer.remaining()];
            buffer.get(piece);
            bytes.writeBytes(piece);
        }
        parse();
        notifyAll();
    }

    private void parse() {
        byte[] all = bytes.toByteArray();
        int from = 0;
        for (int i = 1; i < all.length; i++) {
            if (all[i] == '\n' && all[i - 1] == '\n') {
                events.add(event(new String(all, from, i + 1 - from, UTF_8)));
                from = i + 1;
            }
        }
        bytes.reset();
        bytes.write(all, from, all.length - from);
        rest = new String(all, from, all.length - from, UTF_8);
    }

    private static Event event(String text) {
        String id = "";
        JsonNode message = null;
        for (String line : text.strip().split("\n", -1)) {
            if (line.startsWith("id: ")) {
                id = line.substring(4);
            } else if (line.startsWith("data: ") && message == null) {
                message = JSON.readTree(line.substring(6));
            } else {
                throw new AssertionError("unexpected in a stream: " + text);
            }
        }
        return new Event(id, message);
    }

    @Override
    public void onError(Throwable failure) {
        end("failed: " + failure);
    }

    @Override
    public void onComplete() {
        end("ended");
    }

    private synchronized void end(String how) {
        end = end == null ? how : end;
        begun.complete(null);
        notifyAll();
    }

    // ---- what the test asks

    HttpClient.Version version() {
        return head.join().version();
    }

    int status() {
        return head.join().statusCode();
    }

    String header(String name) {
        return head.join().headers().firstValue(name).orElse(null);
    }

    synchronized List<Event> events() {
        return List.copyOf(events);
    }

    List<Event> messages() {
        return events().stream().filter(event -> event.messageId() > 0).toList();
    }

    List<Long> ids() {
        return messages().stream().map(Event::messageId).toList();
    }

    /** What is no event: the body of an error. */
    synchronized JsonNode body() {
        return JSON.readTree(rest);
    }

    synchronized String end() {
        return end;
    }

    Event await(String name) throws InterruptedException {
        await(name, all -> all.stream().anyMatch(event -> event.name().equals(name)));
        return events().stream()
                .filter(event -> event.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    List<Event> awaitMessages(int count) throws InterruptedException {
        await(
                count + " messages",
                all -> all.stream().filter(event -> event.messageId() > 0).count() >= count);
        return messages();
    }

    /** {@code ended}, or how it was cut. */
    String awaitEnd() throws InterruptedException {
        awaitUntil("the end", () -> end != null);
        return end();
    }

    private void await(String what, Predicate<List<Event>> wanted) throws InterruptedException {
        awaitUntil(what, () -> end != null || wanted.test(events));
        if (!wanted.test(events())) {
            throw new AssertionError(end() + " before " + what + "; read: " + events());
        }
    }

    private synchronized void awaitUntil(String what, BooleanSupplier wanted)
            throws InterruptedException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (!wanted.getAsBoolean()) {
            long millis = (until - System.nanoTime()) / 1_000_000;
            if (millis <= 0) {
                throw new AssertionError("waited for " + what + "; read: " + events + " " + rest);
            }
            wait(millis);
        }
    }

    /** Goes away. */
    @Override
    public void close() {
        request.cancel(true);
    }
}
