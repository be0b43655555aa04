package dev.comet.tests.attack;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.atomic.LongAdder;

/** Bodies that never end. Each connection has its byte at another moment, as it would by itself. */
final class SlowBodies {

    private static final int CONNECTIONS = 500;

    /** Opened at once; then it takes the server a moment until all have their threads and code. */
    private static final Duration ONSET = Duration.ofSeconds(1);

    private SlowBodies() {}

    static Map<String, LongAdder> run(Target target, Duration time, Runnable begun)
            throws Exception {
        String[] token = {""};
        Attacker.run(
                target,
                Duration.ofMillis(100),
                1,
                1,
                attacker -> {
                    Attacker.Tokens tokens = attacker.connect();
                    token[0] = tokens == null ? "" : tokens.privateToken();
                });
        Queue<Socket> sockets = new ArrayDeque<>();
        try {
            for (int i = 0; i < CONNECTIONS; i++) {
                sockets.add(open(target, i % 2 == 0 ? "" : token[0]));
            }
            drip(target, ONSET, sockets);
            begun.run();
            return drip(target, time, sockets);
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static Socket open(Target target, String token) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), target.port());
        String head =
                "POST /comet/send HTTP/1.1\r\nHost: localhost\r\n"
                        + (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n")
                        + "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n";
        socket.getOutputStream().write(head.getBytes(US_ASCII));
        return socket;
    }

    private static Map<String, LongAdder> drip(Target target, Duration time, Queue<Socket> sockets)
            throws InterruptedException {
        return Attacker.run(target, time, 1, CONNECTIONS, attacker -> drip(attacker, sockets));
    }

    /** A byte on the next that is still open; one with an answer is read and closed. */
    private static void drip(Attacker attacker, Queue<Socket> sockets) throws IOException {
        Socket socket = sockets.poll();
        if (socket == null) {
            return;
        }
        if (socket.getInputStream().available() > 0) {
            byte[] line = socket.getInputStream().readNBytes(12);
            attacker.count(new String(line, US_ASCII).substring(9));
            socket.close();
            return;
        }
        try {
            socket.getOutputStream().write(' ');
            sockets.add(socket);
        } catch (IOException e) {
            socket.close();
            throw e; // counted as cut
        }
    }
}
