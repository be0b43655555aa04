package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a container can do for event streams when there is no framework: a servlet that writes each
 * event to every stream of a room and flushes, from one thread, waiting for whoever reads slowly.
 */
final class BareStreamServer implements PushServer {

    private final BareClients<Room> clients = new BareClients<>(Room::new, Room::top);
    private final Executor sender = Executors.newSingleThreadExecutor();
    private final int port;

    BareStreamServer(Containers container) throws Exception {
        port = container.start(new Streams());
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public List<String> newClients(List<String> roomNames) {
        return clients.add(roomNames);
    }

    @Override
    public void broadcast(String payload) {
        send(clients.everyone(), payload);
    }

    private void send(Room room, String payload) {
        if (room.append(payload)) {
            sender.execute(room::wake);
        }
    }

    /** A ring of messages, and the streams that get them. */
    private static final class Room {

        private final MessageRing ring = new MessageRing(); // guarded by this, but for its top
        private final List<ServletOutputStream> streams = new ArrayList<>(); // guarded by this
        private final AtomicBoolean news = new AtomicBoolean();
        private long written; // by whoever wakes

        long top() {
            return ring.top();
        }

        synchronized void add(ServletOutputStream stream) {
            streams.add(stream);
        }

        /** Returns whether somebody is to call {@link #wake}. */
        boolean append(String payload) {
            synchronized (this) {
                ring.append(payload);
            }
            return !news.getAndSet(true);
        }

        /** Writes all that has come by then. */
        void wake() {
            news.set(false);
            ByteArrayOutputStream events = new ByteArrayOutputStream();
            List<ServletOutputStream> all;
            synchronized (this) {
                for (; written < ring.top(); written++) {
                    events.writeBytes(ring.event(written + 1));
                }
                all = List.copyOf(streams);
            }
            byte[] bytes = events.toByteArray();
            for (ServletOutputStream stream : all) {
                try {
                    stream.write(bytes);
                    stream.flush();
                } catch (IOException e) {
                    // The peer has gone away.
                }
            }
        }
    }

    private final class Streams extends HttpServlet {

        private static final long serialVersionUID = 1L;

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            BareClients.Member<Room> member = clients.of(request.getHeader("Authorization"));
            if (!request.getPathInfo().equals("/stream")) {
                String body = new String(request.getInputStream().readAllBytes(), US_ASCII);
                send(member.room(), BareClients.payload(body));
                response.setStatus(202);
                return;
            }
            AsyncContext async = request.startAsync(request, response);
            async.setTimeout(0);
            response.setStatus(200);
            response.setHeader("Content-Type", "text/event-stream;charset=utf-8");
            response.setHeader("Cache-Control", "no-store, no-transform");
            response.setHeader("X-Content-Type-Options", "nosniff");
            response.setHeader("X-Accel-Buffering", "no");
            ServletOutputStream stream = response.getOutputStream();
            stream.write(": here\n\n".getBytes(US_ASCII));
            stream.flush();
            member.room().add(stream);
        }
    }
}
