package dev.comet.benchmarks;

import java.io.IOException;

/**
 * For the highest rate that a server keeps: everything arrives, once and in order, and fast enough.
 * Used once.
 */
final class Search {

    /** So often is the first rate halved for a server that does not keep it. */
    private static final int LOWER = 3;

    /**
     * So many rates in a row end the doubling. Not one: where a rate makes single answers too many,
     * a higher one may make batches.
     */
    private static final int TOO_MUCH = 2;

    private static final int MOST_DOUBLINGS = 16;

    private final Run run;
    private final Run.Step step;
    private final int seconds;
    private final int halvings;
    private final long mostMicros;
    private Result best;
    private int bestRate;
    private Result last;

    /**
     * @param seconds each rate is tried
     * @param halvings of the distance between what was kept and what was not
     * @param mostMicros which the 99th percentile of the times must not exceed
     */
    Search(Run run, Run.Step step, int seconds, int halvings, long mostMicros) {
        this.run = run;
        this.step = step;
        this.seconds = seconds;
        this.halvings = halvings;
        this.mostMicros = mostMicros;
    }

    /**
     * Doubles the rate until it is too much, then halves the distance. What counts is what was
     * delivered, not what was asked for. In the end half of the best rate, for its times.
     */
    Result from(int first) throws IOException {
        int failures = 0;
        for (int i = 0; i < MOST_DOUBLINGS && failures < TOO_MUCH; i++) {
            failures = attempt(first << i) ? 0 : failures + 1;
        }
        for (int i = 1; i <= LOWER && best == null; i++) {
            attempt(first >> i);
        }
        if (best == null) {
            return last.keptNothing();
        }
        int good = bestRate;
        int bad = 2 * bestRate;
        for (int i = 0; i < halvings; i++) {
            int rate = (good + bad) / 2;
            if (attempt(rate)) {
                good = rate;
            } else {
                bad = rate;
            }
        }
        return best.withHalf(run.measure(step, Math.max(1, bestRate / 2), seconds).micros());
    }

    private boolean attempt(int rate) throws IOException {
        if (seconds > 1) {
            step.run(rate, seconds / 2); // a new rate has the compilers decide anew
        }
        last = run.measure(step, rate, seconds);
        boolean kept = kept(last);
        System.err.printf(
                "  %,d/s: %,.0f deliveries/s, %.1f an answer, p99 %.1f ms%s%n",
                rate,
                last.perSecond(),
                last.perAnswer(),
                last.micros().getValueAtPercentile(99) / 1e3,
                kept ? "" : ", too much");
        if (kept && (best == null || last.perSecond() > best.perSecond())) {
            best = last;
            bestRate = rate;
        }
        return kept;
    }

    private boolean kept(Result result) {
        return result.faults().none()
                && result.micros().getTotalCount() > 0
                && result.micros().getValueAtPercentile(99) <= mostMicros;
    }
}
