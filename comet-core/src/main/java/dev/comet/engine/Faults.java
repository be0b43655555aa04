package dev.comet.engine;

import dev.comet.internal.OncePerMinute;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.helpers.MessageFormatter;

/**
 * The one place for what nobody expected: counts it, and says so in the log. Never throws, because
 * that would stop whoever goes on in spite of it. To log takes memory, and lack of memory is what
 * it mostly has to log. To be {@linkplain #prepare prepared} before it is needed.
 *
 * <p>Safe for use by any number of threads.
 */
public final class Faults {

    /** When to try again what failed for want of memory or threads. */
    static final long RETRY_NANOS = 1_000_000_000;

    private static final Logger LOG = LoggerFactory.getLogger(Faults.class);
    private static final AtomicLong COUNT = new AtomicLong();

    /** More than so many a minute say nothing new, and would fill the log. */
    private static final int LINES_A_MINUTE = 20;

    private static final AtomicLong MINUTE = new AtomicLong();
    private static final AtomicInteger LINES = new AtomicInteger();

    /** By their text: as many as there are in the source. */
    private static final ConcurrentHashMap<String, OncePerMinute> KINDS = new ConcurrentHashMap<>();

    private Faults() {}

    /**
     * Initialises this class and whatever the log needs for an error. The first time must not be
     * when memory is short: a class whose initialisation fails is broken for good.
     */
    static void prepare() {
        LOG.isErrorEnabled();
        maySay();
    }

    /** Something that is a fault of this library, or that it could not keep from failing. */
    public static void error(String text, Throwable e) {
        COUNT.incrementAndGet();
        try {
            if (maySay()) {
                LOG.error(text, e);
            }
        } catch (Throwable again) {
            // It was counted.
        }
    }

    private static boolean maySay() {
        long minute = System.nanoTime() / 60_000_000_000L;
        if (MINUTE.getAndSet(minute) != minute) {
            LINES.set(0);
        }
        return LINES.incrementAndGet() <= LINES_A_MINUTE;
    }

    /**
     * Code of the application, or of a transport or store, has failed. Of each kind, which is a
     * text, at most one a minute is written, with its stack trace and how many there were since the
     * last.
     */
    public static void warn(Logger log, String text, Throwable e) {
        warn(log, text, "", e);
    }

    /**
     * As {@link #warn(Logger, String, Throwable)}, about something that the text has a place for.
     */
    public static void warn(Logger log, String text, Object about, Throwable e) {
        try {
            String line = line(text, about);
            if (line != null) {
                log.warn(line, e);
            }
        } catch (Throwable again) {
            COUNT.incrementAndGet();
        }
    }

    /**
     * As {@link #warn(Logger, String, Object, Throwable)}, of something that a line says: no stack
     * trace.
     */
    public static void say(Logger log, String text, Object about) {
        try {
            String line = line(text, about);
            if (line != null) {
                log.warn(line);
            }
        } catch (Throwable again) {
            COUNT.incrementAndGet();
        }
    }

    /** Null if this kind was written less than a minute ago. */
    private static @Nullable String line(String text, Object about) {
        long left =
                KINDS.computeIfAbsent(text, kind -> new OncePerMinute())
                        .happened(System.nanoTime());
        if (left < 0) {
            return null;
        }
        String line = MessageFormatter.format(text, about).getMessage();
        return left == 0 ? line : line + " (" + left + " more since this was last said)";
    }

    /** How many there were in this process. */
    public static long count() {
        return COUNT.get();
    }
}
