package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a container can do when there is no framework: it holds requests and writes what a ring of
 * encoded messages has above each one's cursor. No sessions, no time-outs, no acknowledgement, no
 * checks: nothing that an application could do without Comet and rely on. It speaks as much of
 * Comet's protocol as the load client needs, with the same headers.
 */
final class BareServer implements PushServer {

    private final Room everyone = new Room();
    private final Map<String, Room> rooms = new ConcurrentHashMap<>();

    /** Whom a token belongs to. */
    private final Map<String, Member> members = new ConcurrentHashMap<>();

    /** Answers are written by a thread of their own: what comes meanwhile goes into one answer. */
    private final Executor sender = Executors.newSingleThreadExecutor();

    private final int port;

    BareServer(Containers container) throws Exception {
        port = container.start(new Polls());
    }

    /**
     * A client: reads the room's ring or, in the broadcast scenarios, everyone's. Both are one ring
     * with two names, for each client reads one.
     *
     * @param joinedAt the top at which it came: it reads nothing below
     */
    private record Member(Room room, long joinedAt) {}

    @Override
    public int port() {
        return port;
    }

    @Override
    public List<String> newClients(List<String> roomNames) {
        List<String> tokens = new ArrayList<>();
        for (String name : roomNames) {
            Room room =
                    name.isEmpty() ? everyone : rooms.computeIfAbsent(name, unused -> new Room());
            String token = "bare-client-token-%06d".formatted(members.size());
            members.put(token, new Member(room, room.top()));
            tokens.add(token);
        }
        return tokens;
    }

    @Override
    public void broadcast(String payload) {
        send(everyone, payload);
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

        private static final int SLOTS = 8_192;

        private final byte[][] ring = new byte[SLOTS][]; // guarded by this
        private List<Waiter> waiting = new ArrayList<>(); // guarded by this
        private long top; // guarded by this
        private final AtomicBoolean news = new AtomicBoolean();

        synchronized long top() {
            return top;
        }

        /** Returns whether somebody is to call {@link #wake}. */
        boolean append(String payload) {
            synchronized (this) {
                top++;
                ring[(int) (top % SLOTS)] =
                        ("{\"id\":" + top + ",\"name\":\"bench\",\"contents\":\"" + payload + "\"}")
                                .getBytes(US_ASCII);
            }
            return !news.getAndSet(true);
        }

        /** Answers whoever waits, with all that has come by then. */
        void wake() {
            news.set(false);
            List<Waiter> woken;
            synchronized (this) {
                woken = waiting;
                waiting = new ArrayList<>(woken.size());
            }
            for (Waiter waiter : woken) {
                waiter.complete(above(waiter.cursor));
            }
        }

        /** What is above the cursor, or null: then the waiter waits. */
        synchronized byte[] aboveOrWait(
                long cursor, HttpServletRequest request, HttpServletResponse response) {
            if (top > cursor) {
                return above(cursor);
            }
            AsyncContext async = request.startAsync(request, response);
            async.setTimeout(0);
            waiting.add(new Waiter(async, cursor));
            return null;
        }

        private synchronized byte[] above(long cursor) {
            int length = 1;
            for (long id = cursor + 1; id <= top; id++) {
                length += ring[(int) (id % SLOTS)].length + 1;
            }
            byte[] body = new byte[length];
            body[0] = '[';
            int at = 1;
            for (long id = cursor + 1; id <= top; id++) {
                byte[] message = ring[(int) (id % SLOTS)];
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
            Member member =
                    members.get(request.getHeader("Authorization").substring("Bearer ".length()));
            Room room = member.room();
            if (request.getPathInfo().equals("/poll")) {
                long cursor = Long.parseLong(request.getQueryString().substring(CURSOR.length()));
                byte[] body =
                        room.aboveOrWait(Math.max(cursor, member.joinedAt()), request, response);
                if (body != null) {
                    write(response, body);
                }
            } else {
                String body = new String(request.getInputStream().readAllBytes(), US_ASCII);
                int from = body.indexOf('~');
                send(room, body.substring(from, body.indexOf('"', from)));
                response.setStatus(202);
            }
        }
    }
}
