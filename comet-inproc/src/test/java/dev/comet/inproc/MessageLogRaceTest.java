package dev.comet.inproc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometMessage;
import dev.comet.LogLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Readers without a lock against writers that append, free and expire: each message up to the top
 * that a reader has seen is either found, in order, or at or below the start that comes with it.
 */
@Timeout(60)
class MessageLogRaceTest {

    private static final long LAST = 150_000;

    private final ClientRecord reader = Logs.client("reader");
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final AtomicLong confirmed = new AtomicLong();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 64, 5_000})
    @DisplayName("No message is missed in silence, none is out of order")
    void read_whileTheRingTurnsOver_accountsForEveryMessage(int most) throws InterruptedException {
        MessageLog log = Logs.log(new LogLimits(most, Long.MAX_VALUE, Duration.ofNanos(3_000)));
        AtomicLong top = new AtomicLong();
        AtomicBoolean writing = new AtomicBoolean(true);
        List<Thread> threads = new ArrayList<>();
        // The sequencer's lock lets one append at a time; freeing and expiring come from anywhere.
        threads.add(
                new Thread(
                        () -> {
                            for (long id = 1; id <= LAST; id++) {
                                log.append(Logs.entry(id, id, null), 0);
                                top.set(id);
                            }
                            writing.set(false);
                        }));
        threads.add(
                new Thread(
                        () -> {
                            while (writing.get()) {
                                log.free(confirmed.get());
                                log.expire(top.get());
                            }
                        }));
        CountDownLatch done = new CountDownLatch(2);
        for (int i = 0; i < 2; i++) {
            threads.add(
                    new Thread(
                            () -> {
                                readToTheEnd(log, top);
                                done.countDown();
                            }));
        }
        threads.forEach(Thread::start);
        done.await();
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(faults).isEmpty();
    }

    private void readToTheEnd(MessageLog log, AtomicLong top) {
        long cursor = 0;
        int round = 0;
        while (cursor < LAST && faults.isEmpty()) {
            long upTo = top.get();
            int max = 1 + round++ % 50;
            List<CometMessage> found = new ArrayList<>();
            LogStart start = log.read(reader, cursor, upTo, max, found);
            long expected = Math.max(cursor, start.id()) + 1;
            for (CometMessage message : found) {
                if (message.messageId() != expected++) {
                    faults.add(
                            "above %d and start %d came %s"
                                    .formatted(cursor, start.id(), Logs.ids(found)));
                    return;
                }
            }
            if (found.size() < max && expected <= upTo) {
                faults.add(
                        "above %d and start %d only %s came, up to %d"
                                .formatted(cursor, start.id(), Logs.ids(found), upTo));
                return;
            }
            cursor = expected - 1;
            if (round % 3 == 0) {
                confirmed.accumulateAndGet(cursor, Math::max);
            }
        }
    }
}
