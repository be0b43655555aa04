package dev.comet.client;

import java.net.URI;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A client of a Comet server.
 *
 * <pre>{@code
 * Comet.connect(URI.create("https://example.com/comet"), Map.of("key", key), CometOptions.defaults())
 *         .thenAccept(comet -> comet.on("light.set", m -> m.reply(lamp.set(m.contents()))));
 * }</pre>
 *
 * <p><b>Delivery.</b> Every message that the server accepted for this client reaches its handlers
 * once and in order, or a gap or a lost session says, before any later message, that some were
 * lost.
 *
 * <p><b>Handlers</b> are called one message after the other, on the {@linkplain
 * CometOptions.Builder#executor executor}; they may block, and while more than {@linkplain
 * CometOptions.Builder#bufferLimit bufferLimit} messages wait, the client asks for no more. One
 * that throws stops nothing. A message that finds no handler is gone: register them in what hangs
 * on the stage of {@link #connect}, or with {@code subscribe(false)} before {@link #subscribe}.
 *
 * <p><b>Confirmation.</b> The next poll, which leaves when the messages of an answer have been
 * handed to the executor, tells the server that it may forget them; a stream says so with what
 * comes 5 s later, the next heart-beat at the latest, or after 100 messages. An application that
 * has to survive its own crash stores {@link #lastMessageId} together with the effects of a
 * message, and gives it to {@link #adopt} when it starts again: if the server forgot a message
 * whose effects were not stored, there is a gap with the reason {@code confirmed}. Loss is known,
 * not prevented.
 *
 * <p><b>Cost.</b> At most one held connection, and one for each send or reply that is under way,
 * {@linkplain CometOptions.Builder#maxConcurrentSends a few} at a time; no thread of its own.
 *
 * <p><b>Threading.</b> All methods may be called by any number of threads, also from handlers, and
 * return at once. What hangs on a stage runs on the executor too; who waits for a stage itself
 * ({@code toCompletableFuture().join()}) needs none of its threads, and may be a handler.
 * <b>Lifecycle.</b> It goes on until {@link #close} or {@link #disconnect}.
 */
public final class Comet implements AutoCloseable {

    /** As a name: all of the application's messages. */
    public static final String ALL = Delivery.ALL;

    private final ReceiveLoop loop;
    private final CometOptions options;

    private Comet(ReceiveLoop loop, CometOptions options) {
        this.loop = loop;
        this.options = options;
    }

    /**
     * Asks the server's application for a session and begins to receive. One attempt.
     *
     * <p>No message is handed over before what hangs on the stage ({@code thenAccept}, say) has
     * returned: handlers that are registered there get everything. Whoever waits for the stage on
     * another thread may come too late for the first messages.
     *
     * @param url where the server's Comet is mapped
     * @param details what the application wants to know; an object for Jackson to write as one
     * @return fails with a {@link CometClientException}
     */
    public static CompletionStage<Comet> connect(URI url, Object details, CometOptions options) {
        JsonNode body;
        try {
            body = options.contents.encoded(details);
        } catch (CometClientException e) {
            return CompletableFuture.failedFuture(e);
        }
        Strand strand = new Strand(Runnable::run, options.platform);
        Connector connector = new Connector(url, body, options, strand);
        Promise<Comet> connected = new Promise<>();
        connector
                .connect()
                .whenComplete(
                        (session, failure) -> {
                            if (failure != null) {
                                connected.fail(failure, options.completions());
                            } else {
                                strand.execute(
                                        () ->
                                                begin(
                                                        connected, url, session, options, strand,
                                                        connector));
                            }
                        });
        return connected;
    }

    /** On the strand: what the application asks of the client comes after its beginning. */
    private static void begin(
            Promise<Comet> connected,
            URI url,
            CometSession session,
            CometOptions options,
            Strand strand,
            Connector connector) {
        try {
            ReceiveLoop loop =
                    new ReceiveLoop(
                            url,
                            session,
                            options,
                            strand,
                            options.connectAgain ? connector::connect : null,
                            CometState.CONNECTED);
            Comet comet = new Comet(loop, options);
            loop.open();
            // Before all messages, which come after this step: what hangs on it registers handlers.
            connected.keep(comet, task -> loop.delivery().post(-1, task));
        } catch (Throwable e) {
            connected.fail(Exchanges.cut(e), options.completions());
        }
    }

    /**
     * Goes on with a session that exists: one that the program was given, or the {@link #session}
     * of an earlier client. Messages may come before this returns: register handlers with the
     * option {@code subscribe(false)}, then {@link #subscribe}.
     *
     * @param url where the server's Comet is mapped
     */
    public static Comet adopt(URI url, CometSession session, CometOptions options) {
        Strand strand = new Strand(Runnable::run, options.platform);
        ReceiveLoop loop =
                new ReceiveLoop(
                        url, session, options, strand, options.reconnect, CometState.CONNECTING);
        loop.open();
        return new Comet(loop, options);
    }

    /** Where it is. */
    public CometState state() {
        return loop.state();
    }

    /** How the last answer came; before the first one, how it is to come. STREAM or POLL. */
    public CometTransport transport() {
        return loop.transport();
    }

    /** The client's address. */
    public String publicToken() {
        return loop.session().publicToken();
    }

    /** How the client is shown. */
    public String displayName() {
        return loop.session().displayName();
    }

    /**
     * Up to where messages have been handed to handlers; within a handler, its own message's id.
     */
    public long lastMessageId() {
        return loop.delivery().lastMessageId();
    }

    /** What {@link #adopt} takes to go on after a restart. Contains the private token. */
    public CometSession session() {
        return loop.session().at(lastMessageId());
    }

    /**
     * Calls the handler for messages of this name, {@link #ALL} for all of the application's, until
     * the registration is closed.
     *
     * @param name 1–128 characters, not beginning with {@code comet.}: of what the protocol itself
     *     says, a {@linkplain #listen listener} is told
     * @throws CometClientException {@code parameters-invalid}
     */
    public CometRegistration on(String name, Consumer<? super CometMessage> handler) {
        return loop.delivery().on(name.equals(ALL) ? name : Names.checked(name), handler);
    }

    /** Tells the listener what happens, until the registration is closed. */
    public CometRegistration listen(CometListener listener) {
        return loop.delivery().listen(listener);
    }

    /**
     * The application's messages, with {@code comet.gap} and {@code comet.sessionlost} (ids 0) in
     * their places, from the moment of subscribing on. Each subscriber has a buffer of its own, and
     * neither slows the client down nor is slowed down by another. Completes when the client is
     * closed; ends with a {@link CometClientException} when it ends in any other way.
     */
    public Flow.Publisher<CometMessage> messages() {
        return loop.messages();
    }

    /**
     * Hands a message to the application on the server. Never repeated by itself: when there is no
     * answer, nobody knows whether the message was handled. Two sends at a time may arrive in
     * either order. Works while paused.
     *
     * @param contents data that Jackson can write, but null; numbers arrive digit for digit. What
     *     is no data (a future, an exception, a stream) or not finite is refused
     * @return the reply of the application's handler; null if it has none
     */
    public CompletionStage<@Nullable JsonNode> send(String name, Object contents) {
        return loop.sending().send(() -> message(name, contents));
    }

    /**
     * Hands over up to 100 messages, handled in order.
     *
     * @return their replies, as an array; null if there are none at all
     */
    public CompletionStage<@Nullable JsonNode> send(Collection<OutgoingMessage> messages) {
        return loop.sending()
                .send(
                        () -> {
                            ArrayNode all = Json.MAPPER.createArrayNode();
                            messages.forEach(
                                    each -> all.add(message(each.name(), each.contents())));
                            return all;
                        });
    }

    /**
     * One of several that are sent together.
     *
     * @param contents data that Jackson can write, but null; numbers arrive digit for digit. What
     *     is no data (a future, an exception, a stream) or not finite is refused
     */
    public record OutgoingMessage(String name, Object contents) {}

    /** {@link #request(String, Object, Duration)}, waiting for the options' timeout. */
    public CompletionStage<JsonNode> request(String name, Object contents) {
        return request(name, contents, options.timeout);
    }

    /**
     * Hands a message to the application on the server and waits for the reply, however late its
     * handler, or another client that it asks, gives one: the reply travels like a message, and
     * survives a change of network. Never repeated by itself. Needs to be subscribed. A reply
     * queues behind no handler: a handler may wait for it, and messages that came before it may
     * still wait for theirs. (Unless more than bufferLimit messages wait: then nothing is asked
     * for, the reply neither.)
     *
     * @param contents data that Jackson can write, but null; numbers arrive digit for digit. What
     *     is no data (a future, an exception, a stream) or not finite is refused
     * @param timeout from 1 ms to 1 h
     * @return the reply, JSON null if there is none; or a {@link CometClientException}: {@code
     *     timed-out} (it may be handled all the same), {@code refused} and others of the server's
     *     codes, {@code client-does-not-exist} if the session, or the client that was asked, ended
     */
    public CompletionStage<JsonNode> request(String name, Object contents, Duration timeout) {
        String correlationId = PendingRequests.newCorrelationId();
        return loop.sending()
                .request(
                        correlationId,
                        () -> message(name, contents).put("correlationId", correlationId),
                        timeout);
    }

    private ObjectNode message(String name, Object contents) {
        ObjectNode message = Json.MAPPER.createObjectNode().put("name", Names.checked(name));
        message.set("contents", options.contents.encoded(contents));
        return message;
    }

    /**
     * Goes on after the last message; takes over from whoever superseded this client. Nothing if it
     * is receiving.
     *
     * @throws CometClientException {@code closed}
     */
    public void subscribe() {
        loop.subscribe();
    }

    /**
     * Stops receiving: the held request is broken off at once. Messages that were already received
     * are still handed over.
     */
    public void unsubscribe() {
        loop.unsubscribe();
    }

    /** Changes how messages travel, at once and at the same message. */
    public void use(CometTransport transport) {
        loop.use(transport);
    }

    /**
     * The network is back, or has changed, for all that the program knows: a wait ends, and what is
     * under way is asked again.
     */
    public void wake() {
        loop.wake();
    }

    /**
     * Ends the client, here at once, and on the server.
     *
     * @return never fails: false if the server could not be told; it then ends the client when it
     *     has stayed away too long
     */
    public CompletionStage<Boolean> disconnect() {
        return loop.disconnect();
    }

    /**
     * Ends the client here, at once and for good, and says nothing to the server: {@link #session}
     * can be {@linkplain #adopt adopted} again. Idempotent.
     */
    @Override
    public void close() {
        loop.close();
    }

    @Override
    public String toString() {
        return "Comet[" + publicToken() + ", " + state() + "]";
    }
}
