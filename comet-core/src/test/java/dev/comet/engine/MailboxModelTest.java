package dev.comet.engine;

import static dev.comet.engine.Model.join;
import static dev.comet.engine.Model.require;
import static dev.comet.engine.Model.start;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The mailbox under many interleavings of the threads that use it. */
@Timeout(120)
class MailboxModelTest {

    private static final int INTERLEAVINGS = 100;

    @Test
    @DisplayName("W8: two posters and an owner: nothing is lost, each poster's order is kept")
    void runAll_twoPosters_runsAllOnceAndInOrder() {
        Model.check(INTERLEAVINGS, MailboxModelTest::twoPostersAndAnOwner);
    }

    @Test
    @DisplayName("W8: a close among posts: what was accepted runs, nothing runs after the close")
    void runAllAndClose_amongPosts_runsExactlyWhatWasAccepted() {
        Model.check(INTERLEAVINGS, MailboxModelTest::closeAmongPosts);
    }

    @Test
    @DisplayName("W8: an entry that has been taken may be posted again by any thread")
    void post_entryThatWasTaken_runsAgain() {
        Model.check(INTERLEAVINGS, MailboxModelTest::entryPostedAgain);
    }

    private static void twoPostersAndAnOwner() {
        Mailbox mailbox = new Mailbox();
        List<Integer> ran = new ArrayList<>();
        List<Thread> posters = start(posting(mailbox, ran, 1, 2), posting(mailbox, ran, 3));
        mailbox.runAll();
        join(posters);
        mailbox.runAll();
        require(ran.size() == 3, ran);
        require(ran.contains(3) && ran.indexOf(1) < ran.indexOf(2), ran);
    }

    private static void closeAmongPosts() {
        Mailbox mailbox = new Mailbox();
        List<Integer> ran = new ArrayList<>();
        AtomicInteger accepted = new AtomicInteger();
        List<Thread> poster =
                start(
                        () -> {
                            for (int i = 1; i <= 2; i++) {
                                if (mailbox.post(entry(ran, i))) {
                                    accepted.incrementAndGet();
                                }
                            }
                        });
        mailbox.runAll();
        mailbox.runAllAndClose();
        List<Integer> ranBeforeClose = List.copyOf(ran);
        join(poster);
        mailbox.runAll();
        require(ran.equals(ranBeforeClose), ran);
        require(ran.equals(List.of(1, 2).subList(0, accepted.get())), ran);
    }

    private static void entryPostedAgain() {
        Mailbox mailbox = new Mailbox();
        AtomicInteger posted = new AtomicInteger();
        int[] ran = new int[1];
        // As a wake-up is: whoever finds it not posted posts it, and it says so before it works.
        Mailbox.Entry wake =
                new Mailbox.Entry() {
                    @Override
                    void met() {
                        posted.set(0);
                        ran[0]++;
                    }
                };
        AtomicInteger accepted = new AtomicInteger();
        Runnable signal =
                () -> {
                    if (posted.compareAndSet(0, 1) && mailbox.post(wake)) {
                        accepted.incrementAndGet();
                    }
                };
        List<Thread> other = start(signal);
        signal.run();
        mailbox.runAll();
        signal.run();
        join(other);
        mailbox.runAll();
        require(ran[0] == accepted.get(), ran[0]);
        require(mailbox.isEmpty(), "not empty");
    }

    private static Runnable posting(Mailbox mailbox, List<Integer> ran, int... numbers) {
        return () -> {
            for (int number : numbers) {
                require(mailbox.post(entry(ran, number)), "refused");
            }
        };
    }

    private static Mailbox.Entry entry(List<Integer> ran, int number) {
        return new Mailbox.Entry() {
            @Override
            void met() {
                ran.add(number);
            }
        };
    }
}
