package dev.comet.engine;

import static dev.comet.engine.Model.join;
import static dev.comet.engine.Model.require;
import static dev.comet.engine.Model.start;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A wait thread that parks and those who wake it, under many interleavings. */
@Timeout(120)
class CometWaitThreadModelTest {

    private static final int INTERLEAVINGS = 100;

    @Test
    @DisplayName("W9: a post wakes a wait thread that parks or is about to")
    void post_threadParksOrIsAboutTo_runs() {
        Model.check(INTERLEAVINGS, CometWaitThreadModelTest::postAndPark);
    }

    @Test
    @DisplayName(
            "W9: a stop ends a wait thread that parks or is about to, and what was accepted runs")
    void stop_threadParksOrIsAboutTo_endsItAfterWhatWasAccepted() {
        Model.check(INTERLEAVINGS, CometWaitThreadModelTest::postAndStop);
    }

    /** The last entry ends the thread: if one is not seen, nobody can go on. */
    private static void postAndPark() {
        CometWaitThread thread = new CometWaitThread("owner", new ModelClock(), new AtomicLong());
        AtomicInteger ran = new AtomicInteger();
        Runnable work =
                () -> {
                    if (ran.incrementAndGet() == 2) {
                        thread.stop();
                    }
                };
        thread.start();
        List<Thread> poster = start(() -> thread.post(entry(work)));
        thread.post(entry(work));
        join(poster);
        thread.join();
        require(ran.get() == 2, ran);
    }

    private static void postAndStop() {
        CometWaitThread thread = new CometWaitThread("owner", new ModelClock(), new AtomicLong());
        AtomicInteger ran = new AtomicInteger();
        AtomicInteger accepted = new AtomicInteger();
        thread.start();
        List<Thread> poster =
                start(
                        () -> {
                            if (thread.post(entry(ran::incrementAndGet))) {
                                accepted.incrementAndGet();
                            }
                        });
        thread.stop();
        thread.join();
        join(poster);
        require(ran.get() == accepted.get(), ran);
    }

    private static Mailbox.Entry entry(Runnable work) {
        return new Mailbox.Entry() {
            @Override
            void met() {
                work.run();
            }
        };
    }
}
