package dev.comet;

import dev.comet.engine.WaitThreadPool;
import java.util.concurrent.ThreadLocalRandom;

/**
 * What the sessions and requests of one manager have in common. They reach it by way of their
 * session, for there are as many as clients.
 *
 * @param requests those to clients that wait for a reply
 */
record Services(
        Store store,
        CometClock clock,
        Counters counters,
        WaitThreadPool<?> pool,
        PendingRequests requests,
        Drain drain,
        StreamTimes streamTimes) {

    /** Late enough for a load balancer to have noticed, and not all at once. */
    CometAnswer reconnect() {
        return CometAnswer.reconnect(1_000 + randomBelow(2_000));
    }

    static long randomBelow(long bound) {
        return ThreadLocalRandom.current().nextLong(bound);
    }
}
