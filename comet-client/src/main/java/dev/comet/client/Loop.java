package dev.comet.client;

import dev.comet.client.Exchanges.Outcome;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a client does: asks, takes what comes, and goes on, whatever goes wrong. Owns cursor, order,
 * states and backoff.
 *
 * <p>Long because it is one state machine. Everything but the reading of {@code volatile} fields
 * happens on the client's strand.
 */
final class Loop {

    private static final long BACKOFF_MILLIS = 250;
    private static final long BACKOFF_CAP_MILLIS = 30_000;

    /** The shortest hold is a second. */
    private static final long EARLY_MILLIS = 500;

    private final URI base;
    private final long instance; // by which this client knows its own requests
    private final CometOptions options;
    private final Platform platform;
    private final Strand strand;
    private final @Nullable Supplier<? extends CompletionStage<CometSession>> renew;
    private final Delivery delivery;
    private final MessagePublisher messages;
    private final Sending sending;

    private volatile CometState state;
    private volatile CometSession session;
    private volatile CometTransport transport;

    // The strand's.
    private Connection connection;
    private CometTransport wanted;
    private @Nullable Turn turn; // while it receives
    private long cursor; // up to where answers were taken; what the next poll confirms
    private boolean gone; // the server does not know the session any more
    private int failures;
    private boolean replaced; // the session was, or was tried to be, since the last held answer
    private boolean slept; // a request was started again, unreported, since the last answer
    private boolean switched; // the transport was changed since the last answer
    private long began; // when the last request was
    private boolean prompt; // and whether it asked for an answer at once

    /** One stretch of being subscribed; what belongs to one that is over moves nothing any more. */
    private static final class Turn {
        /** Ends what the turn waits for that is no request; null if it waits for none. */
        @Nullable Runnable skipWait;
    }

    /**
     * @param renew gives a new session when this one is lost; null: then the client is lost
     * @param state until something is known of the connection
     */
    Loop(
            URI base,
            CometSession session,
            CometOptions options,
            Strand strand,
            @Nullable Supplier<? extends CompletionStage<CometSession>> renew,
            CometState state) {
        this.base = base;
        this.options = options;
        this.platform = options.platform;
        this.instance = (long) (platform.random() * (1L << 52));
        this.strand = strand;
        this.renew = renew;
        Executor handlers = new PatientExecutor(options.handlers(), platform);
        this.delivery = new Delivery(handlers, session.lastMessageId());
        this.messages = new MessagePublisher(handlers, options.bufferLimit);
        this.sending = new Sending(options, strand);
        this.wanted = options.transport;
        this.session = session;
        this.cursor = session.lastMessageId();
        this.connection = newConnection(session);
        this.transport = connection.name();
        this.state = options.subscribe ? state : CometState.PAUSED;
    }

    /** On the strand: begins to receive, unless that is to wait for {@link #subscribe}. */
    void open() {
        if (state != CometState.PAUSED) {
            start();
        }
    }

    CometState state() {
        return state;
    }

    CometSession session() {
        return session;
    }

    CometTransport transport() {
        return transport;
    }

    Delivery delivery() {
        return delivery;
    }

    MessagePublisher messages() {
        return messages;
    }

    Sending sending() {
        return sending;
    }

    // ---- what the application asks for

    void subscribe() {
        sending.refuseIfClosed();
        strand.execute(
                () -> {
                    if (turn == null && state != CometState.CLOSED) {
                        messages.begin();
                        enter(CometState.CONNECTING);
                        start();
                    }
                });
    }

    void unsubscribe() {
        strand.execute(
                () -> {
                    if (turn != null) {
                        stop();
                        enter(CometState.PAUSED);
                    }
                });
    }

    void use(CometTransport value) {
        strand.execute(
                () -> {
                    wanted = value;
                    connection.want(value);
                    if (turn != null && turn.skipWait == null) {
                        connection.breakOff(
                                CometClientException.RESTARTED, "to be sent in another way");
                    }
                });
    }

    void wake() {
        strand.execute(
                () -> {
                    if (turn == null) {
                        return;
                    }
                    if (turn.skipWait != null) {
                        turn.skipWait.run();
                    } else {
                        connection.breakOff(CometClientException.SLEPT, "the network came back");
                    }
                });
    }

    void close() {
        strand.execute(() -> end(CometState.CLOSED, null));
    }

    CompletionStage<Boolean> disconnect() {
        strand.execute(
                () -> {
                    if (state != CometState.CLOSED) {
                        delivery.tell(listener -> listener.closed("disconnected"));
                    }
                    end(CometState.CLOSED, null);
                });
        return sending.disconnect();
    }

    // ---- a session

    private Connection newConnection(CometSession of) {
        Exchanges exchanges =
                new Exchanges(
                        options.http(), platform, strand, base, options.headers, of.privateToken());
        sending.by(exchanges);
        Duration hold = options.hold;
        return new Connection(
                platform,
                new Polling(
                        platform,
                        exchanges,
                        instance,
                        hold == null ? of.connectionTimeoutSeconds() : hold.toSeconds(),
                        hold != null),
                new Streaming(platform, strand, exchanges, instance),
                wanted);
    }

    private void begin(CometSession next) {
        connection.close();
        session = next;
        cursor = next.lastMessageId();
        connection = newConnection(next);
        gone = false;
    }

    // ---- one turn: from start until stop

    private void start() {
        Turn begun = new Turn();
        turn = begun;
        receive(begun);
    }

    private void stop() {
        Turn over = turn;
        turn = null;
        if (over != null) {
            if (over.skipWait != null) {
                over.skipWait.run();
            }
            connection.breakOff(CometClientException.CANCELLED, "broken off by this client");
        }
        connection.close();
    }

    /** Unless the handlers are too far behind: then when they have caught up. */
    private void receive(Turn current) {
        if (delivery.backlog() >= options.bufferLimit) {
            delivery.whenBelow(
                    (options.bufferLimit + 1) / 2,
                    () ->
                            strand.execute(
                                    () -> {
                                        if (current == turn) {
                                            receive(current);
                                        }
                                    }));
            return;
        }
        if (gone) {
            replace(current);
            return;
        }
        prompt = slept || switched || state != CometState.CONNECTED;
        began = platform.nowMillis();
        connection.next(
                cursor,
                prompt,
                new Outcome() {
                    @Override
                    public void answered(JsonNode body) {
                        if (current == turn) {
                            took(current, body);
                        }
                    }

                    @Override
                    public void failed(CometClientException error) {
                        if (current == turn) {
                            recover(current, error);
                        }
                    }
                });
    }

    private void took(Turn current, JsonNode body) {
        boolean streams = connection.streams();
        boolean early = !prompt && !streams && platform.nowMillis() - began < EARLY_MILLIS;
        Digest digest;
        try {
            digest = Digest.of(cursor, body, early, streams);
        } catch (CometClientException e) {
            recover(current, e);
            return;
        }
        accept(current, digest);
    }

    private void accept(Turn current, Digest digest) {
        long millis = platform.nowMillis() - began;
        slept = false;
        switched = false;
        if (!prompt) { // a prompt answer does not show yet that a held one gets through
            failures = 0;
            replaced = false;
        }
        cursor = digest.cursor();
        via(connection.name());
        String closed = digest.closed();
        boolean goesOn = closed == null && digest.waitMillis() < 0;
        if (goesOn) {
            enter(CometState.CONNECTED);
        }
        int count = 0;
        for (Digest.Entry entry : digest.entries()) {
            count += entry.id() > 0 ? 1 : 0;
            hand(entry);
        }
        int messagesTaken = count;
        delivery.tell(listener -> listener.succeeded(messagesTaken, millis), cursor);
        if (closed != null) {
            delivery.tell(listener -> listener.closed(closed));
            end(
                    CometState.CLOSED,
                    closed.equals("disconnected")
                            ? null
                            : new CometClientException(CometClientException.CLOSED, closed));
        } else if (digest.waitMillis() >= 0) {
            enter(CometState.RECONNECTING);
            receiveAfter(current, digest.waitMillis());
        } else {
            receive(current);
        }
    }

    private void hand(Digest.Entry entry) {
        JsonNode contents = entry.contents();
        long at = entry.cursor();
        switch (entry.name()) {
            case "comet.timeout" -> delivery.tell(listener -> listener.timedOut(at), at);
            case "comet.reconnect" ->
                    delivery.tell(
                            listener ->
                                    listener.reconnecting(contents.path("delayMillis").asLong(0)),
                            at);
            case "comet.gap" -> {
                CometMessage gap = message(entry);
                delivery.tell(
                        listener ->
                                listener.gap(
                                        contents.path("from").asLong(0),
                                        contents.path("to").asLong(0),
                                        contents.path("reason").asString("")),
                        at);
                delivery.post(at, () -> messages.publish(gap));
            }
            case Requests.REPLY, Requests.REFUSED -> {
                sending.answered(message(entry)); // a handler may wait for it
                delivery.post(at, () -> {});
            }
            default -> {
                CometMessage message = message(entry);
                delivery.post(
                        at,
                        () -> {
                            delivery.hand(message);
                            messages.publish(message);
                        });
            }
        }
    }

    private CometMessage message(Digest.Entry entry) {
        JsonNode correlationId = entry.json().path("correlationId");
        boolean isRequest =
                correlationId.isString() && entry.id() > 0 && !entry.name().startsWith("comet.");
        return new CometMessage(
                entry.id(),
                entry.name(),
                correlationId.isString() ? correlationId.stringValue() : null,
                entry.contents(),
                options.mapper,
                isRequest ? sending::reply : null);
    }

    /** What follows a failure: nothing, a request at once, or one after a wait. */
    private void recover(Turn current, CometClientException failure) {
        CometClientException error = failure.seenBy(instance);
        connection.close();
        switch (error.code()) {
            case CometClientException.RESTARTED -> {
                switched = true;
                receive(current);
                return;
            }
            case CometClientException.SLEPT -> {
                if (!slept) {
                    slept = true;
                    receive(current);
                    return;
                }
            }
            case CometClientException.SUPERSEDED -> {
                delivery.tell(CometListener::superseded);
                end(CometState.SUPERSEDED, error);
                return;
            }
            case CometClientException.CLIENT_DOES_NOT_EXIST -> {
                if (renew == null) {
                    lost(session.publicToken(), null);
                    end(CometState.LOST, error);
                    return;
                }
                gone = true;
                enter(CometState.RECONNECTING);
                // At once; but a session lost as soon as it is made must not become a storm.
                if (!replaced) {
                    receive(current);
                    return;
                }
            }
            default -> {
                if (error.isPermanent()) {
                    int attempt = failures + 1;
                    delivery.tell(listener -> listener.failed(error, attempt, -1));
                    end(CometState.LOST, error);
                    return;
                }
            }
        }
        int attempt = ++failures;
        double cap = Math.min(BACKOFF_CAP_MILLIS, BACKOFF_MILLIS * Math.pow(2, attempt));
        long retryInMillis =
                Math.round(
                        Math.min(error.retryAfterSeconds() * 1_000, Digest.WAIT_CAP_MILLIS)
                                + platform.random() * cap);
        delivery.tell(listener -> listener.failed(error, attempt, retryInMillis));
        enter(attempt == 1 ? CometState.RECONNECTING : CometState.DISCONNECTED);
        receiveAfter(current, retryInMillis);
    }

    private void receiveAfter(Turn current, long millis) {
        Platform.Timer[] timer = new Platform.Timer[1];
        Runnable proceed =
                () -> {
                    timer[0].cancel();
                    if (current.skipWait != null) {
                        current.skipWait = null;
                        if (current == turn) {
                            receive(current);
                        }
                    }
                };
        current.skipWait = proceed;
        timer[0] = platform.schedule(millis, () -> strand.execute(proceed));
    }

    private void replace(Turn current) {
        replaced = true;
        CompletionStage<CometSession> renewal;
        try {
            renewal = Objects.requireNonNull(renew).get();
        } catch (RuntimeException e) {
            renewal = CompletableFuture.failedFuture(e);
        }
        boolean[] over = new boolean[1];
        Platform.Timer timer =
                platform.schedule(
                        options.timeout.toMillis(),
                        () ->
                                strand.execute(
                                        () ->
                                                notRenewed(
                                                        current,
                                                        over,
                                                        new CometClientException(
                                                                CometClientException.SILENCE,
                                                                "no session for "
                                                                        + options.timeout))));
        renewal.whenComplete(
                (next, failure) ->
                        strand.execute(
                                () -> {
                                    timer.cancel();
                                    if (failure == null) {
                                        renewed(current, over, next);
                                    } else {
                                        notRenewed(current, over, failure);
                                    }
                                }));
    }

    private void renewed(Turn current, boolean[] over, CometSession next) {
        if (current != turn || over[0]) {
            return;
        }
        over[0] = true;
        String previous = session.publicToken();
        begin(next);
        lost(previous, next.publicToken());
        enter(CometState.CONNECTED);
        receive(current);
    }

    private void notRenewed(Turn current, boolean[] over, Throwable failure) {
        if (current != turn || over[0]) {
            return;
        }
        over[0] = true;
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        recover(
                current,
                cause instanceof CometClientException known
                        ? known
                        : new CometClientException(
                                "reconnect-failed", "the application's reconnect failed", cause));
    }

    private void lost(String previous, @Nullable String current) {
        ObjectNode contents =
                Json.MAPPER.createObjectNode().put("previous", previous).put("current", current);
        CometMessage message = MessagePublisher.own(MessagePublisher.SESSION_LOST, contents);
        delivery.tell(listener -> listener.sessionLost(previous, current), cursor);
        delivery.post(cursor, () -> messages.publish(message));
        sending.failAll(CometClientException.CLIENT_DOES_NOT_EXIST);
    }

    private void end(CometState how, @Nullable CometClientException error) {
        stop();
        if (how == CometState.CLOSED) {
            sending.close();
        }
        if (state != how) {
            enter(how);
            int over = messages.turn(); // it may have begun again before the handlers are through
            delivery.post(-1, () -> messages.end(over, error));
            sending.failAll(CometClientException.CLOSED);
        }
    }

    private void via(CometTransport to) {
        CometTransport from = transport;
        transport = to;
        if (from != to) {
            delivery.tell(listener -> listener.transportChanged(from, to));
        }
    }

    private void enter(CometState to) {
        CometState from = state;
        state = to;
        if (from != to) {
            delivery.tell(listener -> listener.stateChanged(from, to));
        }
    }
}
