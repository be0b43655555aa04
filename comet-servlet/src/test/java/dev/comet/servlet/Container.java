package dev.comet.servlet;

import jakarta.servlet.ServletContainerInitializer;
import java.time.Duration;

/**
 * A servlet container on a free loopback port, with few threads so that a test that costs one
 * shows. The servlet is in a context named {@code /app}, at {@code /comet/*}.
 */
interface Container {

    int THREADS = 12;

    /** Starts; whoever is given to the context registers the servlet. */
    void start(ServletContainerInitializer initializer) throws Exception;

    /**
     * Sets how long a peer may stall while it reads or sends, before {@link #start}. By default as
     * the container has it.
     */
    void stallTimeout(Duration timeout);

    /**
     * Sets what to do when the container begins to stop, where docs/containers.md says, before
     * {@link #start}. The container then waits for its requests for a minute before it cuts them.
     */
    void beforeStop(Runnable action);

    int port();

    void stop() throws Exception;
}
