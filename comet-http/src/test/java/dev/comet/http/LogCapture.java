package dev.comet.http;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;

/** What the package of a class logs while this is open; it does not reach the console. */
final class LogCapture implements AutoCloseable {

    private final Logger logger;
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    LogCapture(Class<?> logging) {
        logger = (Logger) LoggerFactory.getLogger(logging.getPackageName());
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

    List<String> lines() {
        return appender.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    /** What the exceptions say. */
    String causes() {
        return appender.list.stream()
                .map(ILoggingEvent::getThrowableProxy)
                .filter(Objects::nonNull)
                .map(IThrowableProxy::getMessage)
                .collect(Collectors.joining("\n"));
    }

    long stackTraces() {
        return appender.list.stream().filter(line -> line.getThrowableProxy() != null).count();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setAdditive(true);
    }
}
