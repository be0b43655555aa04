package dev.comet.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.XAddArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The feed of one node, where what the others say comes from the test. */
@Timeout(60)
class FeedTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final String namespace = UUID.randomUUID().toString();
    private final String prefix = "comet:{" + namespace + "}:";
    private final RedisClient client = RedisClient.create(TestRedis.shared().uri());
    private final StatefulRedisConnection<String, String> others = client.connect();
    private final Connection connection =
            new Connection(
                    new Settings(
                            List.of(TestRedis.shared().uri()),
                            namespace,
                            TIMEOUT,
                            TIMEOUT,
                            TIMEOUT,
                            100,
                            0,
                            true,
                            false),
                    "me",
                    () -> 0);
    private final long own = connection.run(Script.LEASE, 600_000_000L, 0).number(2);
    private final List<String> told = new CopyOnWriteArrayList<>();
    private final AtomicInteger looks = new AtomicInteger();
    private final CountDownLatch looking = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final Feed feed =
            new Feed(
                    connection,
                    prefix,
                    "me",
                    new Feed.Position(0, own),
                    new Feed.News() {
                        @Override
                        public List<Object> toFetch(Set<String> grown) {
                            return List.of();
                        }

                        @Override
                        public void fetched(List<Feed.Entry> own, Reply logs, long top) {}

                        @Override
                        public boolean isFollowed(String log) {
                            return false;
                        }

                        @Override
                        public void isCompleteUpTo(long top, Set<String> grown) {
                            grown.forEach(log -> told.add(log.substring(2)));
                        }

                        @Override
                        public void missed() {
                            looks.incrementAndGet();
                            looking.countDown();
                            try {
                                goOn.await(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        }
                    });

    @AfterEach
    void close() {
        goOn.countDown();
        feed.close();
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
    }

    private void say(long id) {
        say(id, id - 1);
    }

    private void say(long id, long before) {
        Map<String, String> entry =
                Map.of("v", String.valueOf(before), "t", "g", "l", String.valueOf(id));
        RedisCommands<String, String> redis = others.sync();
        redis.multi();
        redis.hset(prefix + "seq", "f", String.valueOf(id));
        redis.xadd(prefix + "f", new XAddArgs().id(id + "-0"), entry);
        redis.exec();
    }

    private void awaitTold(long id) {
        await().until(() -> told.contains(String.valueOf(id)));
    }

    @Test
    @DisplayName(
            "P4: a feed that gets on is not taken for dead, although there is always more to read")
    void lastIdsAre_readsOnButIsAlwaysBehind_goesOn() {
        feed.start();
        for (int id = 1; id <= 5; id++) {
            say(id);
            awaitTold(id);
            feed.lastIdsAre(id + 1, own, feed.position());
        }
        say(6);
        awaitTold(6);
        assertThat(looks).hasValue(0);
    }

    @Test
    @DisplayName("P4: while a node looks at everything its feed is not taken for dead")
    void lastIdsAre_looksAtEverything_doesNotHaveItLookAgain() throws InterruptedException {
        feed.start();
        say(5, 4); // there was something before
        looking.await();
        for (int i = 0; i < 5; i++) {
            feed.lastIdsAre(6, own, feed.position());
        }
        goOn.countDown();
        say(6);
        awaitTold(6);
        assertThat(looks).hasValue(1);
        assertThat(told).as("not before everything was looked at").doesNotContain("5");
    }

    @Test
    @DisplayName("P4: a feed that does not get on is read by another connection")
    void lastIdsAre_doesNotGetOn_looksAtEverything() {
        goOn.countDown();
        feed.start();
        say(1);
        awaitTold(1);
        Feed.Position stuck = feed.position();
        feed.lastIdsAre(2, own, stuck);
        feed.lastIdsAre(3, own, stuck);
        AtomicInteger id = new AtomicInteger(1);
        await().untilAsserted(
                        () -> {
                            say(id.incrementAndGet());
                            assertThat(looks).hasPositiveValue();
                            assertThat(told).anyMatch(log -> Integer.parseInt(log) > 1);
                        });
    }
}
