package dev.comet.engine;

import static dev.comet.engine.Model.await;
import static dev.comet.engine.Model.join;
import static dev.comet.engine.Model.require;
import static dev.comet.engine.Model.start;

import dev.comet.engine.CometWaitRequest.EndCause;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One client's session on a real wait thread, under many interleavings of those who subscribe,
 * send, and end.
 */
@Timeout(240)
class WaitSessionModelTest {

    private static final int INTERLEAVINGS = 40;

    @Test
    @DisplayName("W5: a message that is appended while a request begins is found")
    void signal_whileARequestBegins_isNotLost() {
        Model.check(INTERLEAVINGS, WaitSessionModelTest::signalAndHold);
    }

    @Test
    @DisplayName("W5: a message that is appended while the owner looks for another is found")
    void signal_whileTheOwnerLooks_isAnotherLook() {
        Model.check(INTERLEAVINGS, WaitSessionModelTest::signalWhileLooking);
    }

    @Test
    @DisplayName("W7: of two requests that begin at the same time exactly one is superseded")
    void takeOver_twoAtTheSameTime_leavesOneNotDone() {
        Model.check(INTERLEAVINGS, WaitSessionModelTest::twoTakeOver);
    }

    @Test
    @DisplayName("W14: a request that begins while its client ends is answered once")
    void end_whileARequestBegins_answersIt() {
        Model.check(INTERLEAVINGS, WaitSessionModelTest::endWhileOneBegins);
    }

    @Test
    @DisplayName("W14: a session that ends while it is opened leaves no reader behind")
    void end_whileTheSessionOpens_leavesNoReader() {
        Model.check(INTERLEAVINGS, WaitSessionModelTest::endWhileOpened);
    }

    private static void endWhileOpened() {
        WaitThreadPool<Session> pool = new WaitThreadPool<>(1, new ModelClock());
        List<Thread> ender =
                start(
                        () -> {
                            Session found = pool.get("client");
                            if (found != null) {
                                pool.end(found, EndCause.CLIENT_ENDED);
                            }
                        });
        Session session = pool.open(new Session(pool));
        join(ender);
        pool.end(session, EndCause.CLIENT_ENDED);
        pool.close();
        int[] readers = new int[1];
        pool.everyone().on(session.owner()).forEach(reader -> readers[0]++);
        require(readers[0] == 0, "left behind: " + readers[0] + " readers");
    }

    private static void signalAndHold() {
        Rig rig = new Rig();
        Request request = rig.request(1);
        List<Thread> sender = start(rig::send);
        rig.subscribe(request);
        join(sender);
        rig.settle();
        rig.close();
        require("found".equals(request.ending()), request);
    }

    /** The second message comes after the look for the first has read the store. */
    private static void signalWhileLooking() {
        Rig rig = new Rig();
        Request request = rig.request(2); // waits for two messages
        request.afterReadingOne = rig::send;
        rig.subscribe(request);
        rig.settle(); // is held
        rig.send();
        rig.settle();
        rig.settle();
        rig.close();
        require("found".equals(request.ending()), request);
    }

    private static void twoTakeOver() {
        Rig rig = new Rig();
        Request first = rig.request(1);
        Request second = rig.request(1);
        List<Thread> subscriber = start(() -> rig.subscribe(first));
        rig.subscribe(second);
        join(subscriber);
        rig.settle();
        require(first.isDone() != second.isDone(), first + " " + second);
        Request done = first.isDone() ? first : second;
        Request held = first.isDone() ? second : first;
        require("superseded".equals(done.ending()), done);
        rig.send();
        rig.settle();
        rig.close();
        require("found".equals(held.ending()), held);
    }

    private static void endWhileOneBegins() {
        Rig rig = new Rig();
        Request request = rig.request(1);
        List<Thread> ender = start(() -> rig.pool.end(rig.session, EndCause.CLIENT_ENDED));
        rig.subscribe(request);
        join(ender);
        rig.settle();
        String ending = request.ending();
        rig.close();
        require("CLIENT_ENDED".equals(ending), request);
    }

    /** A pool of one wait thread, one client, and a store that only counts. */
    private static final class Rig {

        final WaitThreadPool<Session> pool = new WaitThreadPool<>(1, new ModelClock());
        final Session session = pool.open(new Session(pool));
        final AtomicInteger store = new AtomicInteger();

        Request request(int waitsFor) {
            return new Request(session, store, waitsFor);
        }

        /** As the manager subscribes: takes over, looks, and is held if that found nothing. */
        void subscribe(Request request) {
            session.takeOver(request);
            request.look();
            if (!request.isDone()) {
                pool.hold(request);
            }
        }

        void send() {
            store.incrementAndGet();
            pool.grew(session.key());
        }

        /** Until the wait thread has done what it was asked before. */
        void settle() {
            CountDownLatch settled = new CountDownLatch(1);
            session.post(settled::countDown);
            await(settled);
        }

        void close() {
            pool.close();
        }
    }

    private static final class Session extends WaitSession {

        Session(WaitThreadPool<?> pool) {
            super(pool.ownerOf("client"), "client");
        }

        @Override
        protected long idleNanos() {
            return 1_000_000_000;
        }

        @Override
        protected void couldBeIdle() {}
    }

    private static final class Request extends CometWaitRequest {

        private final AtomicInteger store;
        private final int waitsFor;
        private final AtomicReference<String> ending = new AtomicReference<>();
        private Runnable afterReadingOne = () -> {};

        Request(WaitSession session, AtomicInteger store, int waitsFor) {
            super(session, 1_000_000_000);
            this.store = store;
            this.waitsFor = waitsFor;
        }

        String ending() {
            return ending.get();
        }

        private void complete(String how) {
            if (!isDone()) {
                session().letGo(this);
                ending.compareAndSet(null, how);
            }
        }

        @Override
        protected boolean isDone() {
            return ending.get() != null;
        }

        @Override
        protected void look() {
            int found = store.get();
            if (found >= waitsFor) {
                complete("found");
            } else if (found == 1) {
                afterReadingOne.run();
            }
        }

        @Override
        protected void timeOut() {
            complete("timed out");
        }

        @Override
        protected void end(EndCause why) {
            complete(why.name());
        }

        @Override
        protected void superseded(CometWaitRequest newer) {
            complete("superseded");
        }

        @Override
        public String toString() {
            return String.valueOf(ending.get());
        }
    }
}
