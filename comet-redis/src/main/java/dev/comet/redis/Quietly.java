package dev.comet.redis;

import org.slf4j.Logger;

/**
 * What a thread says that goes on whatever fails. Never throws: to log takes memory, and lack of
 * memory may be what there is to log.
 */
final class Quietly {

    private Quietly() {}

    static void debug(Logger log, String text, Throwable e) {
        try {
            log.debug(text, e);
        } catch (Throwable again) {
            // There is no memory to say so.
        }
    }

    static void warn(Logger log, String text, Throwable e) {
        try {
            log.warn(text, e);
        } catch (Throwable again) {
            // There is no memory to say so.
        }
    }
}
