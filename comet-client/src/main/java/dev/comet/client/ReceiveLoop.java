package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
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
final class ReceiveLoop {

    private static final long BACKOFF_MILLIS = 250;
    private static final long BACKOFF_CAP_MILLIS = 30_000;

    /** How often a client looks whether the machine slept, and whether it still goes on itself. */
    private static final long PULSE_MILLIS = 5_000;

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
    private boolean hurried; // a wait was cut short since the last answer
    private boolean replaced; // the session was, or was tried to be, since the last held answer
    private boolean slept; // a request was started again, unreported, since the last answer
    private boolean switched; // the transport was changed since the last answer
    private Stopwatch asking; // since the last request
    private boolean prompt; // whether that asked for an answer at once
    private Stopwatch pulsed; // since the last pulse, or since a sleep was noticed

    /**
     * One stretch of being subscribed; what belongs to one that is over moves nothing any more. It
     * waits for one of these four, or an Error has broken its last step off: then the pulse goes
     * on. So each is set when that which it waits for is under way, and not before.
     */
    private static final class Turn {
        private Platform.Timer pulse = () -> {};
        private @Nullable ResponseHandler asked;
        private @Nullable Runnable skipWait; // ends a wait
        private @Nullable Object renewal;
        private boolean catchingUp; // the handlers are too far behind

        /** Returns whether there was a wait to end. */
        boolean skipWait() {
            Runnable wait = skipWait;
            skipWait = null;
            if (wait != null) {
                wait.run();
            }
            return wait != null;
        }

        boolean isWaiting(boolean underWay) {
            return (asked != null && underWay) || skipWait != null || renewal != null || catchingUp;
        }
    }

    /**
     * @param renew gives a new session when this one is lost; null: then the client is lost
     * @param state until something is known of the connection
     */
    ReceiveLoop(
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
        Executor handlers = options.handlers();
        this.delivery = new Delivery(handlers, platform, session.lastMessageId());
        this.messages = new MessagePublisher(handlers, platform, options.bufferLimit);
        this.asking = new Stopwatch(platform);
        this.pulsed = asking;
        this.sending = new Sending(options, strand);
        this.wanted = options.transport;
        this.session = session;
        this.cursor = session.lastMessageId();
        this.connection = newConnection(session);
        this.transport = connection.name();
        this.state = options.subscribe ? state : CometState.PAUSED;
    }

    /** Begins to receive, unless that is to wait for {@link #subscribe}. */
    void open() {
        if (state != CometState.PAUSED) {
            start(() -> {});
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
        start(
                () -> {
                    messages.begin();
                    enter(CometState.CONNECTING);
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
                    if (turn != null && turn.asked != null) {
                        connection.breakOff(
                                CometClientException.RESTARTED, "to be sent in another way");
                    }
                });
    }

    void wake() {
        strand.execute(
                () -> {
                    if (turn != null) {
                        askAgain(turn, "the network came back");
                    }
                });
    }

    private void askAgain(Turn current, String reason) {
        if (!current.skipWait()) {
            connection.breakOff(CometClientException.SLEPT, reason);
        }
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
                        options.http(),
                        platform,
                        strand,
                        base,
                        options.headers,
                        of.privateToken(),
                        () -> doubt(of));
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

    /**
     * Whether this session is lost, or what else is wrong with it, the answer to a request for
     * messages says: one is sent at once, also, but once, by who waits after a failure, unless one
     * is under way that is answered soon. Who knows that it is lost waits before the next one is
     * made.
     */
    private void doubt(CometSession refused) {
        if (!refused.equals(session) || turn == null || gone) {
            return;
        }
        if (turn.skipWait != null) {
            if (!hurried) {
                hurried = true; // until there is an answer: sends would take all waits away
                turn.skipWait();
            }
        } else if (turn.asked != null && !prompt) {
            connection.breakOff(CometClientException.RESTARTED, "the session may be lost");
        }
    }

    // ---- one turn: from start until stop

    /**
     * Unless there is a turn, or the client is closed. The pulse is the caller's: should it not
     * begin, nothing else has, and the caller gets to know.
     */
    private void start(Runnable announcement) {
        Turn begun = new Turn();
        Runnable beat = () -> pulse(begun);
        begun.pulse = platform.every(PULSE_MILLIS, () -> strand.execute(beat));
        strand.execute(
                () -> {
                    if (turn != null || state == CometState.CLOSED) {
                        begun.pulse.cancel();
                        return;
                    }
                    turn = begun;
                    pulsed = new Stopwatch(platform);
                    announcement.run();
                    receive(begun);
                });
    }

    private void pulse(Turn current) {
        if (current != turn) {
            current.pulse.cancel();
            return;
        }
        boolean late = pulsed.isLate(PULSE_MILLIS);
        pulsed = new Stopwatch(platform);
        delivery.nudge();
        messages.nudge();
        if (current.catchingUp) {
            if (delivery.backlog() < caughtUpBelow()) {
                caughtUp(current);
            }
        } else if (!current.isWaiting(connection.isUnderWay())) {
            connection.breakOff(CometClientException.RESTARTED, "a step of the client failed");
            connection.close(); // what it had read may not have been taken
            switched = true;
            receive(current);
        } else if (late) {
            askAgain(current, "this machine was asleep, or its clock was set");
        }
    }

    private void stop() {
        Turn over = turn;
        turn = null;
        if (over != null) {
            over.pulse.cancel();
            over.skipWait();
            connection.breakOff(CometClientException.CANCELLED, "broken off by this client");
        }
        connection.close();
    }

    /** Unless the handlers are too far behind: then when they have caught up. */
    private void receive(Turn current) {
        if (delivery.backlog() >= options.bufferLimit) {
            delivery.whenBelow(caughtUpBelow(), () -> strand.execute(() -> caughtUp(current)));
            current.catchingUp = true;
            return;
        }
        if (gone) {
            replace(current);
            return;
        }
        prompt = slept || switched || state != CometState.CONNECTED;
        asking = new Stopwatch(platform);
        ResponseHandler outcome =
                new ResponseHandler() {
                    @Override
                    public void answered(JsonNode body) {
                        if (isAwaited()) {
                            took(current, body);
                        }
                    }

                    @Override
                    public void failed(CometClientException error) {
                        if (isAwaited()) {
                            recover(current, error);
                        }
                    }

                    private boolean isAwaited() {
                        if (current != turn || current.asked != this) {
                            return false;
                        }
                        current.asked = null;
                        return true;
                    }
                };
        connection.next(cursor, prompt, outcome);
        current.asked = outcome;
    }

    private int caughtUpBelow() {
        return (options.bufferLimit + 1) / 2;
    }

    private void caughtUp(Turn current) {
        if (current == turn && current.catchingUp) {
            current.catchingUp = false;
            receive(current);
        }
    }

    private void took(Turn current, JsonNode body) {
        boolean streams = connection.streams();
        boolean early = !prompt && !streams && asking.millis() < EARLY_MILLIS;
        ReceivedBatch batch;
        try {
            batch = ReceivedBatch.of(cursor, body, early, streams);
        } catch (CometClientException e) {
            recover(current, e);
            return;
        }
        accept(current, batch);
    }

    private void accept(Turn current, ReceivedBatch batch) {
        long millis = asking.millis();
        slept = false;
        switched = false;
        if (!prompt) { // a prompt answer does not show yet that a held one gets through
            failures = 0;
            hurried = false;
            replaced = false;
        }
        via(connection.name());
        String closed = batch.closed();
        boolean goesOn = closed == null && batch.waitMillis() < 0;
        if (goesOn) {
            enter(CometState.CONNECTED);
        }
        int count = 0;
        for (ReceivedBatch.Entry entry : batch.entries()) {
            count += entry.id() > 0 ? 1 : 0;
            hand(entry);
            cursor = entry.cursor(); // what an Error keeps from being handed over comes again
        }
        cursor = batch.cursor();
        int messagesTaken = count;
        delivery.tell(listener -> listener.succeeded(messagesTaken, millis), cursor);
        if (closed != null) {
            delivery.tell(listener -> listener.closed(closed));
            end(
                    CometState.CLOSED,
                    closed.equals("disconnected")
                            ? null
                            : new CometClientException(CometClientException.CLOSED, closed));
        } else if (batch.waitMillis() >= 0) {
            enter(CometState.RECONNECTING);
            receiveAfter(current, batch.waitMillis());
        } else {
            receive(current);
        }
    }

    private void hand(ReceivedBatch.Entry entry) {
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
                delivery.post(
                        at,
                        () -> {
                            delivery.tellAll(
                                    listener ->
                                            listener.gap(
                                                    contents.path("from").asLong(0),
                                                    contents.path("to").asLong(0),
                                                    contents.path("reason").asString("")));
                            messages.publish(gap);
                        });
            }
            case PendingRequests.REPLY, PendingRequests.REFUSED -> {
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

    private CometMessage message(ReceivedBatch.Entry entry) {
        JsonNode correlationId = entry.json().path("correlationId");
        boolean isRequest =
                correlationId.isString() && entry.id() > 0 && !entry.name().startsWith("comet.");
        return new CometMessage(
                entry.id(),
                entry.name(),
                correlationId.isString() ? correlationId.stringValue() : null,
                entry.contents(),
                options.contents,
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
                pulsed = new Stopwatch(platform); // it is known
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
                    lost(session.publicToken(), null, cursor);
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
                        Math.min(error.retryAfterSeconds() * 1_000, ReceivedBatch.WAIT_CAP_MILLIS)
                                + platform.random() * cap);
        delivery.tell(listener -> listener.failed(error, attempt, retryInMillis));
        enter(attempt == 1 ? CometState.RECONNECTING : CometState.DISCONNECTED);
        receiveAfter(current, retryInMillis);
    }

    private void receiveAfter(Turn current, long millis) {
        Deadline wait = new Deadline(platform, strand, millis, late -> current.skipWait());
        current.skipWait =
                () -> {
                    wait.cancel();
                    if (current == turn) {
                        receive(current);
                    }
                };
    }

    private void replace(Turn current) {
        replaced = true;
        CompletionStage<CometSession> renewal;
        try {
            renewal = Objects.requireNonNull(Objects.requireNonNull(renew).get(), "no stage");
        } catch (Throwable e) {
            renewal = CompletableFuture.failedFuture(e);
        }
        Object awaited = new Object();
        Deadline deadline =
                new Deadline(
                        platform,
                        strand,
                        options.timeout.toMillis(),
                        late -> {
                            if (isOver(current, awaited)) {
                                notRenewed(
                                        current,
                                        new CometClientException(
                                                CometClientException.SILENCE,
                                                "no session for " + options.timeout));
                            }
                        });
        renewal.whenComplete(
                (next, failure) ->
                        strand.execute(
                                () -> {
                                    deadline.cancel();
                                    if (isOver(current, awaited)) {
                                        if (next != null) {
                                            renewed(current, next);
                                        } else {
                                            notRenewed(
                                                    current,
                                                    failure != null
                                                            ? failure
                                                            : new NullPointerException(
                                                                    "no session"));
                                        }
                                    }
                                }));
        current.renewal = awaited;
    }

    /** Whether the turn waited for this renewal; it does no more. */
    private boolean isOver(Turn current, Object renewal) {
        if (current != turn || current.renewal != renewal) {
            return false;
        }
        current.renewal = null;
        return true;
    }

    private void renewed(Turn current, CometSession next) {
        Connection fresh = newConnection(next);
        connection.close();
        lost(session.publicToken(), next.publicToken(), next.lastMessageId());
        connection = fresh;
        session = next;
        cursor = next.lastMessageId();
        gone = false;
        enter(CometState.CONNECTED);
        receive(current);
    }

    private void notRenewed(Turn current, Throwable failure) {
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

    private void lost(String previous, @Nullable String current, long at) {
        ObjectNode contents =
                Json.MAPPER.createObjectNode().put("previous", previous).put("current", current);
        CometMessage message = MessagePublisher.own(MessagePublisher.SESSION_LOST, contents);
        delivery.post(
                at,
                () -> {
                    delivery.tellAll(listener -> listener.sessionLost(previous, current));
                    messages.publish(message);
                });
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
