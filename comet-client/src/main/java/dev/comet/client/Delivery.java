package dev.comet.client;

import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands messages and events over: one after the other, in the order in which they were posted, on
 * the application's threads. A handler that throws hurts nobody else.
 *
 * <p>Safe for use by any number of threads. Holds what is posted: who posts asks for the {@link
 * #backlog} first.
 */
final class Delivery {

    private static final Logger LOG = LoggerFactory.getLogger(Comet.class);

    /** After so many, others that use the same threads come first. */
    private static final int AT_ONCE = 64;

    private final Executor executor;
    private final ConcurrentHashMap<String, List<Registered<Consumer<? super CometMessage>>>>
            handlers = new ConcurrentHashMap<>();
    private final List<Registered<CometListener>> listeners = new CopyOnWriteArrayList<>();
    private final ArrayDeque<Item> queue = new ArrayDeque<>(); // guarded by this
    private boolean running; // guarded by this
    private int quietBelow; // guarded by this
    private Runnable whenQuiet = () -> {}; // guarded by this
    private volatile long lastMessageId;

    /** What is to be handed over, and where the cursor is then; −1: where it was. */
    private record Item(long cursor, Runnable call) {}

    Delivery(Executor executor, long lastMessageId) {
        this.executor = executor;
        this.lastMessageId = lastMessageId;
    }

    /** Up to where messages have been handed over. */
    long lastMessageId() {
        return lastMessageId;
    }

    Comet.Registration on(String name, Consumer<? super CometMessage> handler) {
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

    Comet.Registration listen(CometListener listener) {
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
    synchronized int backlog() {
        return queue.size();
    }

    /** Calls this once, soon, on any thread, when the backlog has fallen below. */
    void whenBelow(int size, Runnable action) {
        synchronized (this) {
            if (queue.size() >= size) {
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

    /** In its place among messages and events. */
    void post(long cursor, Runnable call) {
        synchronized (this) {
            queue.add(new Item(cursor, call));
            if (running) {
                return;
            }
            running = true;
        }
        executor.execute(this::run);
    }

    private void run() {
        for (int done = 0; done < AT_ONCE; done++) {
            Item item;
            Runnable quiet = null;
            synchronized (this) {
                item = queue.poll();
                if (item == null) {
                    running = false;
                    return;
                }
                if (queue.size() < quietBelow) {
                    quietBelow = 0;
                    quiet = whenQuiet;
                }
            }
            if (quiet != null) {
                quiet.run();
            }
            if (item.cursor >= 0) {
                lastMessageId = item.cursor;
            }
            Strand.runSafely(item.call);
        }
        executor.execute(this::run);
    }

    /** Within what is posted: calls the handlers of the message's name, and those of all. */
    void hand(CometMessage message) {
        hand(message, message.name());
        hand(message, Comet.ALL);
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
                LOG.warn("A handler of {} failed", message, e);
                tellAll(listener -> listener.handlerFailed(e, message));
            }
        }
    }

    private void tellAll(Consumer<CometListener> event) {
        for (Registered<CometListener> listener : listeners) {
            if (listener.closed) {
                continue;
            }
            try {
                event.accept(listener.call);
            } catch (Throwable e) {
                LOG.warn("A listener of a client failed", e);
            }
        }
    }
}
