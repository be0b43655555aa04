package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Nchan, nginx's module, where it is installed: one worker, messages in its memory. What this JVM
 * broadcasts, it posts to nginx as an application would; nginx alone is measured.
 */
final class NchanServer implements PushServer {

    private static final List<Path> PROGRAMS =
            List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/local/sbin/nginx"));
    private static final List<Path> MODULES =
            List.of(
                    Path.of("/usr/lib/nginx/modules/ngx_nchan_module.so"),
                    Path.of("/usr/lib64/nginx/modules/ngx_nchan_module.so"),
                    Path.of("/usr/local/nginx/modules/ngx_nchan_module.so"));
    private static final String CONFIGURATION =
            """
            load_module %s;
            daemon off;
            worker_processes 1;
            worker_rlimit_nofile 20000;
            pid %s/nginx.pid;
            error_log %s/error.log error;
            events { worker_connections 19000; }
            http {
                access_log off;
                server_tokens off;
                nchan_shared_memory_size 512m;
                client_body_temp_path %s/body;
                keepalive_requests 1000000000;
                keepalive_timeout 600s;
                server {
                    listen 127.0.0.1:%d backlog=1024;
                    location ~ ^/push/sub/(.+)$ {
                        nchan_subscriber longpoll eventsource;
                        nchan_channel_id $1;
                        nchan_longpoll_multipart_response on;
                        nchan_subscriber_timeout 0;
                    }
                    location ~ ^/push/pub/(.+)$ {
                        nchan_publisher;
                        nchan_channel_id $1;
                        nchan_message_buffer_length 8192;
                        nchan_message_timeout 10m;
                    }
                }
            }
            """;

    private final int port;
    private final long worker;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    NchanServer() throws IOException {
        Path directory = Files.createTempDirectory("comet-benchmark-nchan");
        port = freePort();
        Path configuration = directory.resolve("nginx.conf");
        Files.writeString(
                configuration,
                CONFIGURATION.formatted(
                        MODULES.stream().filter(Files::exists).findFirst().orElseThrow(),
                        directory,
                        directory,
                        directory,
                        port));
        Process master =
                new ProcessBuilder(
                                program().orElseThrow().toString(),
                                "-p",
                                directory.toString(),
                                "-c",
                                configuration.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.to(directory.resolve("out").toFile()))
                        .start();
        // By name: the master, ended by TERM, ends its worker.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> end(master, directory)));
        socket = connect(master);
        worker = worker(master).pid();
        in = new BufferedInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    static boolean isInstalled() {
        return program().isPresent() && MODULES.stream().anyMatch(Files::exists);
    }

    private static Optional<Path> program() {
        return PROGRAMS.stream().filter(Files::isExecutable).findFirst();
    }

    /** nginx takes no port 0, nor says which it got. */
    private static int freePort() throws IOException {
        try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return any.getLocalPort();
        }
    }

    private Socket connect(Process master) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (true) {
            try {
                Socket connected = new Socket(InetAddress.getLoopbackAddress(), port);
                connected.setTcpNoDelay(true);
                return connected;
            } catch (IOException e) {
                if (!master.isAlive() || System.nanoTime() > end) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            }
        }
    }

    /** The master listens before it has a worker. */
    private static ProcessHandle worker(Process master) {
        Optional<ProcessHandle> found = master.children().findFirst();
        while (found.isEmpty() && master.isAlive()) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
            found = master.children().findFirst();
        }
        return found.orElseThrow();
    }

    private static void end(Process master, Path directory) {
        master.destroy();
        master.onExit().completeOnTimeout(master, 3, TimeUnit.SECONDS).join();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(java.util.Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            // Only a temporary directory.
        }
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public long pid() {
        return worker;
    }

    @Override
    public void broadcast(String payload) {
        String request =
                "POST /push/pub/all HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\nContent-Length: "
                        + payload.length()
                        + "\r\n\r\n"
                        + payload;
        try {
            out.write(request.getBytes(US_ASCII));
            skipAnswer();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void skipAnswer() throws IOException {
        int length = 0;
        for (String line = line(); !line.isEmpty(); line = line()) {
            if (line.regionMatches(true, 0, "Content-Length:", 0, 15)) {
                length = Integer.parseInt(line.substring(15).strip());
            }
        }
        in.skipNBytes(length);
    }

    private String line() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("nginx has hung up");
            }
            if (b != '\r') {
                text.append((char) b);
            }
        }
        return text.toString();
    }
}
