package dev.comet.benchmarks;

import dev.comet.benchmarks.server.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One server goes through the scenarios, one after the other. */
final class Course {

    private static final int FIRST_BROADCASTS = 25;
    private static final int FIRST_POSTS = 1_000;
    private static final int WARM_UP_POSTS = 1_500;
    private static final long SECOND_MICROS = 1_000_000;
    private static final int POLLS_BEFORE_IDLE = 4;
    private static final List<String> JVM =
            List.of("-XX:+UseG1GC", "-Xms256m", "-Xmn128m", "-Xmx4g");

    private static final int MEGABYTES_FOR_MEMORY = 512;
    private static final int POLLS_PER_MEGABYTE = 5;

    private final Server server;
    private final Plan plan;
    private final Path log;
    private final Map<Scenario, Result> results = new EnumMap<>(Scenario.class);

    Course(Server server, Plan plan, Path log) {
        this.server = server;
        this.plan = plan;
        this.log = log;
    }

    Map<Scenario, Result> results() throws IOException {
        if (wants(Scenario.IDLE)) {
            progress("idle");
            idle();
        }
        if (plan.scenarios().stream().anyMatch(scenario -> scenario != Scenario.IDLE)) {
            speed();
        }
        return results;
    }

    private boolean wants(Scenario scenario) {
        return plan.scenarios().contains(scenario);
    }

    private void speed() throws IOException {
        try (Run run = new Run(server, jvm(plan), log)) {
            run.connectUpTo(plan.clients());
            progress("warm-up");
            run.closed(Duration.ofSeconds(plan.warmUpSeconds()));
            if (wants(Scenario.CLOSED)) {
                results.put(Scenario.CLOSED, run.closed(Duration.ofSeconds(plan.seconds())));
            }
            if (wants(Scenario.SATURATED)) {
                progress("saturated");
                results.put(
                        Scenario.SATURATED,
                        search(run, run::broadcast, SECOND_MICROS).from(FIRST_BROADCASTS));
            }
            if (wants(Scenario.CLOSED_MANY)) {
                progress("closed-many");
                run.connectUpTo(plan.many());
                run.closed(Duration.ofSeconds(plan.seconds()));
                results.put(
                        Scenario.CLOSED_MANY, run.closed(Duration.ofSeconds(2L * plan.seconds())));
            }
            if (wants(Scenario.ROOMS)) {
                progress("rooms");
                Run.Step posts = run.connectInRooms(plan.clients());
                // The compilers see the new path.
                posts.run(WARM_UP_POSTS, Math.max(1, plan.warmUpSeconds() / 2));
                results.put(
                        Scenario.ROOMS, search(run, posts, SECOND_MICROS / 10).from(FIRST_POSTS));
            }
            tell(run);
        }
    }

    private Search search(Run run, Run.Step step, long mostMicros) {
        return new Search(run, step, plan, mostMicros);
    }

    /** In a process of its own: buffers of earlier work are not those of held polls. */
    private void idle() throws IOException {
        try (Run run = new Run(server, jvm(forMemory(plan), plan), log)) {
            Run.Memory before = run.memory();
            run.connectUpTo(plan.idle());
            for (int i = 0; i < POLLS_BEFORE_IDLE; i++) {
                run.closed(Duration.ZERO);
            }
            Run.Memory after = run.memory();
            results.put(
                    Scenario.IDLE,
                    run.idle(Duration.ofSeconds(2L * plan.seconds()))
                            .with(after.since(before, run.connected())));
            tell(run);
        }
    }

    private void progress(String what) {
        System.err.printf("%tT %s: %s%n", System.currentTimeMillis(), server, what);
    }

    /** All of the heap is in RAM from the beginning: what is added later is outside of it. */
    private static List<String> forMemory(Plan plan) {
        int megabytes = MEGABYTES_FOR_MEMORY + plan.idle() / POLLS_PER_MEGABYTE;
        return List.of(
                "-XX:+UseG1GC",
                "-Xms" + megabytes + "m",
                "-Xmx" + megabytes + "m",
                "-XX:+AlwaysPreTouch");
    }

    static List<String> jvm(Plan plan) {
        return jvm(JVM, plan);
    }

    private static List<String> jvm(List<String> options, Plan plan) {
        List<String> all = new ArrayList<>(options);
        all.addAll(plan.serverOptions());
        return all;
    }

    private void tell(Run run) {
        run.troubles()
                .forEach((what, count) -> System.err.println(server + ": " + count + " × " + what));
    }
}
