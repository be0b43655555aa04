package dev.comet.tests.held;

import java.util.List;

/**
 * What an answer to a poll says.
 *
 * @param cursor the highest cursor in it, 0 if there is none
 * @param isTimeout it is {@code comet.timeout}
 * @param announcesGap {@code comet.gap} is in it
 * @param messages in its order
 */
record Answer(
        int status, long cursor, boolean isTimeout, boolean announcesGap, List<Message> messages) {

    /**
     * A message of the server.
     *
     * @param number 1, 2, 3, … in the order of sending
     * @param sentNanos by the server's clock
     */
    record Message(long number, long sentNanos) {}
}
