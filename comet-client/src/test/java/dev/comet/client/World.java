package dev.comet.client;

import dev.comet.client.http.CometHttp;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What surrounds a client in these tests, on one thread: time that stands still until it is moved,
 * a network that answers by hand, fixed dice.
 */
final class World implements Platform, CometHttp {

    static final CometSession SESSION = new CometSession("pub-1", "secret-1", "Ada", 25, 10);

    final List<Asked> requests = new ArrayList<>();
    final Seen seen = new Seen();
    double dice = 0.5;
    private final List<Alarm> alarms = new ArrayList<>();
    private long time = 1_700_000_000_000L;
    private long asleep;
    private int callsUntilErrors;
    private int errors;

    /** A client that was just adopted: its first request is under way. */
    Comet adopt(UnaryOperator<CometOptions.Builder> options) {
        CometOptions.Builder builder =
                CometOptions.builder()
                        .http(this)
                        .platform(this)
                        .executor(Runnable::run)
                        .transport(CometTransport.POLL)
                        .subscribe(false);
        Comet comet =
                Comet.adopt(
                        URI.create("https://x.example/comet/"),
                        SESSION,
                        options.apply(builder).build());
        comet.listen(seen);
        comet.on(Comet.ALL, message -> seen.log.add(Long.toString(message.id())));
        comet.subscribe();
        return comet;
    }

    /** A client that has had its first answer: its held poll, or its stream, is {@link #last}. */
    Comet connected(UnaryOperator<CometOptions.Builder> options) {
        Comet comet = adopt(options);
        if (comet.transport() == CometTransport.POLL) {
            last().json("[" + own("timeout", "{\"lastMessageId\":10}") + "]");
        } else {
            last().stream();
            last().event(beat(10, 0));
        }
        seen.log.clear();
        return comet;
    }

    Comet connected() {
        return connected(options -> options);
    }

    Asked last() {
        return requests.get(requests.size() - 1);
    }

    /** The answer to the request that is under way. */
    void poll(String... messages) {
        last().json("[" + String.join(",", messages) + "]");
    }

    static String message(long id) {
        return "{\"id\":" + id + ",\"name\":\"n\",\"contents\":{}}";
    }

    static String own(String name, String contents) {
        return "{\"id\":0,\"name\":\"comet." + name + "\",\"contents\":" + contents + "}";
    }

    static String beat(long cursor, long sent) {
        return own(
                "heartbeat",
                "{\"lastMessageId\":"
                        + cursor
                        + ",\"lastSentId\":"
                        + sent
                        + ",\"nextInSeconds\":15}");
    }

    static String refusal(String code) {
        return "[" + own("error", "{\"code\":\"" + code + "\",\"reason\":\"because\"}") + "]";
    }

    // ---- time

    private static final class Alarm {
        final long period;
        final Runnable action;
        long due;

        Alarm(long period, Runnable action) {
            this.period = period;
            this.action = action;
        }
    }

    /** Time goes by, timers run when they are due. */
    void advance(long millis) {
        long end = time + millis;
        while (true) {
            Alarm next =
                    alarms.stream()
                            .filter(alarm -> alarm.due <= end)
                            .min(Comparator.comparingLong(alarm -> alarm.due))
                            .orElse(null);
            if (next == null) {
                break;
            }
            time = Math.max(time, next.due);
            next.due = time + Math.max(next.period, 1);
            Log.failuresOf(next.action);
        }
        time = end;
    }

    /** The machine sleeps: the clock goes on, timers do not. */
    void sleep(long millis) {
        asleep += millis;
    }

    /** Somebody, or NTP, sets the clock: no time goes by. */
    void setClock(long millisAhead) {
        asleep += millisAhead;
    }

    /** So many calls into these surroundings succeed, those that follow throw an Error each. */
    void errorsAfter(int calls, int times) {
        callsUntilErrors = calls;
        errors = times;
    }

    /** Whether Errors are still to come. */
    boolean isErrorToCome() {
        return errors > 0;
    }

    void called() {
        if (errors > 0 && callsUntilErrors-- <= 0) {
            errors--;
            throw new Expected();
        }
    }

    /** As "unable to create native thread" would; not an OutOfMemoryError, which ends JUnit too. */
    static final class Expected extends Error {
        private static final long serialVersionUID = 1L;

        Expected() {
            super("expected", null, false, false);
        }
    }

    int timers() {
        return alarms.size();
    }

    @Override
    public long elapsedMillis() {
        return time;
    }

    @Override
    public long wallMillis() {
        return time + asleep;
    }

    @Override
    public Timer every(long millis, Runnable action) {
        called();
        Alarm alarm = new Alarm(millis, action);
        alarm.due = time + millis;
        alarms.add(alarm);
        return () -> alarms.remove(alarm);
    }

    @Override
    public double random() {
        return dice;
    }

    @Override
    public Executor handlers() {
        return Runnable::run;
    }

    @Override
    public Executor completions() {
        return Runnable::run;
    }

    // ---- network

    @Override
    public Exchange start(Request request, Receiver receiver) {
        called();
        Asked asked = new Asked(request, receiver);
        requests.add(asked);
        return asked;
    }

    /** One request as the network sees it. */
    final class Asked implements Exchange {

        private static final JsonMapper JSON = new JsonMapper();

        final Request request;
        boolean aborted;
        int asked;
        private final Receiver receiver;

        Asked(Request request, Receiver receiver) {
            this.request = request;
            this.receiver = receiver;
        }

        /** Path and query, but the client's instance. */
        String target() {
            String text = request.uri().toString();
            return text.substring("https://x.example/comet".length())
                    .replaceFirst("&instance=\\d+", "");
        }

        /** What the client calls itself. */
        String instance() {
            return request.uri().toString().replaceFirst(".*&instance=(\\d+).*", "$1");
        }

        JsonNode body() {
            return JSON.readTree(request.body());
        }

        void json(String body) {
            answer(200, "application/json", body);
        }

        void answer(int status, String type, String body) {
            answer(status, type, null, body);
        }

        void answer(int status, String type, String retryAfter, String body) {
            head(status, type, retryAfter);
            receiver.piece(body.getBytes(StandardCharsets.UTF_8));
            receiver.end();
        }

        void empty(int status) {
            head(status, null, null);
            receiver.end();
        }

        private void head(int status, String type, String retryAfter) {
            receiver.head(
                    status,
                    name ->
                            switch (name) {
                                case "Content-Type" -> type;
                                case "Retry-After" -> retryAfter;
                                default -> null;
                            });
        }

        void stream() {
            head(200, "text/event-stream;charset=utf-8", null);
        }

        void event(String... messages) {
            StringBuilder text = new StringBuilder();
            for (String message : messages) {
                text.append("data: ").append(message).append("\n\n");
            }
            receiver.piece(text.toString().getBytes(StandardCharsets.UTF_8));
        }

        void end() {
            receiver.end();
        }

        void fail() {
            receiver.failed(new IOException("connection reset"));
        }

        @Override
        public void more() {
            called();
            asked++;
        }

        @Override
        public void abort() {
            aborted = true;
            called();
        }
    }

    /** What a subscriber hears that asks for everything: ids; those of a gap, too. */
    static final class Words implements Flow.Subscriber<CometMessage> {

        final List<String> heard = new ArrayList<>();

        @Override
        public void onSubscribe(Flow.Subscription s) {
            s.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(CometMessage message) {
            JsonNode gap = message.contents();
            boolean isGap = message.name().equals("comet.gap");
            long from = isGap ? gap.path("from").asLong() : message.id();
            long to = isGap ? gap.path("to").asLong() : message.id();
            LongStream.rangeClosed(from, to).forEach(id -> heard.add(Long.toString(id)));
        }

        @Override
        public void onError(Throwable failure) {
            heard.add("error");
        }

        @Override
        public void onComplete() {
            heard.add("complete");
        }
    }

    /** Everything that reaches the application, as short words. */
    static final class Seen implements CometListener {

        final List<String> log = new ArrayList<>();

        @Override
        public void timedOut(long lastMessageId) {
            log.add("timeout " + lastMessageId);
        }

        @Override
        public void failed(CometClientException error, int attempt, long retryInMillis) {
            log.add("failed " + error.code() + " " + attempt + " " + retryInMillis);
        }

        @Override
        public void stateChanged(CometState from, CometState to) {
            log.add(to.toString());
        }

        @Override
        public void transportChanged(CometTransport from, CometTransport to) {
            log.add("by " + to);
        }

        @Override
        public void gap(long from, long to, String reason) {
            log.add("gap " + from + "-" + to + " " + reason);
        }

        @Override
        public void sessionLost(String previous, String current) {
            log.add("lost " + previous + " " + current);
        }

        @Override
        public void reconnecting(long delayMillis) {
            log.add("reconnect " + delayMillis);
        }

        @Override
        public void closed(String reason) {
            log.add("closed " + reason);
        }

        @Override
        public void superseded() {
            log.add("superseded");
        }

        @Override
        public void handlerFailed(Throwable error, CometMessage message) {
            log.add("handler failed " + message.id());
        }
    }
}
