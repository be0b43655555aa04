package dev.comet.servlet;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands between a browser and a server, as what stands there in the world: passes bytes on, until
 * it is told to misbehave. A thread for each direction of each connection.
 */
final class ChaosProxy implements AutoCloseable {

    enum Fault {
        /** Passes everything on. */
        NONE,
        /** Keeps an event stream back, as a proxy that buffers answers. */
        BUFFERS,
        /** Ends connections after 300 to 1,500 ms, whatever they are doing. */
        CUTS,
        /** Ends connections after 4.5 s. */
        CUTS_LATE,
        /** Resets connections in the middle of what they are carrying. */
        RESETS,
        /** Passes everything on late, in small pieces. */
        DELAYS,
        /** Answers every other connection itself, with 502. */
        BAD_GATEWAY,
        /** Passes on the beginning of an answer, and then nothing, with the connection open. */
        GOES_SILENT,
        /** Any of these, another one for each connection. */
        RANDOM
    }

    private static final Fault[] EACH = {
        Fault.NONE, Fault.BUFFERS, Fault.CUTS, Fault.RESETS, Fault.DELAYS, Fault.BAD_GATEWAY
    };
    private static final byte[] STREAM = "text/event-stream".getBytes(ISO_8859_1);

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger peers = new AtomicInteger();
    private final int upstream;
    private final Random random; // of the accepting thread
    private volatile Fault fault = Fault.NONE;
    private int accepted;

    ChaosProxy(int upstream, long seed) throws IOException {
        this.upstream = upstream;
        this.random = new Random(seed);
        threads.execute(this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** How many connections from peers are open. */
    int connections() {
        return peers.get();
    }

    /** From now on, for new connections; those that are open are ended. */
    void misbehave(Fault how) {
        fault = how;
        open.forEach(ChaosProxy::end);
    }

    private void accept() {
        try {
            while (true) {
                Socket peer = listener.accept();
                Fault chosen = fault == Fault.RANDOM ? EACH[random.nextInt(EACH.length)] : fault;
                long seed = random.nextLong();
                boolean even = accepted++ % 2 == 0;
                threads.execute(() -> serve(peer, chosen, new Random(seed), even));
            }
        } catch (IOException | RejectedExecutionException closed) {
            // the end of the test
        }
    }

    private void serve(Socket peer, Fault how, Random chance, boolean even) {
        open.add(peer);
        peers.incrementAndGet();
        try (peer;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream)) {
            open.add(server);
            try {
                peer.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                if (how == Fault.BAD_GATEWAY && even) {
                    badGateway(peer);
                    return;
                }
                threads.execute(() -> pass(peer, server));
                passAnswers(server, peer, how, chance);
            } finally {
                open.remove(server);
            }
        } catch (IOException gone) {
            // either side: the other is ended too
        } finally {
            open.remove(peer);
            peers.decrementAndGet();
        }
    }

    private static void badGateway(Socket peer) throws IOException {
        peer.getInputStream().read(new byte[8_192]);
        peer.getOutputStream()
                .write(
                        ("HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n"
                                        + "Content-Length: 12\r\nConnection: close\r\n\r\n<h1>502</h1>")
                                .getBytes(ISO_8859_1));
    }

    private static void pass(Socket from, Socket to) {
        byte[] bytes = new byte[8_192];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
                out.write(bytes, 0, count);
            }
        } catch (IOException gone) {
            // as below
        }
        end(from);
        end(to);
    }

    private void passAnswers(Socket from, Socket to, Fault how, Random chance) throws IOException {
        int allowance =
                switch (how) {
                    case RESETS -> 300 + chance.nextInt(3_000);
                    case GOES_SILENT -> 500 + chance.nextInt(2_000);
                    default -> Integer.MAX_VALUE;
                };
        if (how == Fault.CUTS || how == Fault.CUTS_LATE) {
            int millis = how == Fault.CUTS ? 300 + chance.nextInt(1_200) : 4_500;
            long nanos = TimeUnit.MILLISECONDS.toNanos(millis);
            threads.execute(
                    () -> {
                        LockSupport.parkNanos(nanos);
                        end(to);
                    });
        }
        boolean keepsBack = false;
        byte[] bytes = new byte[how == Fault.DELAYS ? 61 : 8_192];
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int count = in.read(bytes); count >= 0; count = in.read(bytes)) {
            keepsBack |= how == Fault.BUFFERS && contains(bytes, count, STREAM);
            if (keepsBack) {
                continue;
            }
            if (how == Fault.DELAYS) {
                LockSupport.parkNanos(chance.nextInt(5_000_000));
            }
            int passed = Math.min(count, allowance);
            out.write(bytes, 0, passed);
            allowance -= allowance == Integer.MAX_VALUE ? 0 : passed;
            if (allowance == 0 && how == Fault.RESETS) {
                to.setSoLinger(true, 0);
                return;
            }
        }
    }

    private static boolean contains(byte[] bytes, int length, byte[] wanted) {
        return new String(bytes, 0, length, ISO_8859_1).contains(new String(wanted, ISO_8859_1));
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            // It is closed all the same.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        open.forEach(ChaosProxy::end);
        threads.shutdownNow();
    }
}
