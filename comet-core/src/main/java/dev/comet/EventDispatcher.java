package dev.comet;

import dev.comet.engine.Faults;
import dev.comet.engine.PatientExecutor;
import dev.comet.engine.SerialWork;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the event handlers, on the event executor: the events of one client one after the other, in
 * order; those of different clients at the same time.
 */
final class EventDispatcher {

    private static final Logger LOG = LoggerFactory.getLogger(EventDispatcher.class);

    private static final SerialWork<ClientEvents> DRAINS =
            new SerialWork<>(
                    AtomicIntegerFieldUpdater.newUpdater(ClientEvents.class, "drainsAsked"),
                    ClientEvents::drain);

    private volatile CometClientEventHandler[] handlers; // replaced, never changed
    private final PatientExecutor executor;
    private final Counters counters;
    private final int maxPending;

    EventDispatcher(
            List<CometClientEventHandler> handlers,
            PatientExecutor executor,
            Counters counters,
            int maxPending) {
        this.handlers = handlers.toArray(new CometClientEventHandler[0]);
        this.executor = executor;
        this.counters = counters;
        this.maxPending = maxPending;
    }

    synchronized void add(CometClientEventHandler handler) {
        CometClientEventHandler[] more = Arrays.copyOf(handlers, handlers.length + 1);
        more[handlers.length] = handler;
        handlers = more;
    }

    /**
     * The events of one client. What waits is bounded: its first and its last event, one gap, into
     * which those that follow are merged, and of {@code clientSubscribed} as many as may wait in
     * all.
     */
    static final class ClientEvents extends PatientExecutor.Task {

        /** In the place of the last event: it is told, or nobody wants to hear of it. */
        private static final Consumer<CometClientEventHandler> TOLD =
                new Consumer<>() {
                    @Override
                    public void accept(CometClientEventHandler handler) {}
                };

        private final EventDispatcher dispatcher;

        @SuppressWarnings("UnusedVariable") // read by its updater
        private volatile int drainsAsked;

        // All guarded by this. The lock is never held while a handler runs.
        private @Nullable Queue<Consumer<CometClientEventHandler>> waiting;
        private @Nullable Gap gap; // one of those that wait
        private @Nullable Consumer<CometClientEventHandler> last; // in the end TOLD

        ClientEvents(EventDispatcher dispatcher) {
            this.dispatcher = dispatcher;
        }

        /**
         * With an event that comes before all others, however early those are posted. Nothing is
         * told before {@link #begin}.
         */
        ClientEvents(EventDispatcher dispatcher, Consumer<CometClientEventHandler> first) {
            this(dispatcher);
            DRAINS.begin(this); // by whoever begins
            post(first);
        }

        /** Messages that were lost and that nobody has been told of. */
        private static final class Gap implements Consumer<CometClientEventHandler> {
            private final CometClient client;
            private volatile CometGap lost;

            Gap(CometClient client, CometGap lost) {
                this.client = client;
                this.lost = lost;
            }

            @Override
            public void accept(CometClientEventHandler handler) {
                handler.messagesDropped(client, lost);
            }
        }

        /** Once. */
        void begin() {
            start();
        }

        /** Nobody is to be told anything. */
        synchronized void discard() {
            int left = waiting == null ? 0 : waiting.size();
            left += last == null || last == TOLD ? 0 : 1;
            dispatcher.counters.pendingEvents.addAndGet(-left);
            waiting = null;
            last = TOLD;
        }

        /** One that may be left out when too many wait. */
        void postUnlessBusy(Consumer<CometClientEventHandler> event) {
            if (!isHeard()) {
                return;
            }
            if (dispatcher.counters.pendingEvents.get() >= dispatcher.maxPending) {
                dispatcher.counters.eventsSkipped.increment();
                return;
            }
            post(event);
        }

        void post(Consumer<CometClientEventHandler> event) {
            if (!isHeard()) {
                return;
            }
            boolean posted = false;
            synchronized (this) {
                if (last == null) {
                    enqueue(event);
                    posted = true;
                }
            }
            start(posted);
        }

        /** An answer says what the client has lost. One such event waits at a time. */
        void postGap(CometClient client, CometGap lost) {
            if (!isHeard()) {
                return;
            }
            boolean posted = false;
            synchronized (this) {
                if (last == null && gap != null) {
                    gap.lost = merged(gap.lost, lost);
                } else if (last == null) {
                    Gap event = new Gap(client, lost);
                    enqueue(event);
                    gap = event;
                    posted = true;
                }
            }
            start(posted);
        }

        /**
         * The client has ended: whatever is posted from now on is left out. Allocates nothing: this
         * event is never lost.
         */
        void postLast(Consumer<CometClientEventHandler> event) {
            boolean posted = false;
            synchronized (this) {
                if (last == null) {
                    posted = isHeard();
                    last = posted ? event : TOLD;
                    if (posted) {
                        dispatcher.counters.pendingEvents.incrementAndGet();
                    }
                }
            }
            start(posted);
        }

        /** Another node tells the client's last event: none is told here any more. */
        synchronized void end() {
            if (last == null) {
                last = TOLD;
            }
        }

        private boolean isHeard() {
            return dispatcher.handlers.length > 0;
        }

        /** Under the lock. */
        private void enqueue(Consumer<CometClientEventHandler> event) {
            if (waiting == null) {
                waiting = new ArrayDeque<>(2);
            }
            waiting.add(event);
            dispatcher.counters.pendingEvents.incrementAndGet();
        }

        private void start(boolean posted) {
            if (posted && DRAINS.begin(this)) {
                start();
            }
        }

        @Override
        protected PatientExecutor executor() {
            return dispatcher.executor;
        }

        @Override
        protected void work() {
            DRAINS.finish(this);
        }

        private void drain() {
            for (Consumer<CometClientEventHandler> event = next(); event != null; event = next()) {
                for (CometClientEventHandler handler : dispatcher.handlers) { // an array
                    try {
                        event.accept(handler);
                    } catch (Throwable e) {
                        failed(e);
                    }
                }
                dispatcher.counters.pendingEvents.decrementAndGet();
            }
        }

        private synchronized @Nullable Consumer<CometClientEventHandler> next() {
            Consumer<CometClientEventHandler> event = waiting == null ? null : waiting.poll();
            if (event == null) {
                waiting = null;
                event = last == TOLD ? null : last;
                last = last == null ? null : TOLD;
            }
            if (event == gap) {
                gap = null; // what is lost from now on is another one
            }
            return event;
        }
    }

    /** From the first to the last; there may be ids between the two ranges. */
    static CometGap merged(CometGap one, CometGap other) {
        return new CometGap(
                Math.min(one.from(), other.from()), Math.max(one.to(), other.to()), other.reason());
    }

    private static void failed(Throwable e) {
        if (e instanceof CometException known && known.reason() == CometException.Reason.CLOSED) {
            // Normal for one that sends when its client ends together with the manager.
            LOG.debug("An event handler called a manager that is closed", e);
        } else if (e instanceof CometException) { // as when it writes to somebody who has left
            Faults.say(LOG, "What an event handler did was refused: {}", e);
        } else {
            Faults.warn(LOG, "An event handler failed; the others and the client go on", e);
        }
    }
}
