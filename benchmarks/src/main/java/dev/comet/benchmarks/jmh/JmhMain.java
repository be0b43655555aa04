package dev.comet.benchmarks.jmh;

import dev.comet.benchmarks.Benchmark;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Comet's engine and in-process provider without HTTP: {@code mvn -Pbenchmark -Djmh}, or {@code
 * -Djmh=Broadcast} for those whose name this regular expression finds. Progress goes to the error
 * stream, the table to the output.
 */
public final class JmhMain {

    private JmhMain() {}

    /** Measures all, or as the system properties jmh and quick say. */
    public static void main(String[] args) throws RunnerException {
        Benchmark.endWithParent();
        boolean quick = Benchmark.isSet("quick");
        var options =
                new OptionsBuilder()
                        .include(which())
                        .mode(Mode.AverageTime)
                        .timeUnit(TimeUnit.NANOSECONDS)
                        .forks(quick ? 1 : 2)
                        .warmupIterations(quick ? 3 : 5)
                        .warmupTime(TimeValue.seconds(1))
                        .measurementIterations(quick ? 3 : 5)
                        .measurementTime(TimeValue.seconds(1))
                        .timeout(TimeValue.minutes(1)) // an answer that never comes is not awaited
                        .shouldFailOnError(true)
                        .addProfiler(GCProfiler.class)
                        .jvmArgs("-Xms1g", "-Xmx1g") // not those of this JVM
                        .build();
        var progress = OutputFormatFactory.createFormatInstance(System.err, VerboseMode.NORMAL);
        Collection<RunResult> results = new Runner(options, progress).run();
        System.out.println(JmhTable.markdown(results));
        System.exit(0);
    }

    private static String which() {
        String only = System.getProperty("jmh", "");
        if (!Benchmark.isSet("jmh") || only.equals("true")) {
            only = ""; // -Djmh alone
        }
        return JmhMain.class.getPackageName().replace(".", "\\.") + "\\..*(" + only + ")";
    }
}
