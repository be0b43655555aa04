package dev.comet.tests;

import dev.comet.CometStatistics;
import java.util.List;

/** How often what happened, in one round or in several. */
record StressTotals(
        long deliveries,
        long disconnected,
        long killed,
        long overflows,
        long drained,
        long closed,
        long reuses,
        long gaps,
        long superseded,
        long abandoned,
        long cutOff,
        long timeouts,
        long requests,
        long replies,
        long refusedSends,
        long refusedTasks,
        long injected,
        List<String> findings) {

    static StressTotals none() {
        return new StressTotals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, List.of());
    }

    static StressTotals of(
            CometStatistics statistics,
            long received,
            long[] ends,
            long drained,
            long closed,
            long reuses,
            long refusedTasks,
            long injected,
            List<String> findings) {
        return new StressTotals(
                received,
                ends[0],
                ends[1],
                ends[2],
                drained,
                closed,
                reuses,
                statistics.losses().gaps(),
                statistics.held().superseded(),
                statistics.held().abandoned(),
                statistics.held().cutOff(),
                statistics.held().timeouts(),
                statistics.requests().replied()
                        + statistics.requests().failed()
                        + statistics.requests().timedOut(),
                statistics.requests().replied(),
                statistics.messages().refused(),
                refusedTasks,
                injected,
                findings);
    }

    StressTotals plus(StressTotals other) {
        List<String> all = new java.util.ArrayList<>(findings);
        all.addAll(other.findings);
        return new StressTotals(
                deliveries + other.deliveries,
                disconnected + other.disconnected,
                killed + other.killed,
                overflows + other.overflows,
                drained + other.drained,
                closed + other.closed,
                reuses + other.reuses,
                gaps + other.gaps,
                superseded + other.superseded,
                abandoned + other.abandoned,
                cutOff + other.cutOff,
                timeouts + other.timeouts,
                requests + other.requests,
                replies + other.replies,
                refusedSends + other.refusedSends,
                refusedTasks + other.refusedTasks,
                injected + other.injected,
                List.copyOf(all));
    }

    long ends() {
        return disconnected + killed + overflows;
    }

    @Override
    public String toString() {
        return deliveries
                + " deliveries, "
                + ends()
                + " ends of clients ("
                + disconnected
                + " disconnected, "
                + killed
                + " killed, "
                + overflows
                + " overflow), ends of requests ("
                + superseded
                + " superseded, "
                + abandoned
                + " abandoned, "
                + cutOff
                + " cut off, "
                + timeouts
                + " timed out, "
                + drained
                + " drained, "
                + closed
                + " closed), "
                + reuses
                + " reuses of tokens, "
                + gaps
                + " gaps, "
                + requests
                + " requests ("
                + replies
                + " replies), "
                + refusedSends
                + " refused sends, "
                + refusedTasks
                + " refusals of executors, "
                + injected
                + " injected failures, findings "
                + findings.size();
    }
}
