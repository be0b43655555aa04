package dev.comet.benchmarks;

import dev.comet.benchmarks.Result.Faults;
import dev.comet.benchmarks.server.Server;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** The tables: one per scenario, a line per server, in Markdown. */
final class Report {

    private final Plan plan;
    private final Map<Scenario, Map<Server, List<Result>>> results = new EnumMap<>(Scenario.class);

    Report(Plan plan) {
        this.plan = plan;
    }

    void add(Server server, Map<Scenario, Result> run) {
        run.forEach(
                (scenario, result) ->
                        results.computeIfAbsent(scenario, unused -> new EnumMap<>(Server.class))
                                .computeIfAbsent(server, unused -> new ArrayList<>())
                                .add(result));
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        results.forEach(
                (scenario, byServer) -> {
                    text.append("\n### ")
                            .append(scenario.title(plan))
                            .append("\n\n")
                            .append(scenario.text())
                            .append("\n\n");
                    if (scenario == Scenario.IDLE) {
                        idle(byServer, text);
                    } else {
                        speed(byServer, text);
                    }
                });
        return text.toString();
    }

    private static void speed(Map<Server, List<Result>> byServer, StringBuilder text) {
        text.append(
                "| server | deliveries/s, median (min–max) | × bare | × CometD | p50 / p99 / p99.9 ms | p99 ms at half load"
                        + " | server CPU per delivery | CPU server / load | RSS MB | lost / twice / out of order / announced |\n"
                        + "|---|---|---|---|---|---|---|---|---|---|\n");
        byServer.forEach(
                (server, runs) ->
                        text.append(
                                        "| %s | %s (%s–%s) "
                                                .formatted(
                                                        server,
                                                        count(median(runs, Result::perSecond)),
                                                        count(least(runs)),
                                                        count(most(runs))))
                                .append(
                                        "| %s | %s "
                                                .formatted(
                                                        ratio(runs, byServer.get(server.bare())),
                                                        ratio(runs, byServer.get(Server.COMETD))))
                                .append("| %s | %s ".formatted(times(runs), half(runs)))
                                .append(
                                        "| %s µs "
                                                .formatted(
                                                        number(
                                                                median(
                                                                        runs,
                                                                        Result
                                                                                ::serverMicrosPerDelivery),
                                                                2)))
                                .append(
                                        "| %.2f / %.2f "
                                                .formatted(
                                                        median(runs, Result::serverCpu),
                                                        median(runs, Result::loadCpu)))
                                .append(
                                        "| %.0f | %s |%n"
                                                .formatted(
                                                        median(runs, Result::residentBytes) / 1e6,
                                                        faults(runs))));
    }

    private static double least(List<Result> runs) {
        return runs.stream().mapToDouble(Result::perSecond).min().orElse(0);
    }

    private static double most(List<Result> runs) {
        return runs.stream().mapToDouble(Result::perSecond).max().orElse(0);
    }

    private static void idle(Map<Server, List<Result>> byServer, StringBuilder text) {
        text.append(
                "| server | heap per held poll | RAM outside the heap | together | CPU |\n|---|---|---|---|---|\n");
        byServer.forEach(
                (server, runs) ->
                        text.append(
                                "| %s | %s kB | %s kB | %s kB | %.2f %% of a processor |%n"
                                        .formatted(
                                                server,
                                                number(
                                                        median(
                                                                runs,
                                                                run ->
                                                                        run.perPoll().heapBytes()
                                                                                / 1e3),
                                                        2),
                                                number(
                                                        median(
                                                                runs,
                                                                run ->
                                                                        run.perPoll().otherBytes()
                                                                                / 1e3),
                                                        2),
                                                number(
                                                        median(
                                                                runs,
                                                                run -> run.perPoll().bytes() / 1e3),
                                                        2),
                                                median(runs, Result::serverCpu) * 100)));
    }

    private static String half(List<Result> runs) {
        Histogram all = together(runs, Result::atHalf);
        return all.getTotalCount() == 0 ? "–" : number(all.getValueAtPercentile(99) / 1e3, 1);
    }

    private static String number(double value, int digits) {
        return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%,." + digits + "f", value);
    }

    private static String times(List<Result> runs) {
        Histogram all = together(runs, Result::micros);
        return "%.1f / %.1f / %.1f"
                .formatted(
                        all.getValueAtPercentile(50) / 1e3,
                        all.getValueAtPercentile(99) / 1e3,
                        all.getValueAtPercentile(99.9) / 1e3);
    }

    private static Histogram together(List<Result> runs, Function<Result, Histogram> times) {
        Histogram all = new Histogram(runs.get(0).micros()); // of its range, and empty
        runs.forEach(run -> all.add(times.apply(run)));
        return all;
    }

    private static String faults(List<Result> runs) {
        Faults sum = runs.stream().map(Result::faults).reduce(new Faults(0, 0, 0, 0), Faults::plus);
        return sum.lost()
                + " / "
                + sum.duplicated()
                + " / "
                + sum.reordered()
                + " / "
                + sum.announced();
    }

    private static String ratio(List<Result> runs, List<Result> others) {
        return others == null
                ? "–"
                : number(median(runs, Result::perSecond) / median(others, Result::perSecond), 2);
    }

    private static String count(double value) {
        return number(value, 0);
    }

    private static double median(List<Result> runs, ToDoubleFunction<Result> figure) {
        double[] sorted = runs.stream().mapToDouble(figure).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
