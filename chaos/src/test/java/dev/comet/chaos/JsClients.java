package dev.comet.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.client.CometTransport;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Those of comet.js, in a process of Node.js: {@code clients.js}. */
final class JsClients implements Clients {

    private final ClientEvents events;
    private final Process process;
    private final Writer commands; // guarded by itself
    private volatile boolean closed;

    JsClients(ClientEvents events, Path log) {
        this.events = events;
        Path base = Path.of(System.getProperty("basedir", ".")).toAbsolutePath();
        try {
            process =
                    new ProcessBuilder(
                                    "node",
                                    base.resolve("src/test/js/clients.js").toString(),
                                    base.resolve("../comet-js/src/comet.js").normalize().toString())
                            .redirectError(log.toFile())
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        commands = new OutputStreamWriter(process.getOutputStream(), UTF_8);
        Thread reader = new Thread(this::read, "chaos-js");
        reader.setDaemon(true);
        reader.start();
    }

    /** Whether this machine has it. */
    static boolean isThere() {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
                .anyMatch(
                        directory ->
                                new File(directory, "node").canExecute()
                                        || new File(directory, "node.exe").canExecute());
    }

    private void read() {
        try (BufferedReader from =
                new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8))) {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                tell(line.split(" ", -1));
            }
        } catch (IOException e) {
            // The process has ended.
        }
        if (!closed) {
            events.fault("(all)", "the process of the JavaScript clients has ended");
        }
    }

    private void tell(String[] words) {
        switch (words[0]) {
            case "connected" -> events.connected(Integer.parseInt(words[1]), words[2]);
            case "connectFailed" -> events.connectFailed(Integer.parseInt(words[1]), words[2]);
            case "received" -> events.received(words[1], Long.parseLong(words[2]), words[3]);
            case "asked" -> events.asked(words[1], Long.parseLong(words[2]), words[3]);
            case "gap" ->
                    events.gap(
                            words[1], Long.parseLong(words[2]), Long.parseLong(words[3]), words[4]);
            case "lost" -> events.lost(words[1], words[2].isEmpty() ? null : words[2]);
            case "closed" -> events.closed(words[1], words[2]);
            case "replied" -> events.replied(words[1], words[2]);
            case "failed" -> events.failed(words[1], words[2]);
            case "fault" -> events.fault(words[1], String.join(" ", words));
            default -> events.fault("(all)", "said " + String.join(" ", words));
        }
    }

    private void say(Object... words) {
        String line = Arrays.stream(words).map(String::valueOf).collect(Collectors.joining(" "));
        try {
            synchronized (commands) {
                commands.write(line + "\n");
                commands.flush();
            }
        } catch (IOException e) {
            // The reader says so.
        }
    }

    private static String nameOf(CometTransport transport) {
        return transport.name().toLowerCase(Locale.ROOT);
    }

    @Override
    public void connect(Slot slot, CometTransport transport) {
        say("connect", slot.number, slot.idleSeconds(), slot.group, nameOf(transport));
    }

    @Override
    public void use(Slot slot, CometTransport transport) {
        say("use", slot.number, nameOf(transport));
    }

    @Override
    public void echo(Slot slot, String key) {
        say("echo", slot.number, key);
    }

    @Override
    public void ask(Slot slot, String key, String token) {
        say("ask", slot.number, key, token);
    }

    @Override
    public void disconnect(Slot slot) {
        say("disconnect", slot.number);
    }

    @Override
    public void walkAway(Slot slot) {
        say("walkAway", slot.number);
    }

    @Override
    public void moved(int[] ports) {
        say(
                "ports",
                Arrays.stream(ports).mapToObj(String::valueOf).collect(Collectors.joining(",")));
    }

    @Override
    public void close() {
        closed = true;
        process.destroyForcibly().onExit().join();
    }
}
