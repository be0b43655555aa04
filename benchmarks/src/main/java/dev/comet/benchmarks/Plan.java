package dev.comet.benchmarks;

import dev.comet.benchmarks.server.Server;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What is measured, and for how long.
 *
 * @param servers in the order in which they take turns
 * @param leftOut servers that this machine has not what it takes for
 * @param scenarios which
 * @param runs how often each server is started anew
 * @param clients in the small scenarios
 * @param many clients in the large ones; fewer than the descriptors that a process may have
 * @param idle clients of the idle scenario, likewise
 * @param warmUpSeconds before anything is measured: the compilers share the server's one processor
 * @param seconds each measurement, or each step of a search
 * @param serverOptions more options of the servers' JVM, such as a recording for a profile;
 *     separated by blanks
 * @param plots the folder for plots, or empty for tables
 * @param failures so many rates in a row end the doubling of a search. Not one, if there is time:
 *     where a rate makes single answers too many, a higher one may make batches
 * @param halvings how exactly a highest rate is searched, after doubling
 */
record Plan(
        List<Server> servers,
        List<Server> leftOut,
        Set<Scenario> scenarios,
        int runs,
        int clients,
        int many,
        int idle,
        int warmUpSeconds,
        int seconds,
        int failures,
        int halvings,
        List<String> serverOptions,
        String plots) {

    static Plan fromProperties() {
        boolean quick = Benchmark.isSet("quick");
        List<Server> servers =
                list("servers").isEmpty()
                        ? quick
                                ? List.of(Server.BARE_JETTY, Server.COMETD, Server.COMET_JETTY)
                                : List.of(Server.values())
                        : list("servers").stream().map(Server::named).toList();
        Set<Scenario> scenarios = new TreeSet<>();
        list("scenarios").forEach(name -> scenarios.add(Scenario.named(name)));
        if (scenarios.isEmpty()) {
            scenarios.addAll(Arrays.asList(Scenario.values()));
        }
        return new Plan(
                servers.stream().filter(server -> server.lacks().isEmpty()).toList(),
                servers.stream().filter(server -> !server.lacks().isEmpty()).toList(),
                scenarios,
                number("runs", quick ? 1 : 3),
                number("clients", 1_000),
                number("many", 10_000),
                number("many", quick ? 1_000 : 10_000),
                number("warmUp", quick ? 6 : 18),
                number("seconds", quick ? 1 : 5),
                quick ? 1 : 2,
                quick ? 0 : 3,
                list("serverOptions", " "),
                System.getProperty("plots", "").strip());
    }

    private static List<String> list(String property) {
        return list(property, ",");
    }

    private static List<String> list(String property, String separator) {
        List<String> values = new ArrayList<>();
        for (String value : System.getProperty(property, "").split(separator, -1)) {
            if (!value.isBlank()) {
                values.add(value.strip());
            }
        }
        return values;
    }

    private static int number(String property, int unset) {
        String value = System.getProperty(property, "");
        return value.isBlank() ? unset : Integer.parseInt(value.strip());
    }
}
