package dev.comet.http;

import dev.comet.CometClock;
import dev.comet.http.RateLimit.Rate;
import dev.comet.internal.OncePerMinute;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the log of what goes wrong with requests: at most one line a minute for each kind of fault,
 * because peers decide how often it happens. The next line says how many were left out.
 *
 * <p>Safe for use by any number of threads. There are as many kinds as hooks, and a few.
 */
final class FaultLog {

    private static final Logger LOG = LoggerFactory.getLogger(FaultLog.class);

    /** More than there are, in each stripe. */
    private static final int MAX_KINDS = 1_024;

    /** A text may quote what a peer has sent. */
    private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");

    private final CometClock clock;
    private final HttpCounters counters;
    private final RateLimit refusals; // at DEBUG, one of a kind a second
    private final Map<String, OncePerMinute> kinds = new ConcurrentHashMap<>();

    FaultLog(CometClock clock, HttpCounters counters) {
        this.clock = clock;
        this.counters = counters;
        this.refusals = new RateLimit(new Rate(1, 1), MAX_KINDS, clock);
    }

    /** A fault of a peer: never with a stack trace. */
    void peer(String kind, String text) {
        tell(kind, text, null);
    }

    /** A fault of the application, or of this program. */
    void own(String kind, String text, Throwable fault) {
        tell(kind, text, fault);
    }

    /** A hook has failed: counted here, and nowhere else. */
    void hook(String kind, String text, @Nullable Throwable fault) {
        counters.hookFailed();
        tell(kind, text, fault);
    }

    /** A request failed, for want of memory perhaps: counted, and takes none. */
    void failed() {
        counters.failed();
    }

    /**
     * A peer is refused something: counted; at DEBUG, or if there is something for developers, at
     * WARN.
     */
    void refused(HttpErrorException refusal) {
        counters.refused(refusal);
        String forDevelopers = refusal.forDevelopers();
        if (forDevelopers != null) {
            tell(
                    "rule " + refusal.code(),
                    "Refused, in words that the peer was not told: " + forDevelopers,
                    null);
        }
        if (LOG.isDebugEnabled()) {
            debug(refusal);
        }
    }

    private void debug(HttpErrorException refusal) {
        try {
            String kind = refusal.status() + " " + refusal.code();
            if (refusals.take(kind, 1) == 0) {
                LOG.debug("Refused: {}, {}", kind, CONTROL.matcher(refusal.text()).replaceAll("?"));
            }
        } catch (Throwable e) {
            // As in tell.
        }
    }

    private void tell(String kind, String text, @Nullable Throwable fault) {
        try {
            say(kind, text, fault);
        } catch (Throwable e) {
            // To log takes memory; whoever is told of the fault goes on all the same.
        }
    }

    private void say(String kind, String text, @Nullable Throwable fault) {
        long leftOut =
                kinds.computeIfAbsent(kind, name -> new OncePerMinute()).happened(clock.nanos());
        if (leftOut >= 0) {
            LOG.warn(
                    leftOut == 0 ? "{}" : "{} (and {} more like it since the last such line)",
                    text,
                    leftOut,
                    fault);
        }
    }
}
