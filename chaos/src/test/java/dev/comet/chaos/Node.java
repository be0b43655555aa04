package dev.comet.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * One life of a node: a process that is told what to do, and says what it has done. Any thread may
 * tell it.
 */
final class Node {

    private static final long START_SECONDS = 60;

    private final Process process;
    private final Writer commands; // guarded by itself
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private final CompletableFuture<Void> readToItsEnd = new CompletableFuture<>();
    private final Map<String, Runnable> unanswered = new ConcurrentHashMap<>();
    private volatile boolean gone;

    /**
     * @param redis where Redis is
     * @param log what it writes as errors
     * @param lines is told each line, on a thread of its own
     */
    Node(String redis, Path log, Consumer<String[]> lines) throws IOException {
        process =
                new ProcessBuilder(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin", "java")
                                                .toString(),
                                        "-Xmx160m",
                                        "-XX:+UseSerialGC",
                                        "-XX:TieredStopAtLevel=1",
                                        "-XX:-UsePerfData",
                                        "-classpath",
                                        System.getProperty("java.class.path"),
                                        NodeMain.class.getName(),
                                        redis))
                        .redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        commands = new OutputStreamWriter(process.getOutputStream(), UTF_8);
        Thread reader = new Thread(() -> read(lines), "chaos-node-" + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read(Consumer<String[]> lines) {
        try (BufferedReader from =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                String[] words = line.split(" ", -1);
                if (words[0].equals("port")) {
                    port.complete(Integer.valueOf(words[1]));
                    continue;
                }
                // What is said of a key is said before it counts as answered, and never after.
                lines.accept(words);
                unanswered.remove(words[1]);
            }
        } catch (IOException e) {
            // It was killed: what it had said has been read.
        } finally {
            gone = true;
            port.completeExceptionally(new IllegalStateException("the node did not start"));
            for (String key : List.copyOf(unanswered.keySet())) {
                giveUp(key);
            }
            readToItsEnd.complete(null);
        }
    }

    private void giveUp(String key) {
        Runnable lost = unanswered.remove(key);
        if (lost != null) {
            lost.run();
        }
    }

    /** The port that it serves on, once it does; fails if it never will. */
    int awaitPort() throws InterruptedException, ExecutionException, TimeoutException {
        return port.get(START_SECONDS, TimeUnit.SECONDS);
    }

    /**
     * Tells it to do something.
     *
     * @param key of which it will say something
     * @param lost is run if it was killed before it did
     */
    void tell(String command, String key, Runnable lost) {
        unanswered.put(key, lost);
        try {
            synchronized (commands) {
                commands.write(command + "\n");
                commands.flush();
            }
        } catch (IOException e) {
            giveUp(key);
        }
        if (gone) {
            giveUp(key);
        }
    }

    boolean isGone() {
        return gone;
    }

    /** SIGKILL; returns when all that it has said was read. */
    void kill() {
        process.destroyForcibly();
        readToItsEnd.join();
        process.onExit().join();
    }
}
