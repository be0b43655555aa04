package dev.comet.chaos;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is wrong, by kind; of many of a kind the first are kept in words. Any thread. */
final class Findings {

    private static final int KEPT = 8;

    private final Map<String, List<String>> texts = new LinkedHashMap<>(); // guarded by this
    private final Map<String, Integer> counts = new LinkedHashMap<>(); // guarded by this

    synchronized void add(String kind, String text) {
        counts.merge(kind, 1, Integer::sum);
        List<String> kept = texts.computeIfAbsent(kind, k -> new ArrayList<>());
        if (kept.size() < KEPT) {
            kept.add(text);
        }
    }

    synchronized int count() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    synchronized List<String> lines() {
        List<String> lines = new ArrayList<>();
        texts.forEach(
                (kind, kept) -> {
                    lines.add(kind + " × " + counts.get(kind));
                    kept.forEach(text -> lines.add("  " + text));
                });
        return lines;
    }
}
