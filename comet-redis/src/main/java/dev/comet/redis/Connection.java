package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to Redis: one connection for all scripts, which pipelines what many threads ask, and one
 * for the feed, which waits.
 *
 * <p>A command that was written when the connection broke is written again: what must not be done
 * twice has a key, by which its script knows it.
 *
 * <p>Safe for use by any number of threads.
 */
final class Connection implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);

    private static final RedisCodec<String, byte[]> CODEC =
            RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

    /** For how long the feed waits for news, at most. */
    private static final Duration FEED_WAIT = Duration.ofSeconds(1);

    private final ClientResources resources;
    private final RedisClient client;
    private volatile StatefulRedisConnection<String, byte[]> commands;
    private volatile StatefulRedisConnection<String, byte[]> feed;
    private final Duration timeout;
    private final String prefix;
    private final byte[][] common;
    private final LongSupplier micros;

    /**
     * @param prefix what all keys begin with
     * @param node this node's name
     * @param retention how long keys are kept that nobody looks after
     * @param micros the time; 0: the store's own
     * @throws RedisConnectionException if there is no Redis
     */
    Connection(
            RedisURI uri,
            Duration timeout,
            int maxPendingCommands,
            String prefix,
            String node,
            Duration retention,
            LongSupplier micros) {
        this.timeout = timeout;
        this.prefix = prefix;
        this.micros = micros;
        this.common =
                new byte[][] {
                    bytes(prefix), bytes(node), bytes(String.valueOf(retention.toMillis()))
                };
        resources =
                ClientResources.builder()
                        .reconnectDelay(
                                Delay.fullJitter(
                                        Duration.ofMillis(1),
                                        Duration.ofSeconds(1),
                                        10,
                                        TimeUnit.MILLISECONDS))
                        .build();
        client = RedisClient.create(resources, uri);
        client.setOptions(ClientOptions.builder().requestQueueSize(maxPendingCommands).build());
        boolean isOpen = false;
        try {
            commands = connect(timeout);
            feed = connect(FEED_WAIT.plus(timeout));
            isOpen = true;
        } finally {
            if (!isOpen) {
                close();
            }
        }
    }

    private StatefulRedisConnection<String, byte[]> connect(Duration patience) {
        StatefulRedisConnection<String, byte[]> made = client.connect(CODEC);
        made.setTimeout(patience);
        return made;
    }

    /** Goes on by other connections. Waits for them; if there are none it goes on as before. */
    synchronized void reopen() {
        try {
            StatefulRedisConnection<String, byte[]> before = commands;
            commands = connect(timeout);
            Future<?> unused = before.closeAsync();
        } catch (RuntimeException e) {
            LOG.debug("There is no other connection to Redis", e);
            return;
        }
        reopenFeed();
    }

    /** As {@link #reopen}, that of the feed alone. */
    synchronized void reopenFeed() {
        try {
            StatefulRedisConnection<String, byte[]> before = feed;
            feed = connect(FEED_WAIT.plus(timeout));
            Future<?> unused = before.closeAsync();
        } catch (RuntimeException e) {
            LOG.debug("There is no other connection to Redis", e);
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    /**
     * Runs the script and waits for what it returns.
     *
     * @param arguments texts, byte arrays, numbers, or clients: each of these is two, its public
     *     token and its incarnation
     */
    Reply run(Script script, Object... arguments) {
        byte[][] all = all(arguments);
        try {
            return await(evalsha(script, all));
        } catch (RedisNoScriptException e) { // a new server, or one that has restarted
            return await(eval(script, all));
        }
    }

    /** Runs the script, and waits for nothing. */
    void start(Script script, Object... arguments) {
        byte[][] all = all(arguments);
        RedisFuture<List<Object>> started = evalsha(script, all);
        started.whenComplete(
                (reply, e) -> {
                    Throwable cause = e instanceof CompletionException ? e.getCause() : e;
                    if (cause instanceof RedisNoScriptException) {
                        Future<?> unused = eval(script, all);
                    }
                });
    }

    private RedisFuture<List<Object>> eval(Script script, byte[][] arguments) {
        return commands.async().eval(script.source(), ScriptOutputType.MULTI, keys(), arguments);
    }

    private <T> RedisFuture<T> evalsha(Script script, byte[][] arguments) {
        return commands.async().evalsha(script.digest(), ScriptOutputType.MULTI, keys(), arguments);
    }

    /** In a cluster, all keys of a namespace are where this one is. */
    private String[] keys() {
        return new String[] {prefix + "meta"};
    }

    private byte[][] all(Object[] arguments) {
        List<byte[]> all = new ArrayList<>(arguments.length + 4);
        all.add(common[0]);
        all.add(common[1]);
        all.add(bytes(String.valueOf(micros.getAsLong())));
        all.add(common[2]);
        for (Object argument : arguments) {
            if (argument instanceof CometClient client) {
                all.add(bytes(Names.escaped(client.publicToken())));
                all.add(bytes(String.valueOf(client.incarnation())));
            } else {
                all.add(argument instanceof byte[] raw ? raw : bytes(String.valueOf(argument)));
            }
        }
        return all.toArray(byte[][]::new);
    }

    private Reply await(RedisFuture<List<Object>> future) {
        try {
            return new Reply(future.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            future.cancel(true); // not written again, should the connection come back
            throw new IllegalStateException("Redis has not answered within " + timeout, e);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Redis was asked", e);
        }
    }

    /** A section of what the server says of itself. */
    String info(String section) {
        return commands.sync().info(section);
    }

    /**
     * All members of a sorted set, some at a time; those that come or go meanwhile may be there or
     * not, and some may be there twice.
     */
    void scan(String name, Consumer<List<String>> some) {
        String key = prefix + name;
        var args = ScanArgs.Builder.limit(500);
        var cursor = commands.sync().zscan(key, args);
        while (true) {
            List<String> found =
                    cursor.getValues().stream()
                            .map(one -> new String(one.getValue(), UTF_8))
                            .toList();
            if (!found.isEmpty()) {
                some.accept(found);
            }
            if (cursor.isFinished()) {
                return;
            }
            cursor = commands.sync().zscan(key, cursor, args);
        }
    }

    /**
     * What the feeds have after these ids; waits for a while if there is nothing.
     *
     * @return what the two feeds have, by the names of their keys
     */
    @SuppressWarnings("unchecked") // an array of two
    List<StreamMessage<String, byte[]>> readFeeds(
            StreamOffset<String> one, StreamOffset<String> other) throws InterruptedException {
        RedisFuture<List<StreamMessage<String, byte[]>>> read =
                feed.async().xread(XReadArgs.Builder.block(FEED_WAIT).count(200), one, other);
        try {
            return read.get(FEED_WAIT.plus(timeout).toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (TimeoutException e) {
            throw new IllegalStateException("Redis has not answered", e);
        } finally {
            read.cancel(true);
        }
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        Future<?> unused = resources.shutdown(0, 2, TimeUnit.SECONDS);
    }
}
