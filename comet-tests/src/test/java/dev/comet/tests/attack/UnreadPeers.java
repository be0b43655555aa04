package dev.comet.tests.attack;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Connections that ask for long answers and do not read them. */
final class UnreadPeers {

    private static final int CLIENTS = 20;
    private static final int CONNECTIONS = 500;

    /** The first ones fill the buffers of the network, which are large on loopback. */
    private static final int POLLS = 4;

    /** Comes after them, and is never whole: a byte more shows whether the connection is open. */
    private static final String HALF_A_HEAD = "GET /comet/poll HTTP/1.1\r\nX: ";

    /** All polls come at once, and are answered as long as the network takes what they are told. */
    private static final Duration ONSET = Duration.ofSeconds(3);

    private static final String SIXTY_KILOBYTES = '"' + "x".repeat(60_000) + '"';
    private static final int MESSAGES = 17;

    private UnreadPeers() {}

    static Map<String, LongAdder> run(Target target, Duration time, Runnable begun)
            throws Exception {
        List<Attacker.Tokens> clients = new ArrayList<>();
        Attacker.run(
                target, Duration.ofSeconds(4), 1, CLIENTS / 4, attacker -> add(attacker, clients));
        List<Socket> sockets = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTIONS && !clients.isEmpty(); i++) {
                sockets.add(poll(target, clients.get(i % clients.size()).privateToken()));
            }
            Attacker.run(target, ONSET, 1, 1, attacker -> {});
            begun.run();
            return Attacker.run(target, time, 1, 1, attacker -> count(attacker, sockets));
        } finally {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
    }

    private static void add(Attacker attacker, List<Attacker.Tokens> clients)
            throws IOException, InterruptedException {
        Attacker.Tokens tokens = attacker.connect();
        if (tokens == null) {
            return;
        }
        String echo = Attack.message("echo", SIXTY_KILOBYTES);
        for (int i = 0; i < MESSAGES; i++) {
            attacker.ask("send", tokens.privateToken(), echo);
        }
        clients.add(tokens);
    }

    private static Socket poll(Target target, String token) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.connect(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), target.port()), 5_000);
        String poll =
                "GET /comet/poll?lastMessageId=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                        + token
                        + "\r\n\r\n";
        socket.getOutputStream().write((poll.repeat(POLLS) + HALF_A_HEAD).getBytes(US_ASCII));
        return socket;
    }

    /** How many are still open, once a second. */
    private static void count(Attacker attacker, List<Socket> sockets) {
        for (Socket socket : sockets) {
            try {
                socket.getOutputStream().write('x');
                attacker.count("open");
            } catch (IOException e) {
                attacker.count("cut");
            }
        }
    }
}
