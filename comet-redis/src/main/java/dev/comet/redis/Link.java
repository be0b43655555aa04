package dev.comet.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.ScanCursor;
import io.lettuce.core.ScoredValueScanCursor;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.XReadArgs.StreamOffset;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Connections to one server: one that pipelines what many threads ask, one for the feed, which
 * waits, and one more if replicas are waited for, which holds up whatever comes after. They are
 * made together and do not last longer than the first one that breaks: what comes next is another
 * link, so that no command goes to another server by itself.
 *
 * <p>Safe for use by any number of threads.
 */
final class Link implements AutoCloseable {

    private static final RedisCodec<String, byte[]> CODEC =
            RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

    /** For an answer to come that was given at the last moment. */
    private static final long SLACK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final StatefulRedisConnection<String, byte[]> commands;
    private final StatefulRedisConnection<String, byte[]> feed;
    private final @Nullable StatefulRedisConnection<String, byte[]> kept;
    private final int replicas;
    private final String[] keys;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * @param replicas by how many {@link #runKept} wants it kept
     * @param key one of those that scripts use
     * @throws RuntimeException if there is no server
     */
    Link(RedisClient client, RedisURI uri, int replicas, String key) {
        this.replicas = replicas;
        this.keys = new String[] {key};
        commands = client.connect(CODEC, uri);
        StatefulRedisConnection<String, byte[]> second = null;
        StatefulRedisConnection<String, byte[]> third = null;
        boolean isOpen = false;
        try {
            second = client.connect(CODEC, uri);
            third = replicas > 0 ? client.connect(CODEC, uri) : null;
            isOpen = true;
        } finally {
            if (!isOpen) {
                closeSoon(commands);
                closeSoon(second);
            }
        }
        feed = second;
        kept = third;
    }

    /** Runs the script and waits for what it returns. */
    Reply run(Script script, byte[][] arguments, long nanos) {
        return run(commands, script, arguments, nanos);
    }

    /** As {@link #run}, and until enough replicas have it. */
    Reply runKept(Script script, byte[][] arguments, long nanos) {
        if (kept == null) {
            return run(script, arguments, nanos);
        }
        long end = System.nanoTime() + nanos;
        Reply reply = run(kept, script, arguments, nanos);
        long left = Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
        long have =
                await(
                        kept.async().waitForReplication(replicas, left),
                        TimeUnit.MILLISECONDS.toNanos(left) + SLACK_NANOS);
        if (have < replicas) {
            throw new IllegalStateException(
                    have + " of " + replicas + " replicas have it; it is done all the same");
        }
        return reply;
    }

    private Reply run(
            StatefulRedisConnection<String, byte[]> connection,
            Script script,
            byte[][] arguments,
            long nanos) {
        long end = System.nanoTime() + nanos;
        try {
            return new Reply(await(evalsha(connection, script, arguments), nanos));
        } catch (RedisNoScriptException e) { // a new server, or one that has restarted
            long left = Math.max(1, end - System.nanoTime());
            return new Reply(await(eval(connection, script, arguments), left));
        }
    }

    /** Runs the script, and waits for nothing. */
    void start(Script script, byte[][] arguments) {
        evalsha(commands, script, arguments)
                .whenComplete(
                        (reply, e) -> {
                            Throwable cause = e instanceof CompletionException ? e.getCause() : e;
                            if (cause instanceof RedisNoScriptException) {
                                Future<?> unused = eval(commands, script, arguments);
                            }
                        });
    }

    private RedisFuture<List<Object>> eval(
            StatefulRedisConnection<String, byte[]> connection, Script script, byte[][] arguments) {
        return connection.async().eval(script.source(), ScriptOutputType.MULTI, keys, arguments);
    }

    private RedisFuture<List<Object>> evalsha(
            StatefulRedisConnection<String, byte[]> connection, Script script, byte[][] arguments) {
        return connection.async().evalsha(script.digest(), ScriptOutputType.MULTI, keys, arguments);
    }

    private static <T> T await(RedisFuture<T> future, long nanos) {
        try {
            return future.get(nanos, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new RedisException(e.getCause());
        } catch (TimeoutException e) {
            future.cancel(true);
            throw new IllegalStateException("Redis has not answered in time", e);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while Redis was asked", e);
        }
    }

    /** A section of what the server says of itself. */
    String info(String section, long nanos) {
        return await(commands.async().info(section), nanos);
    }

    /** The next members of a sorted set. */
    ScoredValueScanCursor<byte[]> scan(String key, ScanCursor from, long nanos) {
        return await(commands.async().zscan(key, from, ScanArgs.Builder.limit(500)), nanos);
    }

    /** Waits for a while until the feeds have something after these ids; whether they have. */
    @SuppressWarnings("unchecked") // an array of two
    boolean awaitFeeds(
            StreamOffset<String> one, StreamOffset<String> other, Duration wait, long nanos) {
        RedisFuture<List<StreamMessage<String, byte[]>>> read =
                feed.async().xread(XReadArgs.Builder.block(wait).count(1), one, other);
        return !await(read, nanos).isEmpty();
    }

    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            closeSoon(commands);
            closeSoon(feed);
            closeSoon(kept);
        }
    }

    private static void closeSoon(@Nullable StatefulRedisConnection<?, ?> connection) {
        if (connection != null) {
            Future<?> unused = connection.closeAsync();
        }
    }
}
