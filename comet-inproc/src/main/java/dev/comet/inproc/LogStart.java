package dev.comet.inproc;

import dev.comet.CometGap;
import org.jspecify.annotations.Nullable;

/**
 * Where a log begins, and what lies below. Immutable, so that a reader sees all of it as of one
 * moment.
 *
 * <p>A message for all but one client must not look like a loss to that one, however long ago it
 * was let go. It is enough to remember one such client: the one that none of the messages at the
 * end of what was let go was for. Any other has lost the last of them.
 *
 * @param head the index of the first entry that is still there
 * @param id the highest id that was let go; 0 if none was
 * @param reason why it was let go
 * @param uninvolved a client for whom the last messages let go were not, or null
 * @param uninvolvedId the highest id let go that was for that client
 */
record LogStart(
        long head,
        long id,
        CometGap.Reason reason,
        @Nullable ClientRecord uninvolved,
        long uninvolvedId) {

    static final LogStart NONE = new LogStart(0, 0, CometGap.Reason.CONFIRMED, null, 0);

    /** The start once this entry, the first, is dropped, too. */
    LogStart above(LogEntry entry, CometGap.Reason why) {
        ClientRecord except = entry.except();
        long exceptId = except == uninvolved ? uninvolvedId : id;
        return new LogStart(head + 1, entry.id(), why, except, except == null ? 0 : exceptId);
    }

    /** The highest id let go that was for this client. */
    long idFor(ClientRecord reader) {
        return uninvolved == reader ? uninvolvedId : id;
    }
}
