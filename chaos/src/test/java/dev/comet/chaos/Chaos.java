package dev.comet.chaos;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The chaos run: {@code mvn -Pchaos -Dminutes=30}, half of it with a Redis that keeps everything
 * and half with one that keeps nothing, or all of it with one of them ({@code -Dstore=AOF}). Prints
 * a line for each, and ends with 1 if something was found.
 *
 * <p>{@code -Dseed=…} repeats what was tried. How the processes meet is the machine's doing: a
 * finding may need several runs.
 */
public final class Chaos {

    private Chaos() {}

    /** The minutes. */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int minutes = Integer.parseInt(arguments[0]);
        if (!JsClients.isThere()) {
            System.out.println("skipped: no node on the PATH, so no clients of comet.js");
        }
        List<ChaosRun.Outcome> outcomes = run(Duration.ofMinutes(minutes));
        System.exit(outcomes.stream().allMatch(each -> each.findings().isEmpty()) ? 0 : 1);
    }

    /** One outcome for each store. */
    static List<ChaosRun.Outcome> run(Duration length) throws IOException, InterruptedException {
        String given = System.getProperty("seed", "");
        long seed = given.isEmpty() ? System.nanoTime() : Long.parseLong(given);
        System.out.println("-Dseed=" + seed);
        Random seeds = new Random(seed);
        List<ChaosRun.Outcome> outcomes = new ArrayList<>();
        String wanted = System.getProperty("store", "");
        List<Store> stores =
                wanted.isEmpty() ? List.of(Store.values()) : List.of(Store.valueOf(wanted));
        Duration each = length.dividedBy(stores.size());
        for (Store store : stores) {
            ChaosRun.Outcome outcome = new ChaosRun(store, each, seeds.nextLong()).run();
            System.out.println(
                    "chaos: " + each.toSeconds() + " s, " + store + ", " + outcome.line());
            outcome.findings().forEach(finding -> System.out.println("  " + finding));
            outcomes.add(outcome);
        }
        return outcomes;
    }
}
