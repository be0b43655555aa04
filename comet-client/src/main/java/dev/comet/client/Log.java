package dev.comet.client;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what went wrong. Never throws: it is called where something has failed already, and logging
 * may fail for the same reason, or for what it is given to log.
 */
final class Log {

    private static final Logger LOG = LoggerFactory.getLogger("dev.comet.client");

    private Log() {}

    static void warn(String text, Throwable cause) {
        try {
            LOG.warn(text, cause);
        } catch (Throwable e) {
            // Nobody is left to be told.
        }
    }

    static void warn(String text, Object about, Throwable cause) {
        try {
            LOG.warn(text, about, cause);
        } catch (Throwable e) {
            // As above.
        }
    }

    /** Runs the action; what it throws is logged, and keeps nothing that follows from running. */
    static void failuresOf(Runnable action) {
        try {
            action.run();
        } catch (Throwable e) {
            warn("A step of a client failed; it goes on", e);
        }
    }
}
