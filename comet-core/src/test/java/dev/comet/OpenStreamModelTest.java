package dev.comet;

import static dev.comet.engine.Model.join;
import static dev.comet.engine.Model.require;
import static dev.comet.engine.Model.start;

import dev.comet.engine.Model;
import dev.comet.engine.ModelClock;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A stream between those who say that there is something, a transport that says when it can take
 * more, and the end, under many interleavings. Its manager and its store stand outside: what they
 * do is one step.
 */
@Timeout(240)
class OpenStreamModelTest {

    private static final int INTERLEAVINGS = 40;

    private static final CometClient CLIENT =
            CometClient.builder().publicToken("public").privateToken("private").build();
    private static final EncodedMessage MESSAGE =
            new EncodedMessage("tick", null, new byte[] {'1'});

    /** Encoded here: Lincheck takes a long loop for one that never ends. */
    private static final CometAnswer CLOSED = CometAnswer.error(CometException.closed());

    private final Rig rig = new Rig();

    @AfterEach
    void close() {
        rig.manager.close();
    }

    @Test
    @DisplayName("M6: what is sent while a stream is open is carried once and in order")
    void look_sendsAtTheSameTime_carriesEachOnce() {
        Model.check(INTERLEAVINGS, () -> twoSenders(rig));
    }

    @Test
    @DisplayName("M6: what is sent while the sink can take no more is carried when it is ready")
    void ready_whileMessagesCome_missesNone() {
        Model.check(INTERLEAVINGS, () -> slowSink(rig));
    }

    @Test
    @DisplayName("W7: a stream that ends while messages come is told so once, and nothing follows")
    void complete_whileMessagesCome_isToldOnceAndLast() {
        Model.check(INTERLEAVINGS, () -> endsAmongSends(rig));
    }

    private static void twoSenders(Rig rig) {
        Sink sink = new Sink(false);
        OpenStream stream = rig.open(sink);
        List<Thread> sender = start(() -> rig.send(stream));
        stream.openerWorks();
        rig.send(stream);
        join(sender);
        sink.requireCarried(2);
        sink.requireEnded(0);
    }

    private static void slowSink(Rig rig) {
        Sink sink = new Sink(true);
        OpenStream stream = rig.open(sink);
        List<Thread> transport =
                start(
                        () -> {
                            // The first heart-beat and the first message fill it.
                            for (int i = 0; i < 2; i++) {
                                sink.full.acquireUninterruptibly();
                                sink.goOn();
                                stream.ready();
                            }
                        });
        stream.lookNow();
        rig.send(stream);
        rig.send(stream);
        join(transport);
        sink.requireCarried(2);
        sink.requireEnded(0);
    }

    private static void endsAmongSends(Rig rig) {
        Sink sink = new Sink(false);
        OpenStream stream = rig.open(sink);
        List<Thread> others = start(() -> rig.send(stream), () -> stream.complete(CLOSED));
        stream.openerWorks();
        stream.complete(CometAnswer.abandoned());
        join(others);
        sink.requireEnded(1);
    }

    /** A manager with one client, and a store that only counts. */
    private static final class Rig {

        private final AtomicInteger top = new AtomicInteger();
        final CometStateManager manager =
                CometStateManager.builder(store()).clock(new ModelClock()).waitThreads(1).build();
        private final ClientSession session;

        Rig() {
            manager.endpoint().beginSubscribe("private", 0, Duration.ZERO, 0);
            session = manager.pool().get(CLIENT);
        }

        /** Opens one in an empty store. */
        OpenStream open(Sink sink) {
            top.set(0);
            return new OpenStream(
                    session,
                    0,
                    StreamTimes.of(Duration.ofSeconds(15), Duration.ofSeconds(30)),
                    sink,
                    0);
        }

        /** As a sender and the wait thread do. */
        void send(OpenStream stream) {
            top.incrementAndGet();
            stream.look();
        }

        private ICometStateProvider store() {
            return (ICometStateProvider)
                    Proxy.newProxyInstance(
                            ICometStateProvider.class.getClassLoader(),
                            new Class<?>[] {ICometStateProvider.class},
                            this::call);
        }

        /** What a manager asks for the sake of one client; anything else is a mistake here. */
        private Object call(Object proxy, Method method, Object[] arguments) {
            return switch (method.getName()) {
                case "readsFromMemory", "keepAlive" -> true;
                case "attach" -> new ICometStateProvider.Attachment(CLIENT, 0);
                case "groupsOf" -> Set.of();
                case "getMessages", "peekMessages" -> read((Long) arguments[1]);
                case "start", "close" -> null;
                case "equals" -> proxy == arguments[0];
                default -> throw new AssertionError(method);
            };
        }

        /** One at a time. */
        private CometBatch read(long cursor) {
            int now = top.get();
            return now <= cursor
                    ? CometBatch.nothing(now)
                    : new CometBatch(
                            List.of(),
                            List.of(new CometMessage(cursor + 1, MESSAGE)),
                            cursor + 1,
                            now == cursor + 1);
        }
    }

    /** Writes down what it is given, and checks that it comes as it must. */
    private static final class Sink implements CometStreamSink {

        private final boolean slow;
        final Semaphore full = new Semaphore(0);
        private final AtomicBoolean called = new AtomicBoolean();
        private final List<Long> ids = new ArrayList<>();
        private volatile boolean isFull;
        private final AtomicInteger ends = new AtomicInteger();
        private volatile String broken = "";

        /**
         * @param slow whether it is full after each call, until it has carried two messages
         */
        Sink(boolean slow) {
            this.slow = slow;
        }

        void goOn() {
            isFull = false;
        }

        void requireEnded(int times) {
            require(broken.isEmpty(), broken);
            require(ends.get() == times, "ended " + ends + " times");
        }

        void requireCarried(int count) {
            require(ids.size() == count, ids);
            for (int i = 0; i < count; i++) {
                require(ids.get(i) == i + 1, ids);
            }
        }

        @Override
        public void opened(CometStream opened) {
            throw new AssertionError("the manager does so");
        }

        @Override
        public boolean messages(CometBatch batch) {
            enter();
            ids.add(batch.messages().get(0).messageId());
            return leave();
        }

        @Override
        public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
            enter();
            return leave();
        }

        @Override
        public void ended(CometAnswer why) {
            expect(called.compareAndSet(false, true), "called by two threads at once");
            ends.incrementAndGet();
            called.set(false);
        }

        /** What a sink throws is logged: it is written down, and found at the end. */
        private void expect(boolean holds, String what) {
            if (!holds) {
                broken = what;
            }
        }

        private void enter() {
            expect(called.compareAndSet(false, true), "called by two threads at once");
            expect(ends.get() == 0, "called after the end");
            expect(!isFull, "called although it is full");
        }

        private boolean leave() {
            boolean more = !slow || ids.size() == 2;
            isFull = !more;
            called.set(false);
            if (!more) {
                full.release();
            }
            return more;
        }
    }
}
