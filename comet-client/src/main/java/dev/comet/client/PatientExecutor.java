package dev.comet.client;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The application's executor; what that refuses because it is full is tried again every second:
 * messages wait, and none is forgotten. One that is shut down gets nothing more.
 */
final class PatientExecutor implements Executor {

    private static final Logger LOG = LoggerFactory.getLogger(Comet.class);
    private static final long RETRY_MILLIS = 1_000;

    private final Executor executor;
    private final Platform platform;

    PatientExecutor(Executor executor, Platform platform) {
        this.executor = executor;
        this.platform = platform;
    }

    @Override
    public void execute(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            if (executor instanceof ExecutorService service && service.isShutdown()) {
                LOG.error(
                        "The executor of a client is shut down: close the client first, it hands"
                                + " over nothing more",
                        e);
            } else {
                LOG.warn("The executor of a client is full: messages wait; raise its limits", e);
                platform.schedule(RETRY_MILLIS, () -> execute(task));
            }
        }
    }
}
