package dev.comet.tests;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.time.Duration;
import java.util.Random;
import org.slf4j.LoggerFactory;

/**
 * Round after round of the stress: {@code mvn -Psoak -Dminutes=60}. Prints a line for each round,
 * and one at the end; ends with 1 if something was found.
 *
 * <p>{@code -Dcomet.stress.seed=…} repeats what was tried. How the threads meet is the machine's
 * doing: a finding may need several runs.
 */
public final class Soak {

    private static final Duration ROUND = Duration.ofSeconds(20);

    private Soak() {}

    /** The minutes. */
    public static void main(String[] arguments) throws InterruptedException {
        int minutes = Integer.parseInt(arguments[0]);
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        StressTotals totals = run(firstSeed(), Integer.MAX_VALUE, ROUND, end);
        System.out.println("soak: " + minutes + " min, " + totals);
        System.exit(totals.findings().isEmpty() ? 0 : 1);
    }

    static long firstSeed() {
        long seed = Long.getLong("comet.stress.seed", System.nanoTime());
        System.out.println("-Dcomet.stress.seed=" + seed);
        return seed;
    }

    /** So many rounds at most, none of which begins after this reading of the machine's clock. */
    static StressTotals run(long firstSeed, int rounds, Duration each, long endNanos)
            throws InterruptedException {
        Random seeds = new Random(firstSeed);
        StressTotals totals = StressTotals.none();
        Logger log = (Logger) LoggerFactory.getLogger("dev.comet");
        Level before = log.getLevel();
        log.setLevel(Level.OFF); // of failures that the stress wants
        try {
            for (int i = 0; i < rounds && System.nanoTime() - endNanos < 0; i++) {
                StressRound round = new StressRound(i, seeds.nextLong(), each);
                StressTotals found = round.run();
                System.out.println("round " + (i + 1) + ", " + round + ": " + found);
                found.findings().forEach(finding -> System.out.println("  " + finding));
                totals = totals.plus(found);
            }
        } finally {
            log.setLevel(before);
        }
        return totals;
    }
}
