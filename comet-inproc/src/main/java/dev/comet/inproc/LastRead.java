package dev.comet.inproc;

import dev.comet.CometBatch;

/**
 * What the last reader found of those who read nothing but everyone's log. After a broadcast, all
 * that wait at the same cursor find the same: it is looked for once, and shared.
 *
 * <p>Whether that is still true is seen by where the log begins, which moves when any message is
 * let go, and by the top, up to which nothing is added.
 */
record LastRead(long cursor, long top, int maxMessages, int maxBytes, long head, CometBatch batch) {

    static final LastRead NONE = new LastRead(-1, -1, 0, 0, 0, CometBatch.nothing(0));

    boolean isOf(long fromCursor, long upTo, int messages, int bytes, long currentHead) {
        return cursor == fromCursor
                && top == upTo
                && maxMessages == messages
                && maxBytes == bytes
                && head == currentHead;
    }
}
