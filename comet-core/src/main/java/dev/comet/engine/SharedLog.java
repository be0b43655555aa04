package dev.comet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * A log that several clients read, everyone's or a group's: who reads it, stripe by stripe. To say
 * that it grew costs the sender one mailbox entry for each stripe with readers, however many
 * readers there are.
 */
final class SharedLog {

    private final String name;
    private final List<Stripe> stripes;

    /** How many readers there are or will be; guarded by the pool's map. */
    private int references;

    SharedLog(String name, List<CometWaitThread> threads) {
        this.name = name;
        this.stripes = threads.stream().map(Stripe::new).toList();
    }

    String name() {
        return name;
    }

    /**
     * What {@link WaitThreadPool} does with it when a reader goes. Made before, so as not to fail.
     */
    final BiFunction<String, SharedLog, @Nullable SharedLog> releasing =
            (name, known) -> known == this && release() ? null : known;

    SharedLog retain() {
        references++;
        return this;
    }

    boolean release() {
        return --references == 0;
    }

    /** Any thread; call it after the message can be read. */
    void signal() {
        for (Stripe stripe : stripes) {
            stripe.signal();
        }
    }

    Stripe on(CometWaitThread thread) {
        for (Stripe stripe : stripes) {
            if (stripe.owner == thread) {
                return stripe;
            }
        }
        throw new IllegalArgumentException("not a thread of this pool");
    }

    /** The readers on one wait thread. A hundred signals before the thread comes to it are one. */
    static final class Stripe extends Mailbox.Entry {

        private final CometWaitThread owner;
        private final AtomicBoolean posted = new AtomicBoolean();
        private final List<Reader> readers = new ArrayList<>(0); // owner

        /**
         * The size of readers, for senders: the owner writes it and then looks; a sender appends
         * and then reads it.
         */
        private volatile int size;

        private Stripe(CometWaitThread owner) {
            this.owner = owner;
        }

        private void signal() {
            if (size > 0 && posted.compareAndSet(false, true)) {
                owner.post(this);
            }
        }

        @Override
        void met() {
            // Before looking: a signal from now on is a new one.
            posted.set(false);
            for (int i = 0; i < readers.size(); i++) {
                try {
                    readers.get(i).session().look();
                } catch (Throwable e) {
                    Faults.error("A look for messages failed; the other readers' go on", e);
                }
            }
        }

        /** Owner. If it fails for want of memory, nothing has changed. */
        void add(Reader reader) {
            readers.add(reader);
            reader.place(readers.size() - 1);
            size = readers.size();
        }

        /** Owner. The last reader takes this one's place. */
        void remove(Reader reader) {
            Reader last = readers.remove(readers.size() - 1);
            if (last != reader) {
                readers.set(reader.place(), last);
                last.place(reader.place());
            }
            reader.place(NOWHERE);
            size = readers.size();
        }

        /** Owner. */
        void forEach(java.util.function.Consumer<WaitSession> action) {
            readers.forEach(reader -> action.accept(reader.session()));
        }
    }

    /**
     * What stands in a stripe and knows where. A session is its own reader of the log of everyone,
     * which each client reads: that is an object less for each. Owner only.
     */
    interface Reader {

        WaitSession session();

        /** Its index in the stripe, or NOWHERE. */
        int place();

        void place(int place);
    }

    static final int NOWHERE = -1;

    /** A client as the reader of a group's log. Owner only. */
    static final class Member implements Reader {

        private final WaitSession session;
        private final SharedLog log;
        private int place = NOWHERE;

        Member(WaitSession session, SharedLog log) {
            this.session = session;
            this.log = log;
        }

        SharedLog log() {
            return log;
        }

        @Override
        public WaitSession session() {
            return session;
        }

        @Override
        public int place() {
            return place;
        }

        @Override
        public void place(int place) {
            this.place = place;
        }
    }
}
