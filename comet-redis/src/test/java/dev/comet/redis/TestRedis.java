package dev.comet.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;
import redis.embedded.core.ExecutableProvider;

/** A Redis server of this process's own, on a free port of the loopback; it ends with it. */
public final class TestRedis implements AutoCloseable {

    private static @Nullable TestRedis shared;
    private static @Nullable TestRedis oldest;

    private final List<String> command = new ArrayList<>();
    private final int port;
    private Process process;

    private TestRedis(String executable, String... options) throws IOException {
        this(List.of(executable), options);
    }

    private TestRedis(List<String> begin, String... options) throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Path directory = Files.createTempDirectory("comet-redis");
        command.addAll(begin);
        command.addAll(
                List.of(
                        "--port",
                        String.valueOf(port),
                        "--bind",
                        "127.0.0.1",
                        "--dir",
                        directory.toString()));
        command.addAll(List.of(options));
        process = start();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> process.destroyForcibly()));
    }

    /** One server for all tests that do not harm it; each has a namespace of its own. */
    public static synchronized TestRedis shared() {
        if (shared == null) {
            shared = start("--save", "", "--appendonly", "no");
        }
        return shared;
    }

    /** A Redis 6.2, which the tests bring along, as {@link #shared}. */
    static synchronized TestRedis oldest() {
        if (oldest == null) {
            try {
                oldest = new TestRedis(broughtAlong(), "--save", "", "--appendonly", "no");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
        return oldest;
    }

    private static String broughtAlong() {
        try {
            return ExecutableProvider.newJarResourceProvider().get().getPath();
        } catch (IOException | RuntimeException e) {
            throw new TestAbortedException(
                    "skipped: no redis-server on the PATH, nor one in embedded-redis for this"
                            + " machine",
                    e);
        }
    }

    /** A server of one's own. */
    public static TestRedis start(String... options) {
        try {
            return new TestRedis(executable(), options);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A sentinel that promotes a replica half a second after the master is gone. */
    static TestRedis startSentinel(String name, TestRedis master) {
        try {
            Path options = Files.createTempFile("comet-sentinel", ".conf");
            Files.writeString(
                    options,
                    """
                    sentinel monitor %1$s 127.0.0.1 %2$d 1
                    sentinel down-after-milliseconds %1$s 500
                    sentinel failover-timeout %1$s 2000
                    """
                            .formatted(name, master.port));
            return new TestRedis(List.of(executable(), options.toString(), "--sentinel"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** What this machine has, or else what the tests bring along. */
    private static String executable() {
        String wanted = System.getenv("COMET_REDIS_SERVER");
        if (wanted != null) {
            return wanted;
        }
        for (String name : List.of("redis-server", "valkey-server")) {
            for (String directory : System.getenv("PATH").split(File.pathSeparator, -1)) {
                File file = new File(directory, name);
                if (file.canExecute()) {
                    return file.getPath();
                }
            }
        }
        return broughtAlong();
    }

    private Process start() throws IOException {
        Process started =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        process = started;
        awaitAnswer();
        return started;
    }

    private void awaitAnswer() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            RedisClient client = RedisClient.create(uri());
            try (var connection = client.connect()) {
                connection.sync().ping();
                return;
            } catch (RuntimeException e) {
                if (System.nanoTime() - end > 0 || !process.isAlive()) {
                    throw new AssertionError("no Redis: " + command, e);
                }
            } finally {
                client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
            }
        }
    }

    /** Where it is. */
    public RedisURI uri() {
        return RedisURI.create("redis://127.0.0.1:" + port);
    }

    /** What the server answers, over a connection of its own. */
    <T> T ask(Function<RedisCommands<String, String>, T> what) {
        RedisClient client = RedisClient.create(uri());
        try (var connection = client.connect()) {
            return what.apply(connection.sync());
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    /** How many scripts it has run. */
    long scripts() {
        String said = ask(redis -> redis.info("commandstats"));
        return said.lines()
                .filter(line -> line.startsWith("cmdstat_evalsha:"))
                .map(line -> line.replaceAll(".*:calls=(\\d+),.*", "$1"))
                .mapToLong(Long::parseLong)
                .sum();
    }

    /** SIGKILL. */
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** SIGSTOP: it takes what is sent to it, and does it later. */
    public void suspend() {
        signal("-STOP");
    }

    /** SIGCONT. */
    public void resume() {
        signal("-CONT");
    }

    private void signal(String signal) {
        try {
            new ProcessBuilder("kill", signal, String.valueOf(process.pid())).start().waitFor();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** On the same port, with what it has written. */
    public void startAgain() {
        try {
            start();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}
