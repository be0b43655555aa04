package dev.comet.http;

import dev.comet.CometException;
import dev.comet.http.CometHttpStatistics.Hooks;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** What {@link CometHttpStatistics} reports. Safe for use by any number of threads. */
final class HttpCounters {

    /** By status and code: as many as there are kinds of errors. */
    private final Map<String, LongAdder> refusals = new ConcurrentHashMap<>();

    private final LongAdder hookCalls = new LongAdder();
    private final LongAdder hookFailures = new LongAdder();
    private final LongAdder hookNanos = new LongAdder();
    private final LongAccumulator longestHookNanos = new LongAccumulator(Math::max, 0);

    /** Counts a refusal, and is the answer. */
    CometResponse answer(Refusal refusal) {
        refusals.computeIfAbsent(refusal.status() + " " + refusal.code(), kind -> new LongAdder())
                .increment();
        return refusal.response();
    }

    /** Calls a hook. */
    <T extends @Nullable Object> T timed(Callable<T> hook) throws Exception {
        long begin = System.nanoTime();
        boolean failed = true;
        try {
            T result = hook.call();
            failed = false;
            return result;
        } catch (CometException e) {
            failed = false; // that is how a hook refuses
            throw e;
        } finally {
            long nanos = System.nanoTime() - begin;
            hookCalls.increment();
            hookNanos.add(nanos);
            longestHookNanos.accumulate(nanos);
            if (failed) {
                hookFailures.increment();
            }
        }
    }

    CometHttpStatistics read(long unreadAnswerBytes) {
        Map<String, Long> byKind = new TreeMap<>();
        refusals.forEach((kind, count) -> byKind.put(kind, count.sum()));
        return new CometHttpStatistics(
                Map.copyOf(byKind),
                new Hooks(
                        hookCalls.sum(),
                        hookFailures.sum(),
                        Duration.ofNanos(hookNanos.sum()),
                        Duration.ofNanos(longestHookNanos.get())),
                unreadAnswerBytes);
    }
}
