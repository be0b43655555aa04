package dev.comet;

import java.util.List;

/**
 * What a provider found for a client above a cursor.
 *
 * @param gaps what the client has lost, to be announced before the messages
 * @param messages in rising order of their ids
 * @param cursor up to which the client is looked after when it has received all of this: at least
 *     the id of the last message; higher if what follows up to there is not for this client.
 *     Without messages: the top of the store when it was read
 * @param complete whether nothing was left out because the batch was full: who reads on then need
 *     not look whether there is more. False if the provider does not know
 */
public record CometBatch(
        List<CometGap> gaps, List<CometMessage> messages, long cursor, boolean complete) {

    /** One of which is not known whether it is complete. */
    public CometBatch(List<CometGap> gaps, List<CometMessage> messages, long cursor) {
        this(gaps, messages, cursor, false);
    }

    /** Nothing up to the cursor. */
    public static CometBatch nothing(long cursor) {
        return new CometBatch(List.of(), List.of(), cursor, true);
    }

    /** Whether the last message's id is the cursor: then nobody needs to be told it besides. */
    public boolean endsWithItsCursor() {
        return !messages.isEmpty() && messages.get(messages.size() - 1).messageId() >= cursor;
    }

    /** Whether there is nothing to tell the client. */
    public boolean isEmpty() {
        return messages.isEmpty() && gaps.isEmpty();
    }
}
