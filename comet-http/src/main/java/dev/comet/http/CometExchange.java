package dev.comet.http;

import java.security.Principal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request and its answer, as an adapter for a container or a network library presents
 * them. All that the protocol knows of HTTP.
 *
 * <p><b>Life.</b> The adapter hands a new exchange to {@link CometHttpHandler#handle}, which calls
 * {@link #respond}, or {@link #stream} in its place, exactly once. The only exception is an
 * exchange whose peer has gone away while it was held: it may get no answer.
 *
 * <p><b>Threading.</b> The exchange is <i>being handled</i> until {@code handle} returns, or until
 * {@link #readBody} returns, if that is before; while a {@link BodyReceiver} is told of the body,
 * it is being handled again, by the thread that does so.
 *
 * <ul>
 *   <li>{@code respond}: by the thread that handles the exchange; from any thread, then or later,
 *       only once the exchange is {@linkplain #hold held}.
 *   <li>{@code stream}: by the thread that handles the exchange, once the exchange is held.
 *   <li>{@code hold} and {@code readBody}: by the thread that handles the exchange, before the
 *       answer.
 *   <li>Everything else: while the exchange is being handled.
 * </ul>
 *
 * <p>A container uses request and response for somebody else once it has them back, so an adapter
 * refuses every other call: it throws IllegalStateException and touches neither. A second answer is
 * refused in the same way.
 */
public interface CometExchange {

    /** The method as it was sent, such as {@code GET}. */
    String method();

    /**
     * The path below the place where the protocol is mounted, decoded, with a leading slash: {@code
     * /poll}. Empty for that place itself.
     */
    String path();

    /**
     * The path of the place where the protocol is mounted, such as {@code /comet}, as the peer
     * knows it: a cookie's.
     */
    String basePath();

    /** What follows the question mark, as it was sent, or null. */
    @Nullable String query();

    /** The first value of a header, or null. Names are compared without regard to case. */
    @Nullable String header(String name);

    /** All values of a header, in the order in which they were sent; empty if there is none. */
    List<String> headers(String name);

    /** The header {@code Host} as it arrived, or null: with HTTP/2 not every container has one. */
    @Nullable String host();

    /**
     * The host as the container takes it, with its port unless that is the scheme's own, or null:
     * what HTTP/2 has in the place of {@code Host}, and what the container, or a filter, has been
     * told to believe of a proxy.
     */
    @Nullable String acceptedHost();

    /** {@code http} or {@code https}, as the adapter sees it. */
    String scheme();

    /**
     * The network address of the peer that is connected to this server; a proxy's, if there is one.
     */
    String remoteAddress();

    /** Who the container says is calling, or null. */
    @Nullable Principal principal();

    /**
     * Reads the body, without a thread that waits for it. To be called at most once; nothing else
     * is to be called after it but by the receiver.
     *
     * @param limits what the adapter sees to while the body comes
     * @param receiver told once what became of it, before this method returns or later; not at all
     *     if the container gives the request up
     * @throws IllegalStateException if the container cannot go on with a request later; the text
     *     says what to configure. Also if the call breaks the rule above
     */
    void readBody(BodyLimits limits, BodyReceiver receiver);

    /** Gets a body. Its methods run on a thread that may block. */
    interface BodyReceiver {

        /**
         * The body: all of it, or, if it is longer than the limit, its first {@code limit + 1}
         * bytes.
         */
        void received(byte[] body);

        /** It came too slowly, or stalled. */
        void tooSlow();

        /** It was cut short or badly framed. */
        void broken();
    }

    /**
     * Keeps the request open after {@link CometHttpHandler#handle} returns, for as long as it
     * takes: the deadline is the caller's. The only way to an answer that comes later. To be called
     * before any other thread knows of the exchange.
     *
     * @param peerGone called at most once, from any thread, if the peer goes away (or the container
     *     gives the request up) before the answer, or before the end of a {@linkplain #stream
     *     stream}
     * @throws IllegalStateException if the container cannot; the text says what to configure, and
     *     the exchange can still be answered while it is being handled. Also if the call breaks the
     *     rule above
     */
    void hold(Runnable peerGone);

    /**
     * Begins an answer that goes on, in the place of {@link #respond}. Never blocks on the network.
     * If the peer has gone away in the meantime, what is written is silently ignored.
     *
     * @param head status and headers; it has no body
     * @param canTakeMore called each time that a {@link CometOutput#write} has said that no more
     *     can be taken and it now can; from any thread
     * @throws IllegalStateException if the call breaks the rule above
     */
    CometOutput stream(CometResponse head, Runnable canTakeMore);

    /**
     * Answers. Never blocks on the network if the request is {@linkplain #hold held}: the caller
     * may be a thread that thousands of requests share. A peer that has gone away in the meantime
     * is silently ignored. If the answer cannot be written, for whatever reason, a held request is
     * ended all the same, and nobody waits for it.
     *
     * @param written called exactly once when the adapter needs the response's body no more: it is
     *     written, or never will be, because the peer has gone away or was cut off, or for any
     *     other reason. By any thread, perhaps before this method returns or throws; must not
     *     block. Not called if the call breaks the rule
     * @throws IllegalStateException if the call breaks the rule above
     */
    void respond(CometResponse response, Runnable written);

    /** Answers as {@link #respond(CometResponse, Runnable)}, for who need not know the end. */
    default void respond(CometResponse response) {
        respond(response, () -> {});
    }
}
