package dev.comet.client;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/**
 * Hands messages and events over: one after the other, in the order in which they were posted, on
 * the application's threads. A handler that throws hurts nobody else.
 *
 * <p>Safe for use by any number of threads. Holds what is posted: who posts asks for the {@link
 * #backlog} first.
 */
final class Delivery {

    /** In the place of a name: all of the application's messages. */
    static final String ALL = "*";

    private final Strand strand;
    private final ConcurrentHashMap<String, List<Registered<Consumer<? super CometMessage>>>>
            handlers = new ConcurrentHashMap<>();
    private final List<Registered<CometListener>> listeners = new CopyOnWriteArrayList<>();
    private int quietBelow; // guarded by this
    private Runnable whenQuiet = () -> {}; // guarded by this
    private volatile long lastMessageId;

    Delivery(Executor executor, Platform platform, long lastMessageId) {
        this.strand = new Strand(executor, platform);
        this.lastMessageId = lastMessageId;
    }

    /** Up to where messages have been handed over. */
    long lastMessageId() {
        return lastMessageId;
    }

    CometRegistration on(String name, Consumer<? super CometMessage> handler) {
        Registered<Consumer<? super CometMessage>> entry = new Registered<>(handler);
        handlers.compute(
                name,
                (key, known) -> {
                    var all =
                            known == null
                                    ? new CopyOnWriteArrayList<
                                            Registered<Consumer<? super CometMessage>>>()
                                    : known;
                    all.add(entry);
                    return all;
                });
        return () -> {
            entry.closed = true;
            handlers.computeIfPresent(
                    name,
                    (key, known) -> {
                        known.remove(entry);
                        return known.isEmpty() ? null : known;
                    });
        };
    }

    CometRegistration listen(CometListener listener) {
        Registered<CometListener> entry = new Registered<>(listener);
        listeners.add(entry);
        return () -> {
            entry.closed = true;
            listeners.remove(entry);
        };
    }

    /** What is to be called until it is closed. The same may be registered twice. */
    private static final class Registered<T> {
        final T call;
        volatile boolean closed;

        Registered(T call) {
            this.call = Objects.requireNonNull(call);
        }
    }

    /** How much has been posted and not been handed over. */
    int backlog() {
        return strand.waiting();
    }

    /** Asks an executor that refused once more, if nothing else does. */
    void nudge() {
        strand.nudge();
    }

    /** Calls this once, soon, on any thread, when the backlog has fallen below. */
    void whenBelow(int size, Runnable action) {
        synchronized (this) {
            if (backlog() >= size) {
                quietBelow = size;
                whenQuiet = action;
                return;
            }
        }
        action.run();
    }

    void tell(Consumer<CometListener> event) {
        tell(event, -1);
    }

    void tell(Consumer<CometListener> event, long cursor) {
        post(cursor, () -> tellAll(event));
    }

    /**
     * In its place among messages and events.
     *
     * @param cursor where the cursor is when it is handed over; −1: where it was
     */
    void post(long cursor, Runnable call) {
        strand.execute(
                () -> {
                    Log.failuresOf(quieter());
                    if (cursor >= 0) {
                        lastMessageId = cursor;
                    }
                    call.run();
                });
    }

    /** What waits for the backlog to fall as far as it has. */
    private synchronized Runnable quieter() {
        if (backlog() >= quietBelow) {
            return () -> {};
        }
        quietBelow = 0;
        return whenQuiet;
    }

    /** Within what is posted: calls the handlers of the message's name, and those of all. */
    void hand(CometMessage message) {
        hand(message, message.name());
        hand(message, ALL);
    }

    private void hand(CometMessage message, String name) {
        for (Registered<Consumer<? super CometMessage>> handler :
                handlers.getOrDefault(name, List.of())) {
            if (handler.closed) {
                continue; // by a handler before it
            }
            try {
                handler.call.accept(message);
            } catch (Throwable e) {
                Log.warn("A handler of {} failed", message, e);
                Log.failuresOf(() -> tellAll(listener -> listener.handlerFailed(e, message)));
            }
        }
    }

    /** Within what is posted. */
    void tellAll(Consumer<CometListener> event) {
        for (Registered<CometListener> listener : listeners) {
            if (listener.closed) {
                continue;
            }
            try {
                event.accept(listener.call);
            } catch (Throwable e) {
                Log.warn("A listener of a client failed", e);
            }
        }
    }
}
