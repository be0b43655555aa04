package dev.comet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MailboxTest {

    private final Mailbox mailbox = new Mailbox();
    private final List<Integer> ran = new ArrayList<>();

    @Test
    void runAll_severalPosted_runsInOrderOfPosting() {
        for (int i = 0; i < 5; i++) {
            assertThat(mailbox.post(entry(i))).isTrue();
        }
        assertThat(mailbox.isEmpty()).isFalse();
        assertThat(mailbox.runAll()).isTrue();
        assertThat(ran).containsExactly(0, 1, 2, 3, 4);
        assertThat(mailbox.isEmpty()).isTrue();
        assertThat(mailbox.runAll()).isFalse();
    }

    @Test
    void runAll_entryPostsAnother_leavesItForTheNextCall() {
        mailbox.post(
                new Mailbox.Entry() {
                    @Override
                    void met() {
                        ran.add(1);
                        mailbox.post(entry(2));
                    }
                });
        mailbox.runAll();
        assertThat(ran).containsExactly(1);
        mailbox.runAll();
        assertThat(ran).containsExactly(1, 2);
    }

    @Test
    void post_fromWithinItsOwnRun_isTakenAgain() {
        Mailbox.Entry again =
                new Mailbox.Entry() {
                    @Override
                    void met() {
                        ran.add(ran.size());
                        if (ran.size() < 3) {
                            mailbox.post(this);
                        }
                    }
                };
        mailbox.post(entry(-1));
        mailbox.post(again);
        while (mailbox.runAll()) {
            // until nothing is left
        }
        assertThat(ran).containsExactly(-1, 1, 2);
    }

    @Test
    void runAll_entryThrows_runsTheOthers() {
        mailbox.post(entry(1));
        mailbox.post(
                new Mailbox.Entry() {
                    @Override
                    void met() {
                        throw new AssertionError("this entry fails, as the test wants");
                    }
                });
        mailbox.post(entry(2));
        mailbox.runAll();
        assertThat(ran).containsExactly(1, 2);
    }

    @Test
    void post_afterClose_isRefusedAndNeverRuns() {
        mailbox.post(entry(1));
        mailbox.runAllAndClose();
        assertThat(ran).containsExactly(1);
        assertThat(mailbox.post(entry(2))).isFalse();
        assertThat(mailbox.runAll()).isFalse();
        mailbox.runAllAndClose();
        assertThat(ran).containsExactly(1);
    }

    @Test
    void post_manyThreadsAndAClose_runsExactlyWhatWasAcceptedAndInEachThreadsOrder()
            throws InterruptedException {
        int threads = 4;
        int each = 50_000;
        int[] lastOf = new int[threads];
        int[] ranOf = new int[threads];
        AtomicInteger accepted = new AtomicInteger();
        AtomicInteger disorder = new AtomicInteger();
        AtomicBoolean enough = new AtomicBoolean();
        CountDownLatch done = new CountDownLatch(threads);
        for (int t = 0; t < threads; t++) {
            int poster = t;
            Thread thread =
                    new Thread(
                            () -> {
                                for (int i = 1; i <= each; i++) {
                                    int number = i;
                                    boolean taken =
                                            mailbox.post(
                                                    new Mailbox.Entry() {
                                                        @Override
                                                        void met() {
                                                            if (number != lastOf[poster] + 1) {
                                                                disorder.incrementAndGet();
                                                            }
                                                            lastOf[poster] = number;
                                                            ranOf[poster]++;
                                                        }
                                                    });
                                    if (!taken) {
                                        break;
                                    }
                                    if (accepted.incrementAndGet() > each * threads / 2) {
                                        enough.set(true);
                                    }
                                }
                                done.countDown();
                            });
            thread.start();
        }
        while (!enough.get()) {
            mailbox.runAll();
        }
        mailbox.runAllAndClose();
        done.await();
        int sum = 0;
        for (int count : ranOf) {
            sum += count;
        }
        assertThat(disorder).hasValue(0);
        assertThat(sum).isEqualTo(accepted.get());
        assertThat(mailbox.post(entry(0))).isFalse();
    }

    private Mailbox.Entry entry(int number) {
        return new Mailbox.Entry() {
            @Override
            void met() {
                ran.add(number);
            }
        };
    }

    @Test
    @DisplayName(
            "W16: what fails for want of memory runs again, in its order; what fails otherwise does not")
    void runAll_outOfMemory_runsAgainWhenAsked() {
        List<String> ran = new ArrayList<>();
        Set<String> failing = new HashSet<>(List.of("a", "c"));
        for (String name : List.of("a", "b", "c")) {
            mailbox.post(
                    WaitSession.entry(
                            () -> {
                                if (failing.remove(name)) {
                                    throw new OutOfMemoryError("as the test wants");
                                }
                                ran.add(name);
                            }));
        }
        mailbox.post(
                WaitSession.entry(
                        () -> {
                            throw new IllegalStateException("as the test wants");
                        }));
        mailbox.runAll();
        assertThat(ran).containsExactly("b");
        assertThat(mailbox.hasFailed()).isTrue();
        mailbox.runAll();
        assertThat(ran).containsExactly("b");
        mailbox.repeatFailed();
        assertThat(mailbox.hasFailed()).isFalse();
        mailbox.runAll();
        assertThat(ran).containsExactly("b", "a", "c");
    }

    @Test
    @DisplayName(
            "W16: what failed for want of memory has its last chance when the mailbox is closed")
    void runAllAndClose_outOfMemoryBefore_runsIt() {
        AtomicInteger runs = new AtomicInteger();
        mailbox.post(
                WaitSession.entry(
                        () -> {
                            if (runs.incrementAndGet() == 1) {
                                throw new OutOfMemoryError("as the test wants");
                            }
                        }));
        mailbox.runAll();
        mailbox.runAllAndClose();
        assertThat(runs).hasValue(2);
    }
}
