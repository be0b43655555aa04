package dev.comet.http;

import dev.comet.http.CometHttpStatistics.Hooks;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What {@link CometHttpStatistics} reports. Safe for use by any number of threads. */
final class HttpCounters {

    /** By status and code: as many as there are kinds of errors. */
    private final Map<String, LongAdder> refusals = new ConcurrentHashMap<>();

    /** By limit: as many as there are options for them. */
    private final Map<String, LongAdder> limits = new ConcurrentHashMap<>();

    private final AtomicLong failed = new AtomicLong(); // takes no memory to count
    private final LongAdder hookCalls = new LongAdder();
    private final LongAdder hookFailures = new LongAdder();
    private final LongAdder hookNanos = new LongAdder();
    private final LongAccumulator longestHookNanos = new LongAccumulator(Math::max, 0);

    void refused(HttpErrorException refusal) {
        refusals.computeIfAbsent(refusal.status() + " " + refusal.code(), kind -> new LongAdder())
                .increment();
        String limit = refusal.limit();
        if (limit != null) {
            limits.computeIfAbsent(limit, kind -> new LongAdder()).increment();
        }
    }

    /** Counts a request that failed, for want of memory perhaps. */
    void failed() {
        failed.incrementAndGet();
    }

    /** Calls a hook. */
    <T extends @Nullable Object> T timed(Callable<T> hook) throws Exception {
        long begin = System.nanoTime();
        try {
            return hook.call();
        } finally {
            long nanos = System.nanoTime() - begin;
            hookCalls.increment();
            hookNanos.add(nanos);
            longestHookNanos.accumulate(nanos);
        }
    }

    /** To be called by {@link FaultLog#hook}, which is told of each failure once. */
    void hookFailed() {
        hookFailures.increment();
    }

    CometHttpStatistics read(long unreadAnswerBytes) {
        Map<String, Long> byKind = read(refusals);
        if (failed.get() > 0) {
            byKind.merge(
                    "500 " + HttpErrorException.handlerFailed().code(), failed.get(), Long::sum);
        }
        return new CometHttpStatistics(
                Map.copyOf(byKind),
                Map.copyOf(read(limits)),
                new Hooks(
                        hookCalls.sum(),
                        hookFailures.sum(),
                        Duration.ofNanos(hookNanos.sum()),
                        Duration.ofNanos(longestHookNanos.get())),
                unreadAnswerBytes);
    }

    private static Map<String, Long> read(Map<String, LongAdder> counts) {
        Map<String, Long> sums = new TreeMap<>();
        counts.forEach((kind, count) -> sums.put(kind, count.sum()));
        return sums;
    }
}
