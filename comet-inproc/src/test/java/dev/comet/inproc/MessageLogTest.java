package dev.comet.inproc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.LogLimits;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageLogTest {

    private final ClientRecord ada = Logs.client("ada");
    private final ClientRecord bob = Logs.client("bob");

    @Test
    void append_growsAndWraps_keepsEverythingInOrder() {
        MessageLog log = Logs.log(Logs.limits(1_000));
        for (long id = 1; id <= 100; id++) {
            log.append(Logs.entry(id), 0);
            log.free(id - 3); // the ring turns over while it is small
            assertThat(read(log, 0)).hasSize((int) Math.min(id, 3)).endsWith(id);
        }
        for (long id = 101; id <= 500; id++) {
            log.append(Logs.entry(id), 0);
        }
        assertThat(read(log, 0)).hasSize(403).isSorted().startsWith(98L).endsWith(500L);
        assertThat(read(log, 498)).containsExactly(499L, 500L);
        assertThat(read(log, 500)).isEmpty();
    }

    @Test
    @DisplayName("M7: the oldest goes when there are too many, and the start says so")
    void append_full_letsTheOldestGo() {
        MessageLog log = Logs.log(Logs.limits(3));
        for (long id = 10; id <= 50; id += 10) {
            assertThat(log.append(Logs.entry(id), 0)).isEqualTo(id > 30 ? 1 : 0);
        }
        List<CometMessage> found = new ArrayList<>();
        LogStart start = log.read(ada, 0, Long.MAX_VALUE, 10, found);
        assertThat(Logs.ids(found)).containsExactly(30L, 40L, 50L);
        assertThat(start.id()).isEqualTo(20);
        assertThat(start.reason()).isEqualTo(CometGap.Reason.OVERFLOW);
    }

    @Test
    @DisplayName("M7: bytes are bounded, and one message larger than the bound still fits")
    void append_tooManyBytes_letsTheOldestGo() {
        int one = Logs.entry(1).bytes();
        MessageLog log = Logs.log(new LogLimits(100, 2L * one + 1, LogLimits.ANY_AGE));
        for (long id = 1; id <= 5; id++) {
            log.append(Logs.entry(id), 0);
        }
        assertThat(read(log, 0)).containsExactly(4L, 5L);
        assertThat(log.hasRoomFor(Logs.entry(6).bytes(), 0)).isFalse();
        log.free(5);
        assertThat(log.hasRoomFor(Logs.entry(6).bytes(), 0)).isTrue();

        MessageLog tiny = Logs.log(new LogLimits(100, 1, LogLimits.ANY_AGE));
        assertThat(tiny.append(Logs.entry(1), 0)).isZero();
        assertThat(tiny.append(Logs.entry(2), 0)).isEqualTo(1);
        assertThat(read(tiny, 0)).containsExactly(2L);
    }

    @Test
    @DisplayName("M8: what is older than the age goes, not what is as old as it")
    void expire_someTooOld_letsThoseGo() {
        MessageLog log = Logs.log(new LogLimits(100, 10_000, Duration.ofNanos(100)));
        log.append(Logs.entry(1, 0, null), 0);
        log.append(Logs.entry(2, 50, null), 0);
        assertThat(log.expire(100)).isZero();
        assertThat(log.expire(101)).isEqualTo(1);
        assertThat(log.expire(101)).isZero();
        List<CometMessage> found = new ArrayList<>();
        LogStart start = log.read(ada, 0, Long.MAX_VALUE, 10, found);
        assertThat(Logs.ids(found)).containsExactly(2L);
        assertThat(start.id()).isEqualTo(1);
        assertThat(start.reason()).isEqualTo(CometGap.Reason.EXPIRED);
    }

    @Test
    void read_limited_givesTheFirstOnes() {
        MessageLog log = Logs.log(Logs.limits(100));
        for (long id = 1; id <= 20; id++) {
            log.append(Logs.entry(id, 0, id % 2 == 0 ? ada : null), 0);
        }
        List<CometMessage> found = new ArrayList<>();
        log.read(ada, 4, 13, 3, found);
        assertThat(Logs.ids(found)).containsExactly(5L, 7L, 9L);
        log.read(ada, 9, 13, 3, found); // adds
        assertThat(Logs.ids(found)).containsExactly(5L, 7L, 9L, 11L, 13L);
    }

    @Test
    void lastIdFor_someForOthers_isTheLastForTheReaderEvenIfGone() {
        MessageLog log = Logs.log(Logs.limits(2));
        assertThat(log.lastIdFor(ada)).isZero();
        log.append(Logs.entry(1), 0);
        assertThat(log.lastIdFor(ada)).isEqualTo(1);
        log.append(Logs.entry(2, 0, ada), 0);
        log.append(Logs.entry(3, 0, ada), 0);
        assertThat(log.lastIdFor(ada)).isEqualTo(1);
        assertThat(log.lastIdFor(bob)).isEqualTo(3);
        log.free(3);
        assertThat(log.lastIdFor(ada)).isEqualTo(1);
        assertThat(log.lastIdFor(bob)).isEqualTo(3);
    }

    @Test
    void lastUpTo_history_isTheLastOnesOldestFirst() {
        MessageLog log = Logs.log(Logs.limits(5));
        assertThat(log.lastUpTo(Long.MAX_VALUE, 3)).isEmpty();
        for (long id = 1; id <= 9; id++) {
            log.append(Logs.entry(id, 0, ada), 0);
        }
        assertThat(Logs.ids(log.lastUpTo(Long.MAX_VALUE, 3))).containsExactly(7L, 8L, 9L);
        assertThat(Logs.ids(log.lastUpTo(7, 100))).containsExactly(5L, 6L, 7L);
        assertThat(Logs.ids(log.lastUpTo(4, 100))).isEmpty();
    }

    /** Against a plain list: what was appended and not let go is read; what was let go is known. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anything_inRandomOrder_isAsInTheModel(long seed) {
        Random random = new Random(seed);
        int most = 1 + random.nextInt(200);
        int oneBytes = Logs.entry(1_000_000).bytes();
        long ageNanos = 1L + random.nextInt(1_000);
        MessageLog log =
                Logs.log(
                        new LogLimits(
                                most,
                                (long) oneBytes * (1 + random.nextInt(250)),
                                Duration.ofNanos(ageNanos)));
        List<LogEntry> all = new ArrayList<>();
        long id = 0;
        long now = 0;
        for (int step = 0; step < 5_000; step++) {
            now += random.nextInt(10);
            switch (random.nextInt(8)) {
                case 0 -> log.free(id - random.nextInt(100));
                case 1 -> log.expire(now);
                default -> {
                    id += 1 + random.nextInt(3);
                    LogEntry entry = Logs.entry(id, now, random.nextInt(3) == 0 ? ada : null);
                    all.add(entry);
                    log.append(entry, 0);
                }
            }
            for (ClientRecord reader : List.of(ada, bob)) {
                long above = Math.max(0, id - random.nextInt(300));
                long upTo = above + random.nextInt(300);
                int max = 1 + random.nextInt(100);
                List<CometMessage> found = new ArrayList<>();
                LogStart start = log.read(reader, above, upTo, max, found);
                long lost = start.idFor(reader);
                List<Long> expected =
                        all.stream()
                                .filter(
                                        e ->
                                                e.isFor(reader)
                                                        && e.id() > Math.max(above, start.id()))
                                .filter(e -> e.id() <= upTo)
                                .limit(max)
                                .map(LogEntry::id)
                                .toList();
                assertThat(Logs.ids(found)).isEqualTo(expected);
                assertThat(lost)
                        .isEqualTo(
                                all.stream()
                                        .filter(e -> e.isFor(reader) && e.id() <= start.id())
                                        .mapToLong(LogEntry::id)
                                        .max()
                                        .orElse(0));
            }
        }
        assertThat(log.isEmpty()).isEqualTo(read(log, 0).isEmpty());
    }

    private List<Long> read(MessageLog log, long above) {
        List<CometMessage> found = new ArrayList<>();
        log.read(bob, above, Long.MAX_VALUE, Integer.MAX_VALUE / 2, found);
        return Logs.ids(found);
    }
}
