package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import dev.comet.http.CometApplication.PendingReplies;
import dev.comet.http.WaitingPlaces.Place;
import dev.comet.testkit.ManualClock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class WaitingPlacesTest {

    private static final int THREADS = 4;
    private static final PendingReplies BOUNDS = new PendingReplies(8, 40, Duration.ofSeconds(1));

    private final ManualClock clock = new ManualClock();
    private final Queue<Place> overdue = new ConcurrentLinkedQueue<>();
    private final Queue<Place> left = new ConcurrentLinkedQueue<>();
    private final WaitingPlaces places = new WaitingPlaces(BOUNDS, clock, overdue::add);
    private final AtomicInteger entered = new AtomicInteger();

    @Test
    @DisplayName("H19 each place is left or given back once, and all are free in the end")
    void enterAndLeave_manyThreads_eachPlaceEndsOnce() throws Exception {
        TestThreads.run(THREADS, seed -> comeAndGo(new Random(seed)));

        clock.advance(Duration.ofSeconds(1));
        places.leave(places.enter(client(-1), null, "n", "c")); // whoever enters gives back
        assertThat(left.size() + overdue.size()).isEqualTo(entered.get());
        Set<Place> ended = Collections.newSetFromMap(new IdentityHashMap<>());
        ended.addAll(left);
        ended.addAll(overdue);
        assertThat(ended).hasSize(entered.get());

        int free = 0;
        for (int i = 0; i < BOUNDS.perAddress(); i++) {
            free += enters(client(i), "address") != null ? 1 : 0;
        }
        assertThat(free).isEqualTo(BOUNDS.perAddress());
    }

    private void comeAndGo(Random random) {
        ArrayDeque<Place> mine = new ArrayDeque<>();
        for (int i = 0; i < 5_000; i++) {
            Place place = enters(client(random.nextInt(50)), "address");
            if (place != null) {
                entered.incrementAndGet();
                mine.add(place);
            }
            if (random.nextInt(100) == 0) {
                clock.advance(Duration.ofMillis(200));
            }
            while (mine.size() > random.nextInt(20)) {
                Place next = random.nextBoolean() ? mine.removeFirst() : mine.removeLast();
                if (random.nextBoolean() ? places.leave(next) : places.leaveWithReply(next)) {
                    left.add(next);
                }
            }
        }
        for (Place place : mine) {
            if (places.leave(place)) {
                left.add(place);
            }
        }
    }

    private @Nullable Place enters(CometClient client, String sender) {
        try {
            return places.enter(client, sender, "n", "c");
        } catch (HttpErrorException e) {
            return null;
        }
    }

    private static CometClient client(int number) {
        return CometClient.builder()
                .publicToken("client-" + number)
                .privateToken("private-token-of-" + number + "-0123456789")
                .build();
    }
}
