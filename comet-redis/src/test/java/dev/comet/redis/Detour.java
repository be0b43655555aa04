package dev.comet.redis;

import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** An address behind which a server is, and later another one: as a name that is given anew. */
final class Detour implements AutoCloseable {

    private final ServerSocket address;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private volatile int port;

    Detour(TestRedis first) {
        port = first.uri().getPort();
        try {
            address = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        run(this::accept);
    }

    RedisURI uri() {
        return RedisURI.create("redis://127.0.0.1:" + address.getLocalPort());
    }

    /** From now on; who was connected is cut off. */
    void leadsTo(TestRedis other) {
        port = other.uri().getPort();
        sockets.forEach(Detour::close);
        sockets.clear();
    }

    private void accept() {
        while (!address.isClosed()) {
            try {
                Socket here = address.accept();
                sockets.add(here);
                Socket there = new Socket(InetAddress.getLoopbackAddress(), port);
                sockets.add(there);
                run(() -> pump(here, there));
                run(() -> pump(there, here));
            } catch (IOException e) {
                // closed, or nobody is there: the next one, if any
            }
        }
    }

    private static void pump(Socket from, Socket to) {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
        } catch (IOException e) {
            // cut off
        } finally {
            close(from);
            close(to);
        }
    }

    private static void run(Runnable task) {
        Thread thread = new Thread(task, "detour");
        thread.setDaemon(true);
        thread.start();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        try {
            address.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        sockets.forEach(Detour::close);
    }
}
