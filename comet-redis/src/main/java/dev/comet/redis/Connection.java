package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.resource.ClientResources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to Redis, by one {@link Link} after the other. The next one is made as soon as one is
 * broken, and first says what this node knows, so that a server that has lost something notices
 * before anybody asks it.
 *
 * <p>A call whose link breaks is made again by the next one: what must not be done twice has a key,
 * by which its script knows it.
 *
 * <p>Safe for use by any number of threads.
 */
final class Connection implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    /** For how long the feed waits for news, at most. */
    private static final Duration FEED_WAIT = Duration.ofSeconds(1);

    /** For how long a store that may have lost something waits for nodes that know of it. */
    private static final Duration NODES_WAIT = Duration.ofSeconds(3);

    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(3);
    private static final long SHORTEST_PAUSE_MILLIS = 10;
    private static final long LONGEST_PAUSE_MILLIS = 500;

    /** Of a server that has been, or is yet to be, the one that is meant. */
    private static final Pattern WRONG_SERVER =
            Pattern.compile("READONLY|^LOADING|^MASTERDOWN|^CLUSTERDOWN|^MOVED");

    private static final Pattern MOVED = Pattern.compile("^MOVED \\d+ (\\S*):(\\d+)");

    private static final int ASK_AGAIN = 2;
    private static final int REPLICA = -1;

    private final Settings settings;
    private final ClientResources resources = ClientResources.create();
    private final RedisClient client = RedisClient.create(resources);
    private final byte[][] common;
    private final LongSupplier micros;
    private final long timeoutNanos;
    private final Semaphore pending;
    private final Thread opener = new Thread(this::keepOpen, "comet-redis-connection");

    private final AtomicLong highestSeen = new AtomicLong();
    private volatile long epoch;

    private final Object monitor = new Object();
    private @Nullable Link link; // guarded by monitor; null while there is none
    private boolean closed; // guarded by monitor

    // the opener's, and before it runs the constructor's
    private int attempts;
    private @Nullable RedisURI movedTo;

    /**
     * @param node this node's name
     * @param micros the time; 0: the store's own
     * @throws RuntimeException if there is no Redis
     */
    Connection(Settings settings, String node, LongSupplier micros) {
        this.settings = settings;
        this.micros = micros;
        this.timeoutNanos = settings.commandTimeout().toNanos();
        this.pending = new Semaphore(settings.maxPendingCommands());
        this.common =
                new byte[][] {
                    bytes(settings.prefix()),
                    bytes(node),
                    bytes(String.valueOf(settings.retention().toMillis()))
                };
        client.setOptions(
                ClientOptions.builder()
                        .autoReconnect(false) // it would go on at another server in silence
                        .socketOptions(
                                SocketOptions.builder()
                                        .connectTimeout(CONNECT_TIMEOUT)
                                        .keepAlive(true)
                                        .build())
                        .build());
        boolean isOpen = false;
        try {
            link = firstLink();
            isOpen = true;
        } finally {
            if (!isOpen) {
                close();
            }
        }
        opener.setDaemon(true);
        opener.start();
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    // ---- calls

    /**
     * Runs the script and waits for what it returns.
     *
     * @param arguments texts, byte arrays, numbers, or clients: each of these is two, its public
     *     token and its incarnation
     */
    Reply run(Script script, Object... arguments) {
        byte[][] all = all(arguments);
        return call((way, nanos) -> way.run(script, all, nanos));
    }

    /** As {@link #run}, of what keeps this node going: however many calls wait. */
    Reply runForNode(Script script, Object... arguments) {
        byte[][] all = all(arguments);
        return callWithin((way, nanos) -> way.run(script, all, nanos));
    }

    /** As {@link #run}, and waits until as many replicas have it as are asked for. */
    Reply runKept(Script script, Object... arguments) {
        byte[][] all = all(arguments);
        return call((way, nanos) -> way.runKept(script, all, nanos));
    }

    /** Runs the script, and waits for nothing; not at all if there is no link just now. */
    void start(Script script, Object... arguments) {
        Link way;
        synchronized (monitor) {
            way = link;
        }
        if (way != null) {
            way.start(script, all(arguments));
        }
    }

    /** What is asked by one link. */
    private interface Call<T> {
        T by(Link way, long nanos);
    }

    private <T> T call(Call<T> call) {
        if (!pending.tryAcquire()) {
            throw new IllegalStateException(
                    settings.maxPendingCommands()
                            + " calls wait for Redis already; see maxPendingCommands");
        }
        try {
            return callWithin(call);
        } finally {
            pending.release();
        }
    }

    private <T> T callWithin(Call<T> call) {
        long end = System.nanoTime() + timeoutNanos;
        while (true) {
            Link way = awaitLink(end);
            try {
                return call.by(way, Math.max(1, end - System.nanoTime()));
            } catch (RedisException e) {
                if (!isWrongServer(e)) {
                    throw e;
                }
                isBroken(way);
            }
        }
    }

    /** Whether what goes wrong is the link, and not the command. */
    private static boolean isWrongServer(RedisException e) {
        return !(e instanceof RedisCommandExecutionException)
                || WRONG_SERVER.matcher(String.valueOf(e.getMessage())).find();
    }

    private byte[][] all(Object[] arguments) {
        List<byte[]> all = new ArrayList<>(arguments.length + 4);
        all.add(common[0]);
        all.add(common[1]);
        all.add(bytes(String.valueOf(micros.getAsLong())));
        all.add(common[2]);
        for (Object argument : arguments) {
            if (argument instanceof CometClient of) {
                all.add(bytes(Names.escaped(of.publicToken())));
                all.add(bytes(String.valueOf(of.incarnation())));
            } else {
                all.add(argument instanceof byte[] raw ? raw : bytes(String.valueOf(argument)));
            }
        }
        return all.toArray(byte[][]::new);
    }

    /** A section of what the server says of itself. */
    String info(String section) {
        return call((way, nanos) -> way.info(section, nanos));
    }

    /**
     * All members of a sorted set, some at a time; those that come or go meanwhile may be there or
     * not, and some may be there twice.
     */
    void scan(String name, Consumer<List<String>> some) {
        String key = settings.prefix() + name;
        ScanCursor cursor = ScanCursor.INITIAL;
        while (!cursor.isFinished()) {
            ScanCursor from = cursor;
            var found = call((way, nanos) -> way.scan(key, from, nanos));
            if (!found.getValues().isEmpty()) {
                some.accept(
                        found.getValues().stream()
                                .map(one -> new String(one.getValue(), UTF_8))
                                .toList());
            }
            cursor = found;
        }
    }

    /** Waits for a while until there is something in the feeds; returns whether there is. */
    boolean awaitFeeds(StreamOffset<String> one, StreamOffset<String> other) {
        Link way = awaitLink(System.nanoTime() + timeoutNanos);
        try {
            return way.awaitFeeds(one, other, FEED_WAIT, FEED_WAIT.toNanos() + timeoutNanos);
        } catch (RedisException e) {
            if (isWrongServer(e)) {
                isBroken(way);
            }
            throw e;
        }
    }

    // ---- what is known of the store

    /** Some answer had this id of a message, or cursor. */
    void hasSeen(long id) {
        highestSeen.accumulateAndGet(id, Math::max);
    }

    /** The one as of now, without waiting. */
    long epoch() {
        return epoch;
    }

    /** Another one if another server may have lost something. Waits until there is a server. */
    long awaitEpoch() {
        awaitLink(System.nanoTime() + timeoutNanos);
        return epoch;
    }

    private boolean isSettled(Link made) {
        Reply reply =
                made.run(
                        Script.HELLO,
                        all(
                                new Object[] {
                                    epoch,
                                    highestSeen.get(),
                                    TimeUnit.NANOSECONDS.toMicros(settings.lease().toNanos()),
                                    TimeUnit.NANOSECONDS.toMicros(NODES_WAIT.toNanos())
                                }),
                        timeoutNanos);
        if (reply.status() == REPLICA) {
            throw new RedisException("READONLY this is a replica; the master is meant");
        }
        if (reply.status() == ASK_AGAIN) {
            return false;
        }
        if (epoch != 0 && epoch != reply.number(1)) {
            LOG.warn("Redis is another server, or has started again: looking at everything anew");
        }
        epoch = reply.number(1);
        return true;
    }

    // ---- links

    private Link awaitLink(long end) {
        synchronized (monitor) {
            while (link == null) {
                long nanos = end - System.nanoTime();
                if (closed || nanos <= 0) {
                    throw new IllegalStateException(
                            closed ? "this provider is closed" : "there is no connection to Redis");
                }
                try {
                    TimeUnit.NANOSECONDS.timedWait(monitor, nanos + 1);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException("interrupted while Redis was awaited", e);
                }
            }
            return link;
        }
    }

    /** Goes on by another link. */
    void renew() {
        Link before;
        synchronized (monitor) {
            before = link;
        }
        if (before != null) {
            isBroken(before);
        }
    }

    private void isBroken(Link way) {
        synchronized (monitor) {
            if (closed) {
                return; // all links are
            }
            if (link == way) {
                link = null;
                monitor.notifyAll();
            }
        }
        way.close();
    }

    private Link firstLink() {
        while (true) {
            try {
                return open();
            } catch (RuntimeException e) {
                if (movedTo == null && attempts >= settings.uris().size()) {
                    throw e;
                }
            }
        }
    }

    /** The opener's work. */
    private void keepOpen() {
        long pause = SHORTEST_PAUSE_MILLIS;
        try {
            while (awaitNeed()) {
                try {
                    Link made = open();
                    synchronized (monitor) {
                        link = made;
                        monitor.notifyAll();
                        if (!closed) {
                            pause = SHORTEST_PAUSE_MILLIS;
                            continue;
                        }
                    }
                    made.close();
                } catch (Throwable e) { // nobody else would make a link
                    Quietly.debug(LOG, "There is no connection to Redis; trying again", e);
                    if (movedTo == null) {
                        awaitClose(pause / 2 + (long) (Math.random() * pause));
                        pause = Math.min(2 * pause, LONGEST_PAUSE_MILLIS);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns false when there is nothing more to do. */
    private boolean awaitNeed() throws InterruptedException {
        synchronized (monitor) {
            while (link != null && !closed) {
                monitor.wait();
            }
            return !closed;
        }
    }

    private void awaitClose(long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        synchronized (monitor) {
            for (long nanos = end - System.nanoTime();
                    nanos > 0 && !closed;
                    nanos = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(monitor, nanos + 1);
            }
        }
    }

    /**
     * A link by which this node has said what it knows.
     *
     * @throws RuntimeException if there is none
     */
    private Link open() {
        RedisURI uri = movedTo;
        movedTo = null;
        if (uri == null) {
            uri = settings.uris().get(attempts++ % settings.uris().size());
        }
        if (uri.getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION)) {
            uri.setTimeout(CONNECT_TIMEOUT); // a minute is too long for a server that hangs
        }
        Link made = new Link(client, uri, settings.waitForReplicas(), settings.prefix() + "meta");
        boolean isOpen = false;
        try {
            while (!isSettled(made)) {
                awaitClose(SHORTEST_PAUSE_MILLIS);
                requireOpen();
            }
            isOpen = true;
            return made;
        } catch (RedisCommandExecutionException e) {
            Matcher moved = MOVED.matcher(String.valueOf(e.getMessage()));
            if (moved.find()) {
                String host = moved.group(1);
                movedTo =
                        RedisURI.builder(uri)
                                .withHost(host.isEmpty() ? uri.getHost() : host)
                                .withPort(Integer.parseInt(moved.group(2)))
                                .build();
            }
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RedisException("interrupted while Redis was awaited", e);
        } finally {
            if (!isOpen) {
                made.close();
            }
        }
    }

    private void requireOpen() {
        synchronized (monitor) {
            if (closed) {
                throw new RedisException("this provider is closed");
            }
        }
    }

    @Override
    public void close() {
        synchronized (monitor) {
            closed = true;
            link = null;
            monitor.notifyAll();
        }
        boolean wasInterrupted = Thread.interrupted();
        try {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        } finally {
            Future<?> unused = resources.shutdown(0, 2, TimeUnit.SECONDS);
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
