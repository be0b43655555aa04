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
 * What a container can do when there is no framework: it holds requests and writes what a ring of
 * encoded messages has above each one's cursor. No sessions, no time-outs, no acknowledgement, no
 * checks: nothing that an application could do without Comet and rely on. It speaks as much of
 * Comet's protocol as the load client needs, with the same headers.
 *
 * <p>To event streams it writes each event and flushes, waiting for whoever reads slowly.
 */
final class BareServer implements PushServer {

    private final BareClients<Room> clients = new BareClients<>(Room::new, Room::top);

    /** Answers are written by a thread of their own: what comes meanwhile goes into one answer. */
    private final Executor sender = Executors.newSingleThreadExecutor();

    private final int port;

    BareServer(Containers container) throws Exception {
        port = container.start(new Polls());
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

    private static void write(HttpServletResponse response, byte[] body) throws IOException {
        response.setStatus(200);
        response.setHeader("Content-Type", "application/json");
        response.setHeader("Cache-Control", "no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.getOutputStream().write(body);
    }

    /** A ring of messages, and who waits for the next. */
    private static final class Room {

        private final MessageRing ring = new MessageRing(); // guarded by this, but for its top
        private List<Waiter> waiting = new ArrayList<>(); // guarded by this
        private final List<ServletOutputStream> streams = new ArrayList<>(); // guarded by this
        private long streamed; // the last message that was written to streams; by whoever wakes
        private final AtomicBoolean news = new AtomicBoolean();

        long top() {
            return ring.top();
        }

        /** Returns whether somebody is to call {@link #wake}. */
        boolean append(String payload) {
            synchronized (this) {
                ring.append(payload);
            }
            return !news.getAndSet(true);
        }

        synchronized void stream(ServletOutputStream stream) {
            streams.add(stream);
        }

        /** Answers whoever waits, with all that has come by then. */
        void wake() {
            news.set(false);
            writeStreams();
            List<Waiter> woken;
            synchronized (this) {
                woken = waiting;
                waiting = new ArrayList<>(woken.size());
            }
            for (Waiter waiter : woken) {
                waiter.complete(above(waiter.cursor));
            }
        }

        private void writeStreams() {
            ByteArrayOutputStream events = new ByteArrayOutputStream();
            List<ServletOutputStream> all;
            synchronized (this) {
                all = List.copyOf(streams);
                for (; !all.isEmpty() && streamed < ring.top(); streamed++) {
                    events.writeBytes(ring.event(streamed + 1));
                }
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

        /** What is above the cursor, or null: then the waiter waits. */
        synchronized byte[] aboveOrWait(
                long cursor, HttpServletRequest request, HttpServletResponse response) {
            if (ring.top() > cursor) {
                return above(cursor);
            }
            AsyncContext async = request.startAsync(request, response);
            async.setTimeout(0);
            waiting.add(new Waiter(async, cursor));
            return null;
        }

        private synchronized byte[] above(long cursor) {
            byte[] body = new byte[ring.lengthAbove(cursor)];
            body[0] = '[';
            int at = 1;
            for (long id = cursor + 1; id <= ring.top(); id++) {
                byte[] message = ring.get(id);
                System.arraycopy(message, 0, body, at, message.length);
                at += message.length;
                body[at++] = ',';
            }
            body[at - 1] = ']';
            return body;
        }
    }

    private record Waiter(AsyncContext async, long cursor) {

        void complete(byte[] body) {
            try {
                write((HttpServletResponse) async.getResponse(), body);
            } catch (IOException e) {
                // The peer has gone away.
            }
            async.complete();
        }
    }

    private final class Polls extends HttpServlet {

        private static final long serialVersionUID = 1L;
        private static final String CURSOR = "lastMessageId=";

        @Override
        protected void service(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
            BareClients.Member<Room> member = clients.of(request.getHeader("Authorization"));
            if (request.getPathInfo().equals("/poll")) {
                long cursor = member.cursor(request.getQueryString().substring(CURSOR.length()));
                byte[] body = member.room().aboveOrWait(cursor, request, response);
                if (body != null) {
                    write(response, body);
                }
            } else if (request.getPathInfo().equals("/stream")) {
                member.room().stream(beginStream(request, response));
            } else {
                String body = new String(request.getInputStream().readAllBytes(), US_ASCII);
                send(member.room(), BareClients.payload(body));
                response.setStatus(202);
            }
        }

        private static ServletOutputStream beginStream(
                HttpServletRequest request, HttpServletResponse response) throws IOException {
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
            return stream;
        }
    }
}
