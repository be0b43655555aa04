package dev.comet.testkit.internal;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The machine's nginx before servers, with its defaults but for what a test adds. */
public final class NginxProxy implements AutoCloseable {

    private static final Path PROGRAM = Path.of("/usr/sbin/nginx");
    private static final String LISTEN = "listen 8080;";
    private static final String CONFIGURATION =
            """
            daemon off;
            worker_processes 1;
            pid %1$s/pid;
            error_log %1$s/error;
            events { worker_connections 256; }
            http {
                access_log off;
                client_body_temp_path %1$s/body;
                proxy_temp_path %1$s/proxy;
                fastcgi_temp_path %1$s/fastcgi;
                uwsgi_temp_path %1$s/uwsgi;
                scgi_temp_path %1$s/scgi;
                %2$s
            }
            """;
    private static final Pattern BLOCK = Pattern.compile("(?s)```nginx\n(.*?)```");

    /** Each as the first one, but for the address. */
    private static final Pattern SERVERS =
            Pattern.compile("(?: +server [0-9.]+:[0-9]+([^;]*);\n)+");

    private static final String ONE_SERVER =
            """
            server {
                listen 8080;
                location / {
                    proxy_pass http://127.0.0.1:%1$d;
                    proxy_set_header Host $http_host;
                    %2$s
                }
            }
            """;

    private final Path folder;
    private final int port;
    private final Process process;

    private NginxProxy(Path folder, int port, Process process) {
        this.folder = folder;
        this.port = port;
        this.process = process;
    }

    /** Before one server. Skips the test where there is no nginx. */
    public static NginxProxy start(int upstream, String setting) throws IOException {
        return start(ONE_SERVER.formatted(upstream, setting));
    }

    /**
     * Before several nodes, as a document says. Skips the test where there is no nginx.
     *
     * @param document has one block for nginx, whose servers stand for those of the test
     * @param setting goes before the text of the block
     */
    public static NginxProxy start(Path document, String setting, List<Integer> nodes)
            throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(document));
        if (!block.find()) {
            throw new IllegalArgumentException(document + " has no block for nginx");
        }
        StringBuilder servers = new StringBuilder();
        nodes.forEach(port -> servers.append("server 127.0.0.1:").append(port).append("$1;\n"));
        return start(
                setting + "\n" + SERVERS.matcher(block.group(1)).replaceFirst(servers.toString()));
    }

    /**
     * Skips the test where there is no nginx.
     *
     * @param http goes into the block of this name; for {@code listen 8080;} it gets a free port
     */
    public static NginxProxy start(String http) throws IOException {
        assumeTrue(
                Files.isExecutable(PROGRAM), "no nginx on this machine: pages behind it not tried");
        if (!http.contains(LISTEN)) {
            throw new IllegalArgumentException("nothing says \"" + LISTEN + "\"");
        }
        Path folder = Files.createTempDirectory("comet-nginx");
        int port = Listening.freePort();
        Path configuration = folder.resolve("nginx.conf");
        Files.writeString(
                configuration,
                CONFIGURATION.formatted(
                        folder, http.replace(LISTEN, "listen 127.0.0.1:" + port + ";")));
        Process process =
                new ProcessBuilder(
                                List.of(
                                        PROGRAM.toString(),
                                        "-p",
                                        folder.toString(),
                                        "-c",
                                        configuration.toString()))
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("out").toFile())
                        .start();
        Listening.await(process, port, folder.resolve("out"));
        return new NginxProxy(folder, port, process);
    }

    /** Where it listens, on the loopback. */
    public int port() {
        return port;
    }

    @Override
    public void close() throws IOException {
        process.destroy();
        process.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
    }
}
