package dev.comet.benchmarks;

import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.DoubleStream;

/** Lines over logarithmic axes, as SVG. */
final class Plot {

    private static final int WIDTH = 720;
    private static final int HEIGHT = 420;
    private static final int LEFT = 70;
    private static final int RIGHT = 150;
    private static final int TOP = 40;
    private static final int BOTTOM = 60;

    /** Told apart by those who see no red or green, too. */
    private static final List<String> COLOURS =
            List.of("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000");

    private final String title;
    private final String axis;
    private final Map<String, Map<Integer, Double>> lines;
    private final double lowX;
    private final double highX;
    private final double lowY;
    private final double highY;

    /**
     * @param title what is drawn upwards
     * @param axis what is drawn to the right
     * @param lines at least one, by name; the points of each, at least one, by what is drawn to the
     *     right
     */
    Plot(String title, String axis, Map<String, Map<Integer, Double>> lines) {
        this.title = title;
        this.axis = axis;
        this.lines = lines;
        DoubleSummaryStatistics xs =
                summary(lines, line -> line.keySet().stream().mapToDouble(Integer::doubleValue));
        DoubleSummaryStatistics ys =
                summary(lines, line -> line.values().stream().mapToDouble(Double::doubleValue));
        lowX = xs.getMin();
        highX = xs.getMax();
        lowY = Math.pow(10, Math.floor(Math.log10(ys.getMin())));
        highY = Math.pow(10, Math.ceil(Math.log10(ys.getMax())));
    }

    private static DoubleSummaryStatistics summary(
            Map<String, Map<Integer, Double>> lines,
            Function<Map<Integer, Double>, DoubleStream> part) {
        return lines.values().stream().flatMapToDouble(part).summaryStatistics();
    }

    String svg() {
        StringBuilder svg = new StringBuilder();
        add(
                svg,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\" aria-label=\"%s by %s\">",
                WIDTH,
                HEIGHT,
                title,
                axis);
        add(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", WIDTH, HEIGHT);
        add(svg, "<text x=\"%d\" y=\"22\" fill=\"#222\">%s</text>", LEFT, title);
        add(svg, "<text x=\"%d\" y=\"%d\" fill=\"#222\">%s</text>", LEFT, HEIGHT - 14, axis);
        grid(svg);
        int index = 0;
        for (Map.Entry<String, Map<Integer, Double>> line : lines.entrySet()) {
            line(svg, line.getKey(), line.getValue(), index++);
        }
        return svg.append("</svg>\n").toString();
    }

    private void grid(StringBuilder svg) {
        for (double y = lowY; y <= highY * 1.001; y *= 10) {
            for (int times : new int[] {1, 2, 5}) {
                if (y * times <= highY * 1.001) {
                    add(
                            svg,
                            "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>",
                            LEFT,
                            WIDTH - RIGHT,
                            y(y * times),
                            y(y * times),
                            times == 1 ? "#bbb" : "#eee");
                    add(
                            svg,
                            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\" fill=\"#555\">%s</text>",
                            LEFT - 8,
                            y(y * times) + 4,
                            number(y * times));
                }
            }
        }
        lines.values().stream()
                .flatMap(line -> line.keySet().stream())
                .distinct()
                .sorted()
                .forEach(
                        x -> {
                            add(
                                    svg,
                                    "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#eee\"/>",
                                    x(x),
                                    x(x),
                                    TOP,
                                    HEIGHT - BOTTOM);
                            add(
                                    svg,
                                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#555\">%,d</text>",
                                    x(x),
                                    HEIGHT - BOTTOM + 18,
                                    x);
                        });
    }

    private void line(StringBuilder svg, String name, Map<Integer, Double> points, int index) {
        String colour = COLOURS.get(index % COLOURS.size());
        StringBuilder path = new StringBuilder();
        points.forEach(
                (x, y) ->
                        path.append(
                                String.format(
                                        Locale.ROOT,
                                        "%s%.1f %.1f",
                                        path.isEmpty() ? "M" : " L",
                                        x(x),
                                        y(y))));
        add(svg, "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>", path, colour);
        points.forEach(
                (x, y) ->
                        add(
                                svg,
                                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>",
                                x(x),
                                y(y),
                                colour));
        int legend = TOP + 10 + 22 * index;
        add(
                svg,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\" stroke=\"%s\" stroke-width=\"3\"/>",
                WIDTH - RIGHT + 16,
                WIDTH - RIGHT + 36,
                legend,
                legend,
                colour);
        add(
                svg,
                "<text x=\"%d\" y=\"%d\" fill=\"#222\">%s</text>",
                WIDTH - RIGHT + 42,
                legend + 4,
                name);
    }

    private double x(double value) {
        return LEFT + (WIDTH - LEFT - RIGHT) * share(value, lowX, highX);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(value, lowY, highY);
    }

    private static double share(double value, double low, double high) {
        return Math.log(value / low) / Math.log(high / low);
    }

    private static String number(double value) {
        return value < 1
                ? String.format(Locale.ROOT, "%.2f", value)
                : String.format(Locale.ROOT, "%,.0f", value);
    }

    private static void add(StringBuilder svg, String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
