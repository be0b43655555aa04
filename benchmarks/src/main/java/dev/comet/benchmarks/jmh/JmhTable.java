package dev.comet.benchmarks.jmh;

import java.util.Collection;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * JMH's results in Markdown: time and allocation, for an operation and for each of what it counts.
 */
final class JmhTable {

    private static final String ALLOCATED = "gc.alloc.rate.norm";
    private static final Pattern WHOLE_NUMBER = Pattern.compile("\\d+");

    private JmhTable() {}

    static String markdown(Collection<RunResult> results) {
        StringBuilder text = new StringBuilder();
        text.append("| benchmark | ns/op | ± (99.9 %) | B/op | ns each | B each |\n");
        text.append("|---|---:|---:|---:|---:|---:|\n");
        results.forEach(result -> row(result, text));
        return text.toString();
    }

    private static void row(RunResult result, StringBuilder text) {
        Result<?> time = result.getPrimaryResult();
        Result<?> allocated = result.getSecondaryResults().get(ALLOCATED);
        double bytes = allocated == null ? Double.NaN : allocated.getScore();
        double count = count(result.getParams());
        text.append(
                "| %s | %s | %s | %s | %s | %s |%n"
                        .formatted(
                                name(result.getParams()),
                                number(time.getScore()),
                                number(time.getScoreError()),
                                number(bytes),
                                number(time.getScore() / count),
                                number(bytes / count)));
    }

    private static String name(BenchmarkParams params) {
        String[] parts = params.getBenchmark().split("\\.", -1);
        String values =
                params.getParamsKeys().stream()
                        .map(key -> key + " " + params.getParam(key))
                        .collect(Collectors.joining(", "));
        return parts[parts.length - 2]
                + "."
                + parts[parts.length - 1]
                + (values.isEmpty() ? "" : ", " + values);
    }

    /** How many receivers or messages one operation has; not a number if it has none to count. */
    private static double count(BenchmarkParams params) {
        return params.getParamsKeys().stream()
                .map(params::getParam)
                .filter(value -> WHOLE_NUMBER.matcher(value).matches())
                .mapToDouble(Double::parseDouble)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%,.0f", value);
    }
}
