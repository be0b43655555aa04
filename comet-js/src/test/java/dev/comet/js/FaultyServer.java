package dev.comet.js;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Serves the client, its tests, the TypeScript compiler and a minifier to a browser, and answers
 * polls in the ways in which networks do: on bare sockets, because no proper server can be made to
 * misbehave like this. One request per connection; a thread each.
 *
 * <p>{@code GET /faults/<fault>/<run>/poll}: the first two of a run get the fault, then there is
 * message 11, then the request is held until the peer goes away. {@code …/<run>/held} is answered
 * when a request is held, {@code …/<run>/released} when its peer has gone.
 */
final class FaultyServer implements AutoCloseable {
    private static final String MESSAGE =
            "[{\"id\":11,\"name\":\"chat.said\",\"contents\":{\"text\":\"hello\"}}]";

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Map<String, Run> runs = new ConcurrentHashMap<>();
    private final Path sources;

    FaultyServer(Path sources) throws IOException {
        this.sources = sources;
        threads.execute(this::accept);
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        threads.shutdownNow();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listener.accept();
                threads.execute(() -> serve(socket));
            }
        } catch (IOException closed) {
            // the end of the test
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            String target = target(socket);
            String path = target.replaceFirst("\\?.*", "");
            if (path.startsWith("/faults/")) {
                fault(socket, path.split("/", -1), target);
            } else if (path.startsWith("/typescript/") || path.startsWith("/terser/")) {
                try (InputStream file = tool(path)) {
                    send(socket, "text/javascript", file.readAllBytes());
                }
            } else if (path.equals("/")) {
                send(socket, "text/html", "<!doctype html><title>comet-js</title>".getBytes(UTF_8));
            } else {
                Path file = sources.resolve(path.substring(1)).normalize();
                if (file.startsWith(sources) && Files.isRegularFile(file)) {
                    String type = path.endsWith(".js") ? "text/javascript" : "text/plain";
                    send(socket, type, Files.readAllBytes(file));
                } else {
                    write(socket, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
                }
            }
        } catch (IOException | UncheckedIOException peerGone) {
            // a normal end: browsers open connections that they do not use, and abort requests
        } catch (InterruptedException endOfTest) {
            Thread.currentThread().interrupt();
        }
    }

    private record Run(AtomicInteger polls, CountDownLatch held, CountDownLatch released) {
        Run() {
            this(new AtomicInteger(), new CountDownLatch(1), new CountDownLatch(1));
        }
    }

    private void fault(Socket socket, String[] path, String target)
            throws IOException, InterruptedException {
        String fault = path[2];
        Run run = runs.computeIfAbsent(path[3], name -> new Run());
        if (!path[4].equals("poll")) {
            (path[4].equals("held") ? run.held : run.released).await();
            send(socket, "application/json", "true".getBytes(UTF_8));
        } else if (!fault.equals("none") && run.polls.incrementAndGet() <= 2) {
            misbehave(socket, fault);
        } else if (target.contains("lastMessageId=10")) {
            send(socket, "application/json", MESSAGE.getBytes(UTF_8));
        } else {
            run.held.countDown();
            try {
                socket.getInputStream().read();
            } finally {
                run.released.countDown();
            }
        }
    }

    private static void misbehave(Socket socket, String fault) throws IOException {
        String head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        String half = MESSAGE.substring(0, 30);
        switch (fault) {
            case "cut" -> write(socket, head + "Content-Length: 200\r\n\r\n" + half);
            case "cutBetweenChunks" ->
                    write(
                            socket,
                            head + "Transfer-Encoding: chunked\r\n\r\n1e\r\n" + half + "\r\n");
            case "cutUnnoticed" -> write(socket, head + "Connection: close\r\n\r\n" + half);
            case "closed" -> {}
            case "reset" -> socket.setSoLinger(true, 0);
            case "resetInBody" -> {
                write(socket, head + "Content-Length: 200\r\n\r\n" + half);
                socket.setSoLinger(true, 0);
            }
            case "notHttp" -> write(socket, "SSH-2.0-OpenSSH_9.2\r\n");
            case "loginPage" -> send(socket, "text/html", "<h1>Log in</h1>".getBytes(UTF_8));
            case "badGateway" ->
                    write(
                            socket,
                            "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                                    + "Content-Length: 12\r\n\r\n<h1>502</h1>");
            default -> throw new IllegalArgumentException(fault);
        }
    }

    /** The request's target; reads the head, there are no bodies. */
    private static String target(Socket socket) throws IOException {
        var reader = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
        String request = reader.readLine();
        if (request == null) {
            throw new IOException("a connection without a request");
        }
        while (!"".equals(reader.readLine())) {
            // headers say nothing that matters here
        }
        return request.split(" ", -1)[1];
    }

    private static void send(Socket socket, String type, byte[] body) throws IOException {
        write(
                socket,
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
                        .formatted(type, body.length));
        socket.getOutputStream().write(body);
    }

    private static void write(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(UTF_8));
    }

    /** A file of a tool's webjar, whatever its version. */
    private static InputStream tool(String path) throws IOException {
        int slash = path.indexOf('/', 1);
        String tool = path.substring(1, slash);
        var version = new Properties();
        try (InputStream in =
                FaultyServer.class.getResourceAsStream(
                        "/META-INF/maven/org.webjars.npm/" + tool + "/pom.properties")) {
            version.load(in);
        }
        return FaultyServer.class.getResourceAsStream(
                "/META-INF/resources/webjars/"
                        + tool
                        + '/'
                        + version.getProperty("version")
                        + (tool.equals("terser") ? "/dist" : "/lib")
                        + path.substring(slash));
    }
}
