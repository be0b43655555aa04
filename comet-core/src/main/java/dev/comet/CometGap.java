package dev.comet;

import java.util.Locale;

/**
 * Messages that a client will not get: those for it with {@code from <= id <= to} which it has not
 * received and which do not follow. Announced to the client before any later message.
 *
 * @param from the first id of the range; the range may begin before the first message that was
 *     lost. Of no meaning with {@link Reason#UNKNOWN_CURSOR}
 * @param to the last id of the range; the message with this id was lost, except with {@link
 *     Reason#UNKNOWN_CURSOR} and {@link Reason#STORE_LOST}
 * @param reason why
 */
public record CometGap(long from, long to, Reason reason) {

    /** Why messages were let go. */
    public enum Reason {
        /** More messages or bytes waited than the log may hold. */
        OVERFLOW,
        /** Messages waited longer than the log may hold them. */
        EXPIRED,
        /**
         * The cursor is older than one that this client has confirmed already: those messages were
         * freed.
         */
        CONFIRMED,
        /**
         * The cursor is above everything, or from another life of the store. The client continues
         * from {@link CometGap#to}.
         */
        UNKNOWN_CURSOR,
        /**
         * A store that several nodes share has lost what it had accepted last, as when a replica
         * took over that had not received it yet. Perhaps nothing in the range was for this client.
         */
        STORE_LOST;

        /** The word on the wire, such as {@code unknown-cursor}. */
        public String code() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
