package dev.comet.client;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Messages for subscribers that take their time. Each has a buffer of its own; when that is full
 * the oldest go, and what stands for them comes before all the rest.
 */
final class MessagePublisher implements Flow.Publisher<CometMessage> {

    static final String GAP = "comet.gap";
    static final String SESSION_LOST = "comet.sessionlost";

    private final List<MessageSubscription> readers = new CopyOnWriteArrayList<>();
    private final Executor executor;
    private final Platform platform;
    private final int limit;

    // All guarded by this: whoever subscribes after the end is told so.
    private int turn; // how often it has begun
    private boolean ended;
    private @Nullable CometClientException error;

    MessagePublisher(Executor executor, Platform platform, int limit) {
        this.executor = executor;
        this.platform = platform;
        this.limit = limit;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super CometMessage> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        MessageSubscription reader;
        synchronized (this) {
            reader = new MessageSubscription(subscriber, turn);
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

    /** Asks an executor that refused once more, if nothing else does. */
    void nudge() {
        readers.forEach(reader -> reader.strand.nudge());
    }

    /** Nothing more comes for those who subscribed in this turn or before. */
    void end(int over, @Nullable CometClientException why) {
        synchronized (this) {
            if (over == turn) {
                ended = true;
                error = why;
            }
        }
        List<MessageSubscription> through =
                readers.stream().filter(reader -> reader.turn <= over).toList();
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
        return new CometMessage(0, name, null, contents, Contents.PLAIN, null);
    }

    /** What one subscriber gets, on a strand. */
    private final class MessageSubscription implements Flow.Subscription {

        private final Flow.Subscriber<? super CometMessage> subscriber;
        private final int turn;
        private final Runnable step = this::step;
        private final Strand strand = new Strand(executor, platform, this::nextStep);

        // All guarded by this; the subscriber is called without it.
        private final LinkedBlockingQueue<CometMessage> buffer = new LinkedBlockingQueue<>();
        private @Nullable CometMessage session; // sessions that went, made one
        private @Nullable CometMessage gap; // messages that went after those
        private long demand;
        private boolean begun;
        private boolean over; // the subscriber hears nothing more
        private boolean ending;
        private @Nullable Throwable failure;

        MessageSubscription(Flow.Subscriber<? super CometMessage> subscriber, int turn) {
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
            strand.signal();
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
            strand.signal();
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
            Log.warn("A subscriber of a client failed; it gets nothing more", e);
            cancel();
        }

        void ends(@Nullable Throwable why) {
            ending = true;
            failure = why;
        }

        void end(@Nullable Throwable why) {
            synchronized (this) {
                if (!ending) {
                    ends(why);
                }
            }
            strand.signal();
        }

        void keep(CometMessage message) {
            synchronized (this) {
                if (over || ending) {
                    return;
                }
                try {
                    buffer.add(message);
                    if (buffer.size() > limit) {
                        drop(buffer.element());
                        buffer.remove();
                    }
                } catch (Throwable e) {
                    ends(e); // better than a loss that nobody is told of
                }
            }
            strand.signal();
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

        private boolean hasWork() {
            boolean something = session != null || gap != null || !buffer.isEmpty();
            return begun && !over && (something ? demand > 0 : ending);
        }

        private synchronized @Nullable Runnable nextStep() {
            return hasWork() ? step : null;
        }

        private void step() {
            CometMessage next;
            synchronized (this) {
                if (!hasWork()) {
                    return;
                }
                next = take();
                if (next == null) {
                    over = true;
                } else {
                    demand--;
                }
            }
            try {
                if (next == null) {
                    tellEnd();
                } else {
                    subscriber.onNext(next);
                }
            } catch (Throwable e) {
                failed(e);
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
