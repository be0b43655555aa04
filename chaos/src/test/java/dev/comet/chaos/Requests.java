package dev.comet.chaos;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Requests, either way: each ends once; a reply is that of the client that was asked; nobody is
 * asked twice, nor in another's place. Any thread.
 */
final class Requests {

    /** Ends that say that somebody, not the network or the time, has made a mistake. */
    private static final Set<String> NEVER =
            Set.of(
                    "answer-invalid",
                    "handler-failed",
                    "parameters-invalid",
                    "duplicate-request",
                    "already-replied",
                    "no-such-handler");

    /**
     * @param asked the client that is to reply; null for the server itself
     */
    private record Request(@Nullable String asked, boolean ofServer) {}

    private final Findings findings;
    private final Map<String, Request> open = new ConcurrentHashMap<>();
    private final Map<String, Request> all = new ConcurrentHashMap<>();
    private final Map<String, String> askedOf = new ConcurrentHashMap<>();
    private final LongAdder begunByServer = new LongAdder();
    private final LongAdder begunByClients = new LongAdder();
    private final LongAdder repliedToServer = new LongAdder();
    private final LongAdder repliedToClients = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final Map<String, LongAdder> failures = new ConcurrentSkipListMap<>();

    Requests(Findings findings) {
        this.findings = findings;
    }

    void serverAsks(String key, String token) {
        begin(key, new Request(token, true));
        begunByServer.increment();
    }

    /**
     * @param asked the client that the server is to ask; null: the server replies
     */
    void clientAsks(String key, @Nullable String asked) {
        begin(key, new Request(asked, false));
        begunByClients.increment();
    }

    private void begin(String key, Request request) {
        all.put(key, request);
        open.put(key, request);
    }

    /** What a client replies. */
    static String reply(String key, String token) {
        return key + "@" + token;
    }

    void asked(String token, String key) {
        String before = askedOf.putIfAbsent(key, token);
        Request request = all.get(key);
        if (before != null) {
            findings.add("request made twice", key + ", of " + before + " and " + token);
        } else if (request == null || !token.equals(request.asked)) {
            findings.add("request made of another", key + ", of " + token + ", not of " + request);
        }
    }

    void replied(String key, String value) {
        Request request = end(key);
        if (request == null) {
            return;
        }
        (request.ofServer ? repliedToServer : repliedToClients).increment();
        String wanted = request.asked == null ? key : reply(key, request.asked);
        if (!value.equals(wanted)) {
            findings.add("wrong reply", key + ": " + value + ", not " + wanted);
        }
    }

    void failed(String key, String code) {
        if (end(key) != null) {
            failures.computeIfAbsent(code, c -> new LongAdder()).increment();
            if (NEVER.contains(code)) {
                findings.add("request failed", key + ": " + code);
            }
        }
    }

    /** With the node that waited for its reply. */
    void lost(String key) {
        if (end(key) != null) {
            lost.increment();
        }
    }

    private @Nullable Request end(String key) {
        Request request = open.remove(key);
        if (request == null) {
            findings.add("request ended twice", key);
        }
        return request;
    }

    Map<String, ?> waiting() {
        return Map.copyOf(open);
    }

    void judge() {
        open.keySet()
                .forEach(key -> findings.add("request never ended", key + " " + open.get(key)));
    }

    @Override
    public String toString() {
        Map<String, Long> counts = new TreeMap<>();
        failures.forEach((code, count) -> counts.put(code, count.sum()));
        return "%d requests to clients (%d replied), %d requests of clients (%d replied), %d lost with their node, others %s"
                .formatted(
                        begunByServer.sum(),
                        repliedToServer.sum(),
                        begunByClients.sum(),
                        repliedToClients.sum(),
                        lost.sum(),
                        counts);
    }
}
