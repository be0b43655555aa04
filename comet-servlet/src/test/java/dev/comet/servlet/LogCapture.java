package dev.comet.servlet;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/** What the package of a class logs while this is open; it does not reach the console. */
final class LogCapture implements AutoCloseable {

    private final Logger logger;
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    LogCapture(Class<?> logging) {
        this(logging, null);
    }

    /**
     * @param level from which on; null for the level of the tests
     */
    LogCapture(Class<?> logging, Level level) {
        this(logging.getPackageName(), level);
    }

    LogCapture(String name, Level level) {
        logger = (Logger) LoggerFactory.getLogger(name);
        logger.setLevel(level);
        logger.setAdditive(false);
        logger.addAppender(appender);
        appender.start();
    }

    /** The lines, without stack traces. */
    String text() {
        return appender.list.stream()
                .map(ILoggingEvent::getFormattedMessage)
                .collect(Collectors.joining("\n"));
    }

    Throwable onlyThrowable() {
        List<ILoggingEvent> events = appender.list;
        if (events.size() != 1) {
            throw new AssertionError("expected one line: " + text());
        }
        return ((ThrowableProxy) events.get(0).getThrowableProxy()).getThrowable();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
        logger.setLevel(null);
    }
}
