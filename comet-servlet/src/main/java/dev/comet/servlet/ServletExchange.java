package dev.comet.servlet;

import dev.comet.http.BodyLimits;
import dev.comet.http.CometOutput;
import dev.comet.http.CometResponse;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.security.Principal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One servlet request and its answer.
 *
 * <p>Containers recycle request and response: they are another client's once the container has them
 * back. It has them back when the request's own thread returns, unless the request went
 * asynchronous before that; otherwise when that has been completed, by us or by the container.
 * Until then, and no longer, this touches them: what comes too late throws, or, if the container
 * has ended the request itself, does nothing.
 *
 * <p><b>Threading.</b> {@link #respond} to a held request comes from any thread; the container's
 * threads report errors through {@link AsyncListener}. Whoever is first ends the exchange.
 *
 * <p>Long because body, hold and answer share one state: each step asks for all of it.
 */
final class ServletExchange extends RequestHead implements AsyncListener, BodyWriter.Request {

    /** Of {@link #awaited}: a field of the exchange costs a held poll less than an object would. */
    private static final VarHandle AWAITED;

    static {
        try {
            AWAITED =
                    MethodHandles.lookup()
                            .findVarHandle(ServletExchange.class, "awaited", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static final int STREAM_BUFFER_BYTES = 8 << 10;
    private static final byte[] NO_BYTES = {};

    /**
     * The request's own thread until it is about to return to the container, then null; while a
     * body is passed on that came later, the thread that does so. Set under the monitor.
     */
    private volatile @Nullable Thread handling = Thread.currentThread();

    // The monitor guards all seven, and what is done to the response when the exchange ends. Held
    // while an answer is copied into the container's buffer or handed to one of its threads, so
    // that an error that the container reports meanwhile waits with recycling. No I/O happens under
    // it (but on a thread of the container that cannot do otherwise), and no code of an
    // application.
    private boolean answered;
    private boolean ended; // by the container
    private @Nullable AsyncContext async;

    // Told once: until the answer, that the peer has gone; then, that the answer is over. That
    // happens under no monitor, unless a container ends the request while it is being answered.
    private @Nullable Runnable whenOver;

    private @Nullable StreamWriter stream;
    private @Nullable BodyReader body;
    private boolean held;

    /** Whether who stops the container waits for this. No monitor: a stream holds its own. */
    @SuppressWarnings("unused") // by AWAITED
    private volatile boolean awaited;

    private final HttpServletRequest request;
    private final AsyncRequests requests;

    /**
     * What the answer is written to: on the request's own thread, with whatever filters have put
     * around it; afterwards the container's own. A filter that collects, compresses or hashes what
     * is written ends its work when the servlet returns: what came later would stay in its hands.
     */
    private HttpServletResponse response;

    ServletExchange(
            HttpServletRequest request, HttpServletResponse response, AsyncRequests requests) {
        this.request = request;
        this.response = response;
        this.requests = requests;
    }

    /** The request's own thread is about to return to the container. */
    synchronized void handled() {
        if (handling == Thread.currentThread()) { // the body may have come meanwhile
            handling = null;
        }
    }

    @Override
    HttpServletRequest request() {
        if (handling == null) {
            throw new IllegalStateException(
                    "the request has been handled; read before that what is needed later");
        }
        return request;
    }

    @Override
    public @Nullable Principal principal() {
        BodyReader reader;
        synchronized (this) {
            reader = body;
        }
        return reader != null && reader.isLate() ? reader.sender() : request().getUserPrincipal();
    }

    private void requireHandling() {
        if (handling != Thread.currentThread()) {
            throw new IllegalStateException(
                    "not on the thread that handles the request; go on with a request later, or on"
                            + " another thread, by responding after hold(…)");
        }
    }

    private void requireUnanswered() {
        if (answered) {
            throw new IllegalStateException("the request has been answered");
        }
    }

    @Override
    public void readBody(BodyLimits limits, BodyReceiver receiver) {
        requireHandling();
        BodyReader reader;
        synchronized (this) {
            requireUnanswered();
            if (body != null) {
                throw new IllegalStateException("the body has been read");
            }
            reader = openBody();
            body = reader;
        }
        try {
            if (reader == null) {
                receiver.received(NO_BYTES);
            } else if (reader.readWhatIsThere(limits.bytes())) {
                receiver.received(reader.bytes());
            } else {
                Principal sender = request.getUserPrincipal();
                synchronized (this) {
                    startAsync();
                    handling = null; // at once: the container's threads may be quick
                }
                // Asked now: a log-in may keep its user in the request's own thread.
                reader.readOn(limits, receiver, sender, this::goOn);
            }
        } catch (IOException e) {
            // Tomcat leaves it there in order to show it to the peer, stack trace and all.
            request.removeAttribute(RequestDispatcher.ERROR_EXCEPTION);
            reader.stop();
            receiver.broken();
        }
    }

    /** Null if there is none, or none any more. */
    private @Nullable BodyReader openBody() {
        long length = request.getContentLengthLong();
        if (length < 0 && isHttp1() && request.getHeader("Transfer-Encoding") == null) {
            return null;
        }
        try {
            return length == 0 ? null : new BodyReader(request.getInputStream(), length);
        } catch (IOException | IllegalStateException e) {
            return null; // a filter has read it by getReader()
        }
    }

    private boolean isHttp1() {
        return request.getProtocol().startsWith("HTTP/1");
    }

    /** Goes on with the request on a thread of the container that may block. */
    private void goOn(Runnable step) {
        synchronized (this) {
            if (async == null) {
                return; // the container has ended the request
            }
            try {
                async.start(() -> handle(step));
            } catch (RuntimeException e) {
                fail(); // the container is going away: it has no thread for this any more
            }
        }
    }

    private void handle(Runnable step) {
        synchronized (this) {
            if (ended) {
                return;
            }
            handling = Thread.currentThread();
        }
        try {
            step.run();
        } finally {
            handled();
        }
    }

    @Override
    public void hold(Runnable peerGone) {
        requireHandling();
        synchronized (this) {
            requireUnanswered();
            if (held) {
                throw new IllegalStateException("the request is held already");
            }
            if (!ended) {
                if (async == null) {
                    startAsync();
                }
                held = true;
                whenOver = peerGone;
                return;
            }
            held = true;
        }
        peerGone.run(); // while its body came
    }

    /**
     * On the request's own thread only: in Tomcat who sets the listener waits until that thread has
     * left its filters.
     */
    @Override
    public synchronized CometOutput stream(CometResponse head, Runnable canTakeMore) {
        requireHandling();
        requireUnanswered();
        if (ended) {
            answered = true;
            return new NoOutput();
        }
        AsyncContext context = async;
        if (!held || context == null) {
            throw new IllegalStateException("the request is not held; call hold(…) first");
        }
        writeHead(head);
        // Kept for as long as the stream is open.
        response.setBufferSize(STREAM_BUFFER_BYTES);
        try {
            StreamWriter writer =
                    new StreamWriter(
                            response.getOutputStream(),
                            context,
                            canTakeMore,
                            this::awaitNoLonger,
                            requests::stallTimer);
            response.getOutputStream().setWriteListener(writer);
            stream = writer;
            answered = true;
            return writer;
        } catch (IOException e) {
            throw new UncheckedIOException("the container has no output for this request", e);
        }
    }

    @Override
    public void respond(CometResponse answer, Runnable written) {
        synchronized (this) {
            if (!held) {
                requireHandling();
            }
            requireUnanswered();
            answered = true;
            whenOver = written;
        }
        boolean underWay = false;
        try {
            underWay = begin(answer);
        } finally {
            if (!underWay) {
                answerIsOver();
            }
        }
    }

    /** Returns whether a {@link BodyWriter} says when the answer is over. */
    private synchronized boolean begin(CometResponse answer) {
        if (ended) {
            return false;
        }
        if (async != null && response.isCommitted()) {
            if (held) { // otherwise it is Undertow, whose peer has broken off its body
                requests.answeredByFilter();
            }
            complete();
            return false;
        }
        try {
            BodyReader unread = held ? null : unreadBody();
            writeHead(answer);
            if (unread != null) {
                response.setHeader("Connection", "close");
            }
            return write(answer, unread);
        } catch (IOException e) {
            // The peer has gone away, which is its good right.
            complete();
            return false;
        } catch (Throwable e) { // an Error too: nobody else would end the request
            fail();
            throw e;
        }
    }

    /** The answer is written, or never will be: that is told, once. */
    @Override
    public void answerIsOver() {
        Runnable over;
        synchronized (this) {
            over = whenOver;
            whenOver = null;
        }
        if (over != null) {
            over.run();
        }
    }

    /** Nothing more of the answer reaches the peer, whether or not the container ever says so. */
    @Override
    public void giveUp() {
        awaitNoLonger();
        answerIsOver();
    }

    /**
     * Nobody who stops the container waits for this request any more. It is counted once, by
     * whoever finds out first: Undertow tells its listeners nothing of a connection that it has cut
     * off, or that has failed in a write of ours; no container does of a peer that we have given
     * up.
     */
    private void awaitNoLonger() {
        if (AWAITED.compareAndSet(this, true, false)) {
            requests.ended();
        }
    }

    /**
     * What the peer still sends of a body that nobody reads. Left to Tomcat, a thread would wait
     * for it; left to Jetty, the peer would find its connection reset in the place of an answer.
     */
    private @Nullable BodyReader unreadBody() throws IOException {
        BodyReader reader = body;
        if (reader == null && isHttp1()) {
            reader = openBody();
            if (reader == null || reader.skipWhatIsThere() || !request.isAsyncSupported()) {
                return null;
            }
            startAsync();
            body = reader;
            reader.skipOn();
        }
        return reader != null && reader.isOpen() && isHttp1() ? reader : null;
    }

    private void writeHead(CometResponse answer) {
        response.setStatus(answer.status());
        for (CometResponse.Header header : answer.headers()) {
            if (isShared(header.name())) {
                response.addHeader(header.name(), header.value());
            } else {
                response.setHeader(header.name(), header.value());
            }
        }
    }

    /**
     * Whether filters before the servlet may have set it for themselves: a session's cookie, what
     * else an answer varies with, what else pages may read. Of all others there is one at most, and
     * it is the protocol's.
     */
    private static boolean isShared(String name) {
        return switch (name) {
            case "Set-Cookie", "Vary", "Access-Control-Expose-Headers" -> true;
            default -> false;
        };
    }

    /**
     * A request that is answered at once is written by its own thread. One that was held is written
     * by a thread of the container, whatever its length: who has many answers, a wait thread after
     * a broadcast, only hands them over, and the container's threads go from one to the next
     * without being woken for each (docs/performance.md).
     *
     * @return whether it is under way, by a {@link BodyWriter}
     */
    private boolean write(CometResponse answer, @Nullable BodyReader unread) throws IOException {
        byte[] body = answer.body();
        if (async != null) {
            return writeAsRead(body, unread, false);
        }
        boolean headOnly = isHeadOfUnknownLength(answer);
        if (request.isAsyncSupported() && (headOnly || !fitsIntoBuffer(body))) {
            return writeAsRead(body, null, headOnly);
        }
        if (fitsIntoBuffer(body)) {
            writeIntoBuffer(body);
        } else {
            // Filters that forbid it spoil every poll that waits, but need not spoil comet.js.
            writeAtOnce(body);
        }
        return false;
    }

    /**
     * Whether GET would have a body whose length nobody knows. Completed like others, such an
     * answer would get a Content-Length of 0 from Jetty and Undertow.
     */
    private boolean isHeadOfUnknownLength(CometResponse answer) {
        return answer.body().length == 0
                && answer.status() == HttpServletResponse.SC_OK
                && request.getMethod().equals("HEAD")
                && answer.headers().stream().noneMatch(h -> h.name().equals("Content-Length"));
    }

    /**
     * Whether the container copies a body of this length and writes it when the request is
     * complete, without waiting for the network: Tomcat and Undertow if it is shorter than their
     * buffer, Jetty up to a quarter of it.
     */
    private boolean fitsIntoBuffer(byte[] body) {
        return body.length <= response.getBufferSize() / 4;
    }

    /**
     * Without Content-Length: all three containers add it when a request ends whose whole body is
     * in the buffer. Given one, Jetty would take the last byte as a reason to write, and to wait
     * for the network.
     */
    private void writeIntoBuffer(byte[] body) throws IOException {
        if (body.length > 0) {
            response.getOutputStream().write(body);
        }
    }

    /** On the container's own thread, for as long as the peer takes. */
    private void writeAtOnce(byte[] body) throws IOException {
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private boolean writeAsRead(byte[] body, @Nullable BodyReader unread, boolean headOnly)
            throws IOException {
        AsyncContext held = async;
        AsyncContext context = held == null ? startAsync() : held;
        if (!headOnly) {
            response.setContentLength(body.length);
        }
        ServletOutputStream out = response.getOutputStream();
        BodyWriter writer =
                new BodyWriter(
                        body,
                        out,
                        context,
                        this,
                        unread,
                        headOnly,
                        Objects.requireNonNull(whenOver),
                        requests::stallTimer);
        whenOver = writer;
        if (held == null) {
            out.setWriteListener(writer);
        } else {
            // Tomcat writes on whichever thread sets the listener, waits there for the request's
            // own thread to leave its filters, and goes on with the next request that the peer has
            // sent already, hooks and all. So on a thread of the container, without our monitor.
            try {
                held.start(() -> beginToWrite(held, out, writer));
            } catch (RuntimeException e) {
                fail(); // the container is going away: it has no thread for this any more
                return false;
            }
        }
        return true;
    }

    /**
     * The container may end the request between the look and the listener, and use the output for
     * another request. That cannot be kept out by the monitor: Tomcat writes while it takes the
     * listener, and needs the lock of a connection that waits for the monitor in order to tell of
     * its end. It is harmless, because the writer looks again before it touches the output: whoever
     * has it by then gets no byte of this answer, and no end.
     */
    private void beginToWrite(AsyncContext context, ServletOutputStream out, BodyWriter writer) {
        if (hasEnded()) {
            return;
        }
        try {
            out.setWriteListener(writer);
        } catch (RuntimeException e) {
            writer.onError(e); // the container has ended the request, or a filter has the output
        } catch (Error e) {
            AsyncContexts.fail(context);
            giveUp();
            throw e;
        }
    }

    /** Whether the container has ended the request, and may use all that belongs to it anew. */
    @Override
    public synchronized boolean hasEnded() {
        return ended;
    }

    private AsyncContext startAsync() {
        if (!request.isAsyncSupported()) {
            throw new IllegalStateException(
                    "the servlet, or a filter before it, does not support asynchronous requests; add"
                            + " <async-supported>true</async-supported> to each in web.xml,"
                            + " asyncSupported = true to its annotation, or register the servlet"
                            + " with CometServlet.addTo");
        }
        AsyncContext context = request.startAsync();
        async = context; // at once: whatever fails from here on, somebody must complete it
        awaited = true;
        requests.begun();
        // The one who holds the request owns its deadline.
        context.setTimeout(0);
        context.addListener(this);
        if (AsyncContexts.containersOwn(context) instanceof HttpServletResponse own
                && own != response) {
            requests.goRound(response);
            response = own;
            // They describe what the filter would have made of the body.
            own.setHeader("Content-Encoding", null);
            own.setHeader("Content-Length", null);
        }
        return context;
    }

    /** A request that is not held is its thread's. */
    private void fail() {
        if (async != null && !AsyncContexts.fail(async)) {
            awaitNoLonger();
        }
    }

    /** By a timer, which the container does not know of: it may end the request meanwhile. */
    @Override
    public synchronized void completeIfOpen() {
        complete();
    }

    private void complete() {
        if (async != null && !AsyncContexts.complete(async)) {
            awaitNoLonger();
        }
    }

    /** The container is done with the request. If it was not answered, its peer is gone. */
    private void containerEnds() {
        Runnable report;
        StreamWriter writer;
        BodyReader reader;
        synchronized (this) {
            ended = true;
            reader = body;
            async = null;
            report = whenOver;
            whenOver = null;
            writer = stream;
        }
        awaitNoLonger();
        if (reader != null) {
            reader.stop();
        }
        if (writer != null && writer.stop()) {
            report = null; // it was ended
        }
        if (report != null) {
            report.run();
        }
    }

    @Override
    public void onComplete(AsyncEvent event) {
        containerEnds();
    }

    @Override
    public void onError(AsyncEvent event) {
        containerEnds();
    }

    @Override
    public void onTimeout(AsyncEvent event) {
        containerEnds();
    }

    @Override
    public void onStartAsync(AsyncEvent event) {
        // Nobody starts it anew.
    }

    /** Of a peer that has gone away. */
    private static final class NoOutput implements CometOutput {

        @Override
        public boolean write(byte[] bytes) {
            return false;
        }

        @Override
        public void end(byte[] bytes) {}

        @Override
        public void cutOff() {}
    }
}
