package dev.comet.http;

import dev.comet.CometClock;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How often each key may do something: {@code burst} times at once, {@code perSecond} in the long
 * run.
 *
 * <p>At most a given number of keys is remembered; beyond it, those that did least recently are
 * forgotten, and may do a burst again. A key that rests for {@code burst / perSecond} seconds may
 * do so in any case, and is forgotten soon: clients whose polls wait take no room here. Forgetting
 * matters only when more keys than are remembered are busy within that time.
 *
 * <p>Safe for use by several threads. Keys are spread over stripes with a lock each, held for a
 * look-up and some arithmetic. Source: the generic cell rate algorithm (ITU-T I.371), which is a
 * token bucket whose whole state is one point in time: when the bucket will be full.
 */
final class RateLimit {

    private static final int STRIPES = 16;

    private final long nanosPerPermit;
    private final long nanosPerBurst;
    private final CometClock clock;
    private final Stripe[] stripes = new Stripe[STRIPES];

    RateLimit(Rate rate, int maxKeys, CometClock clock) {
        this.nanosPerPermit = TimeUnit.SECONDS.toNanos(1) / rate.perSecond();
        this.nanosPerBurst = nanosPerPermit * rate.burst();
        this.clock = clock;
        for (int i = 0; i < STRIPES; i++) {
            stripes[i] = new Stripe(Math.max(1, maxKeys / STRIPES));
        }
    }

    /** A rate and its bounds: both 1 to 1,000,000. */
    record Rate(int perSecond, int burst) {}

    /**
     * Takes permits, all or none. More than a burst count as a burst: they could never be had.
     *
     * @return 0, or in how many seconds to ask again
     */
    int take(String key, int permits) {
        long now = clock.nanos();
        long cost = Math.min(permits * nanosPerPermit, nanosPerBurst);
        Stripe stripe = stripe(key);
        long fullAt;
        synchronized (stripe) {
            stripe.forgetRested(now);
            fullAt = stripe.fullAt(key, now);
            if (fullAt + cost - now <= nanosPerBurst) {
                stripe.put(key, fullAt + cost);
                return 0;
            }
        }
        return seconds(fullAt + cost - now - nanosPerBurst);
    }

    /**
     * Takes permits.
     *
     * @param limit what it is called in statistics: the option that sets it
     * @throws HttpErrorException if they are not there; with that text, and when to ask again
     */
    void require(String key, int permits, String limit, String otherwise) {
        int rest = take(key, permits);
        if (rest > 0) {
            throw HttpErrorException.tooMany(limit, otherwise, rest);
        }
    }

    /** How many keys are remembered. */
    int size() {
        int size = 0;
        for (Stripe stripe : stripes) {
            synchronized (stripe) {
                size += stripe.size();
            }
        }
        return size;
    }

    private static int seconds(long nanos) {
        return (int) ((nanos + TimeUnit.SECONDS.toNanos(1) - 1) / TimeUnit.SECONDS.toNanos(1));
    }

    private Stripe stripe(String key) {
        int hash = key.hashCode();
        return stripes[(hash ^ hash >>> 16) & (STRIPES - 1)];
    }

    /**
     * Keys and the time at which each may do a full burst, the least recent first. Guarded by
     * itself.
     */
    private static final class Stripe extends LinkedHashMap<String, Long> {

        private static final long serialVersionUID = 1L;
        private final int maxKeys;

        Stripe(int maxKeys) {
            super(16, 0.75f, true);
            this.maxKeys = maxKeys;
        }

        long fullAt(String key, long now) {
            Long fullAt = get(key);
            return fullAt == null || fullAt - now < 0 ? now : fullAt;
        }

        /** Of the least recent, two at most: so there are fewer, whatever comes. */
        void forgetRested(long now) {
            Iterator<Long> eldest = values().iterator();
            for (int i = 0; i < 2 && eldest.hasNext() && eldest.next() - now <= 0; i++) {
                eldest.remove();
            }
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > maxKeys;
        }
    }
}
