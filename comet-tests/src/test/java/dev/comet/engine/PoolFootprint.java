package dev.comet.engine;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the wait threads hold on to.
 *
 * @param sessions clients
 * @param readers of everyone's log
 * @param groupLogs groups with readers
 * @param timers that are armed
 */
public record PoolFootprint(int sessions, int readers, int groupLogs, int timers) {

    /** Asks each wait thread, after everything that was handed to it before. */
    public static PoolFootprint of(WaitThreadPool<?> pool) throws InterruptedException {
        AtomicInteger readers = new AtomicInteger();
        AtomicInteger timers = new AtomicInteger();
        CountDownLatch asked = new CountDownLatch(pool.threads().size());
        for (CometWaitThread thread : pool.threads()) {
            thread.post(
                    new Mailbox.Entry() {
                        @Override
                        void met() {
                            pool.everyone().on(thread).forEach(any -> readers.incrementAndGet());
                            timers.addAndGet(thread.timers().size());
                            asked.countDown();
                        }
                    });
        }
        asked.await();
        return new PoolFootprint(
                pool.sessions().size(), readers.get(), pool.groupLogs(), timers.get());
    }
}
