package dev.comet.client;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages for subscribers that take their time. Each has a buffer of its own; when that is full
 * the oldest go, and what stands for them comes before all the rest.
 */
final class MessagePublisher implements Flow.Publisher<CometMessage> {

    static final String GAP = "comet.gap";
    static final String SESSION_LOST = "comet.sessionlost";

    private static final Logger LOG = LoggerFactory.getLogger(Comet.class);

    private final List<Reader> readers = new CopyOnWriteArrayList<>();
    private final Executor executor;
    private final int limit;

    // All guarded by this: whoever subscribes after the end is told so.
    private int turn; // how often it has begun
    private boolean ended;
    private @Nullable CometClientException error;

    MessagePublisher(Executor executor, int limit) {
        this.executor = executor;
        this.limit = limit;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super CometMessage> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        Reader reader;
        synchronized (this) {
            reader = new Reader(subscriber, turn);
            if (!ended) {
                readers.add(reader);
            } else {
                reader.ends(error);
            }
        }
        reader.begin();
    }

    /** Called one at a time, in order. */
    void publish(CometMessage message) {
        readers.forEach(reader -> reader.keep(message));
    }

    /** Nothing more comes for those who subscribed in this turn or before. */
    void end(int over, @Nullable CometClientException why) {
        synchronized (this) {
            if (over == turn) {
                ended = true;
                error = why;
            }
        }
        List<Reader> through = readers.stream().filter(reader -> reader.turn <= over).toList();
        readers.removeAll(through);
        through.forEach(reader -> reader.end(why));
    }

    /** It begins, or goes on after all, for those who subscribe from now on. */
    synchronized void begin() {
        turn++;
        ended = false;
        error = null;
    }

    synchronized int turn() {
        return turn;
    }

    static CometMessage own(String name, ObjectNode contents) {
        return new CometMessage(0, name, null, contents, Json.MAPPER, null);
    }

    /** What one subscriber gets. Calls of it are serial: whoever finds it idle serves it. */
    private final class Reader implements Flow.Subscription {

        private final Flow.Subscriber<? super CometMessage> subscriber;
        private final int turn;

        // All guarded by this; the subscriber is called without it.
        private final ArrayDeque<CometMessage> buffer = new ArrayDeque<>();
        private @Nullable CometMessage session; // sessions that went, made one
        private @Nullable CometMessage gap; // messages that went after those
        private long demand;
        private boolean begun;
        private boolean serving;
        private boolean over; // the subscriber hears nothing more
        private boolean ending;
        private @Nullable Throwable failure;

        Reader(Flow.Subscriber<? super CometMessage> subscriber, int turn) {
            this.subscriber = subscriber;
            this.turn = turn;
        }

        void begin() {
            try {
                subscriber.onSubscribe(this);
            } catch (Throwable e) {
                failed(e);
                return;
            }
            synchronized (this) {
                begun = true;
            }
            serve();
        }

        @Override
        public void request(long n) {
            synchronized (this) {
                if (n <= 0) {
                    ending = true;
                    failure =
                            new IllegalArgumentException(
                                    "request is " + n + "; ask for at least 1");
                    demand = 0;
                    forget();
                } else {
                    demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
                }
            }
            serve();
        }

        @Override
        public void cancel() {
            synchronized (this) {
                over = true;
                forget();
            }
            readers.remove(this);
        }

        private void forget() {
            buffer.clear();
            session = null;
            gap = null;
        }

        private void failed(Throwable e) {
            LOG.warn("A subscriber of a client failed; it gets nothing more", e);
            cancel();
        }

        void ends(@Nullable CometClientException why) {
            ending = true;
            failure = why;
        }

        void end(@Nullable CometClientException why) {
            synchronized (this) {
                if (!ending) {
                    ends(why);
                }
            }
            serve();
        }

        void keep(CometMessage message) {
            synchronized (this) {
                if (over || ending) {
                    return;
                }
                buffer.add(message);
                if (buffer.size() > limit) {
                    drop(buffer.remove());
                }
            }
            serve();
        }

        private void drop(CometMessage message) {
            if (message.name().equals(SESSION_LOST)) {
                JsonNode previous =
                        session == null
                                ? message.contents().path("previous")
                                : session.contents().path("previous");
                ObjectNode contents = Json.MAPPER.createObjectNode();
                contents.set("previous", previous);
                contents.set("current", message.contents().path("current"));
                session = own(SESSION_LOST, contents);
                gap = null; // a lost session says that as well
                return;
            }
            JsonNode lost = message.contents();
            long from = message.id() > 0 ? message.id() : lost.path("from").asLong(0);
            long to = message.id() > 0 ? message.id() : lost.path("to").asLong(0);
            boolean began = message.id() == 0 && beganAnew(lost);
            if (gap != null) {
                from = Math.min(from, gap.contents().path("from").asLong(0));
                to = Math.max(to, gap.contents().path("to").asLong(0));
                began |= beganAnew(gap.contents()); // that must not be forgotten
            }
            gap =
                    own(
                            GAP,
                            Json.MAPPER
                                    .createObjectNode()
                                    .put("from", from)
                                    .put("to", to)
                                    .put("reason", began ? "unknown-cursor" : "overflow"));
        }

        private boolean beganAnew(JsonNode contents) {
            return contents.path("reason").asString("").equals("unknown-cursor");
        }

        private void serve() {
            synchronized (this) {
                if (serving || !begun || over || !hasWork()) {
                    return;
                }
                serving = true;
            }
            executor.execute(this::run);
        }

        private boolean hasWork() {
            boolean something = session != null || gap != null || !buffer.isEmpty();
            return something ? demand > 0 : ending;
        }

        private void run() {
            while (true) {
                CometMessage next;
                synchronized (this) {
                    if (over || !hasWork()) {
                        serving = false;
                        return;
                    }
                    next = take();
                    if (next == null) {
                        over = true;
                        serving = false;
                    } else {
                        demand--;
                    }
                }
                try {
                    if (next == null) {
                        tellEnd();
                        return;
                    }
                    subscriber.onNext(next);
                } catch (Throwable e) {
                    failed(e);
                    return;
                }
            }
        }

        private void tellEnd() {
            readers.remove(this); // if it ended by what it asked for
            if (failure != null) {
                subscriber.onError(failure);
            } else {
                subscriber.onComplete();
            }
        }

        private @Nullable CometMessage take() {
            CometMessage next = session;
            if (next != null) {
                session = null;
                return next;
            }
            next = gap;
            if (next != null) {
                gap = null;
                return next;
            }
            return buffer.poll();
        }
    }
}
