package dev.comet.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.jetbrains.lincheck.Lincheck;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The writer between those who bring pieces and a container that takes one write at a time, under
 * many interleavings.
 */
@Timeout(120)
class StreamWriterModelTest {

    private static final int INTERLEAVINGS = 100;

    @Test
    @DisplayName("M6: each piece is written once and in order, ready is told once, one completion")
    void write_containerTakesOneWriteAtATime_writesEachPieceOnce() {
        Lincheck.runConcurrentTest(INTERLEAVINGS, StreamWriterModelTest::piecesAndAnEnd);
    }

    @Test
    @DisplayName("W7: an end that comes while the container takes no more is written all the same")
    void end_whileAPieceWaits_writesBothAndCompletes() {
        Lincheck.runConcurrentTest(INTERLEAVINGS, StreamWriterModelTest::endAtOnce);
    }

    @Test
    @DisplayName("W7: nothing touches the output once the container has been told that it may end")
    void stop_whilePiecesCome_leavesTheOutputAlone() {
        Lincheck.runConcurrentTest(INTERLEAVINGS, StreamWriterModelTest::containerEnds);
    }

    @Test
    @DisplayName("W7: a stream that is cut off while its peer goes away is completed once")
    void cutOff_whileThePeerGoes_completesOnce() {
        Lincheck.runConcurrentTest(INTERLEAVINGS, StreamWriterModelTest::cutOffAndError);
    }

    private static void piecesAndAnEnd() {
        Container container = new Container();
        Semaphore ready = new Semaphore(0);
        StreamWriter writer = container.writer(ready::release);
        Thread thread = start(() -> container.serve(writer));
        for (byte i = 1; i <= 2; i++) {
            if (!writer.write(new byte[] {i})) {
                ready.acquireUninterruptibly(); // told once for each time
            }
        }
        writer.end(new byte[] {3});
        join(thread);
        container.requireWritten(1, 2, 3);
        require(ready.availablePermits() == 0, "ready was told too often");
    }

    private static void endAtOnce() {
        Container container = new Container();
        Semaphore ready = new Semaphore(0);
        StreamWriter writer = container.writer(ready::release);
        Thread thread = start(() -> container.serve(writer));
        boolean taken = writer.write(new byte[] {1});
        writer.end(new byte[] {2});
        join(thread);
        container.requireWritten(1, 2);
        require(!taken || ready.availablePermits() == 0, "ready was told of a piece taken at once");
        require(ready.availablePermits() <= 1, "ready was told too often");
    }

    private static void containerEnds() {
        Container container = new Container();
        StreamWriter writer = container.writer(() -> {});
        Thread thread =
                start(
                        () -> {
                            writer.onWritePossible();
                            writer.stop();
                            container.recycle();
                        });
        writer.write(new byte[] {1});
        writer.end(new byte[] {2});
        join(thread);
        require(container.completions <= 1, "completed " + container.completions + " times");
    }

    private static void cutOffAndError() {
        Container container = new Container();
        StreamWriter writer = container.writer(() -> {});
        Thread thread =
                start(
                        () -> {
                            writer.onWritePossible();
                            writer.onError(new IOException("the peer has gone away"));
                        });
        writer.write(new byte[] {1});
        writer.cutOff();
        join(thread);
        require(container.completions == 1, "completed " + container.completions + " times");
        require(container.givenUp, "a stop would wait for it");
    }

    /** An output that is full after each write and each flush, until its thread has emptied it. */
    private static final class Container extends ServletOutputStream {

        private final List<Byte> written = new ArrayList<>(); // guarded by this, as what follows
        private boolean free = true;
        private boolean recycled;
        private int completions;
        private final Semaphore calls = new Semaphore(1); // the first comes by itself
        private volatile boolean completed;
        private volatile boolean givenUp;

        StreamWriter writer(Runnable canTakeMore) {
            return new StreamWriter(
                    this,
                    context(),
                    canTakeMore,
                    () -> givenUp = true,
                    task -> new CompletableFuture<>());
        }

        /** The container's thread, until the request is complete. It calls once too often. */
        void serve(StreamWriter writer) {
            while (true) {
                calls.acquireUninterruptibly();
                if (completed) {
                    return;
                }
                synchronized (this) {
                    free = true;
                }
                writer.onWritePossible();
                writer.onWritePossible();
            }
        }

        synchronized void recycle() {
            recycled = true;
        }

        synchronized void requireWritten(int... pieces) {
            require(completions == 1, "completed " + completions + " times");
            require(written.size() == pieces.length, written);
            for (int i = 0; i < pieces.length; i++) {
                require(written.get(i) == pieces[i], written);
            }
        }

        private synchronized void complete() {
            completions++;
            completed = true;
            calls.release();
        }

        /** Nothing but {@code complete} is asked of it; Lincheck compares it with others. */
        private AsyncContext context() {
            return (AsyncContext)
                    Proxy.newProxyInstance(
                            AsyncContext.class.getClassLoader(),
                            new Class<?>[] {AsyncContext.class},
                            (proxy, method, arguments) -> {
                                if (method.getName().equals("equals")) {
                                    return proxy == arguments[0];
                                }
                                require(method.getName().equals("complete"), method);
                                complete();
                                return null;
                            });
        }

        @Override
        public synchronized boolean isReady() {
            require(!recycled, "asked after it was recycled");
            if (!free) {
                calls.release(); // it will call when there is room
            }
            return free;
        }

        @Override
        public synchronized void write(byte[] bytes) {
            require(!recycled, "written to after it was recycled");
            require(free, "written to although it is full");
            for (byte each : bytes) {
                written.add(each);
            }
            free = false;
        }

        @Override
        public void write(int one) {
            throw new AssertionError("pieces are written as a whole");
        }

        @Override
        public synchronized void flush() {
            require(!recycled, "flushed after it was recycled");
            require(free, "flushed although it is full");
            free = false;
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            throw new AssertionError("the exchange has done so");
        }
    }

    // Not AssertJ: what runs in a scenario is followed step by step.
    private static void require(boolean holds, Object found) {
        if (!holds) {
            throw new AssertionError(found);
        }
    }

    private static Thread start(Runnable task) {
        Thread thread = new Thread(task);
        thread.start();
        return thread;
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError("nobody interrupts here", e);
        }
    }
}
