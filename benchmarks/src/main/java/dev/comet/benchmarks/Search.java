package dev.comet.benchmarks;

import java.io.IOException;

/**
 * For the highest rate that a server keeps: everything arrives, once and in order, and fast enough.
 * Used once.
 */
final class Search {

    /** So often is the first rate halved for a server that does not keep it. */
    private static final int LOWER = 3;

    private static final int MOST_DOUBLINGS = 16;

    private final Run run;
    private final Run.Step step;
    private final Plan plan;
    private final long mostMicros;
    private Result best;
    private int bestRate;
    private Result last;

    /**
     * @param plan how long, and how exactly
     * @param mostMicros which the 99th percentile of the times must not exceed
     */
    Search(Run run, Run.Step step, Plan plan, long mostMicros) {
        this.run = run;
        this.step = step;
        this.plan = plan;
        this.mostMicros = mostMicros;
    }

    /**
     * Doubles the rate until it is too much, then halves the distance. What counts is what was
     * delivered, not what was asked for. In the end half of the best rate, for its times.
     */
    Result from(int first) throws IOException {
        int failures = 0;
        for (int i = 0; i < MOST_DOUBLINGS && failures < plan.failures(); i++) {
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
        for (int i = 0; i < plan.halvings(); i++) {
            int rate = (good + bad) / 2;
            if (attempt(rate)) {
                good = rate;
            } else {
                bad = rate;
            }
        }
        return best.withHalf(run.measure(step, Math.max(1, bestRate / 2), plan.seconds()).micros());
    }

    private boolean attempt(int rate) throws IOException {
        if (plan.seconds() > 1) {
            step.run(rate, plan.seconds() / 2); // a new rate has the compilers decide anew
        }
        last = run.measure(step, rate, plan.seconds());
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
