package dev.comet;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
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

    private final List<CometClientEventHandler> handlers;
    private final Executor executor;
    private final Counters counters;
    private final int maxPending;

    EventDispatcher(
            List<CometClientEventHandler> handlers,
            Executor executor,
            Counters counters,
            int maxPending) {
        this.handlers = new CopyOnWriteArrayList<>(handlers);
        this.executor = executor;
        this.counters = counters;
        this.maxPending = maxPending;
    }

    void add(CometClientEventHandler handler) {
        handlers.add(handler);
    }

    /**
     * The events of one client. A drain loop: whoever adds to an idle queue has it run, and it runs
     * until it is empty. The lock guards the queue and is never held while a handler runs.
     */
    final class ClientEvents {

        private @Nullable Queue<Consumer<CometClientEventHandler>> waiting; // guarded by this
        private boolean running; // guarded by this
        private boolean over; // guarded by this: the last event was posted
        private final boolean heldBack; // until begin

        ClientEvents() {
            heldBack = false;
        }

        /**
         * With an event that comes before all others, however early those are posted. It is told
         * from {@link #begin} on.
         */
        ClientEvents(Consumer<CometClientEventHandler> first) {
            heldBack = !handlers.isEmpty() && enqueue(first, false);
        }

        /** Once. */
        void begin() {
            if (heldBack) {
                execute();
            }
        }

        /**
         * One that may be left out when too many wait; the others are as many as clients and gaps.
         */
        void postUnlessBusy(Consumer<CometClientEventHandler> event) {
            if (handlers.isEmpty()) {
                return;
            }
            if (counters.pendingEvents.get() >= maxPending) {
                counters.eventsSkipped.increment();
                return;
            }
            post(event);
        }

        void post(Consumer<CometClientEventHandler> event) {
            if (!handlers.isEmpty() && enqueue(event, false)) {
                execute();
            }
        }

        /** The client has ended: whatever is posted from now on is left out. */
        void postLast(Consumer<CometClientEventHandler> event) {
            if (!handlers.isEmpty() && enqueue(event, true)) {
                execute();
            }
        }

        /** Returns whether the caller is to have the queue run. */
        private synchronized boolean enqueue(
                Consumer<CometClientEventHandler> event, boolean last) {
            if (over) {
                return false;
            }
            over = last;
            counters.pendingEvents.incrementAndGet();
            if (waiting == null) {
                waiting = new ArrayDeque<>(2);
            }
            waiting.add(event);
            boolean idle = !running;
            running = true;
            return idle;
        }

        private void execute() {
            try {
                executor.execute(this::drain);
            } catch (Throwable e) { // an Error too: a pool that finds no thread throws one
                LOG.debug("The event executor refused; events of one client are left out", e);
                discard();
            }
        }

        private void drain() {
            for (Consumer<CometClientEventHandler> event = next(); event != null; event = next()) {
                for (CometClientEventHandler handler : handlers) {
                    try {
                        event.accept(handler);
                    } catch (Throwable e) {
                        failed(e);
                    }
                }
                counters.pendingEvents.decrementAndGet();
            }
        }

        private static void failed(Throwable e) {
            if (e instanceof CometException known
                    && known.reason() == CometException.Reason.CLOSED) {
                // As each does that sends when clients end with the manager: nothing to wake
                // somebody for.
                LOG.debug("An event handler called a manager that is closed", e);
            } else {
                LOG.warn("An event handler failed; the others and the client go on", e);
            }
        }

        private synchronized @Nullable Consumer<CometClientEventHandler> next() {
            Consumer<CometClientEventHandler> event = waiting == null ? null : waiting.poll();
            if (event == null) {
                waiting = null;
                running = false;
            }
            return event;
        }

        /**
         * The executor takes no more: the manager is being closed, or the application's own
         * executor is.
         */
        private void discard() {
            while (next() != null) {
                counters.pendingEvents.decrementAndGet();
                counters.eventsSkipped.increment();
            }
        }
    }
}
