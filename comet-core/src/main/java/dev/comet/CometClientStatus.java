package dev.comet;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one client is doing, for whoever looks after it; see {@link CometStateManager#status}.
 *
 * @param client who it is
 * @param transport what it has open
 * @param heldFor how long that has been open; zero if nothing is. Of a poll at most: one that asked
 *     to be held for less than the client's connectionTimeoutSeconds is taken for older
 * @param unseenFor how long nothing has been open; zero if something is
 * @param confirmedId the highest cursor that it has confirmed
 * @param address the network address that it was last seen at, as {@link CometEndpoint#seenAt} was
 *     told; null if it was not
 * @param lag how long the oldest message that it has not confirmed has waited; zero if there is
 *     none
 */
public record CometClientStatus(
        CometClient client,
        Transport transport,
        Duration heldFor,
        Duration unseenFor,
        long confirmedId,
        @Nullable String address,
        Duration lag) {

    /** What a client has open. */
    public enum Transport {
        /** Nothing: it is between two polls, or away. */
        NONE,
        /** A held request. */
        POLL,
        /** A stream. */
        STREAM
    }
}
