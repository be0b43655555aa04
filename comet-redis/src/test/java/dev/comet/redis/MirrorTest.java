package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometBatch;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.LogLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MirrorTest {

    private static final long EPOCH = 7;

    private final Mirror mirror = new Mirror(new LogLimits(100, 1 << 20, LogLimits.ANY_AGE), EPOCH);

    /**
     * Of a client that had everything up to 100 when the store was read, and reads "e" and "g:a".
     */
    private View view(long epoch) {
        View view = new View("ada 1", epoch);
        view.isKnown(100, 100, mirror.logs(List.of("e", "g:a"), 100));
        return view;
    }

    private void fetched(String log, long dropped, long top, long... ids) {
        List<Object> entries = new ArrayList<>();
        for (long id : ids) {
            byte[] message = Codec.message(new EncodedMessage("n", "1".getBytes(UTF_8)));
            entries.add(
                    List.of(
                            (id + "-0").getBytes(UTF_8),
                            List.of(
                                    "b".getBytes(UTF_8),
                                    "200".getBytes(UTF_8),
                                    "p".getBytes(UTF_8),
                                    message)));
        }
        mirror.toFetch(Set.of(log));
        mirror.fetched(log, dropped, new Reply(entries), top);
    }

    private @Nullable List<Long> read(View view, long cursor) {
        CometBatch batch = mirror.read(view, mirror.top(), cursor, 10, 1 << 20, 0);
        return batch == null
                ? null
                : batch.messages().stream().map(CometMessage::messageId).toList();
    }

    @Test
    void read_twoLogs_areMergedUpToTheTop() {
        View view = view(EPOCH);
        fetched("e", 0, 120, 103, 110);
        fetched("g:a", 0, 120, 105, 130);
        mirror.isCompleteUpTo(120);

        assertThat(read(view, 100)).containsExactly(103L, 105L, 110L);
        assertThat(read(view, 110)).isEmpty();
        assertThat(read(view, 99)).as("what the view does not know").isNull();
        assertThat(read(view, 121)).as("above the top").isNull();
    }

    @Test
    @DisplayName("P8 a node answers nobody from what another store had")
    void read_storeIsAnother_isAsked() {
        View before = view(EPOCH);
        fetched("e", 0, 120, 103);
        fetched("g:a", 0, 120);
        mirror.isCompleteUpTo(120);
        View after = view(EPOCH + 1); // of a client of the other store, before the feed knows of it

        assertThat(read(after, 100)).isNull();
        mirror.forget(EPOCH + 1);
        assertThat(read(before, 100)).isNull();
        assertThat(read(after, 100)).as("its logs were forgotten").isNull();
        View again = view(EPOCH + 1);
        fetched("e", 0, 120, 115);
        fetched("g:a", 0, 120);
        mirror.isCompleteUpTo(120);
        assertThat(read(again, 100)).containsExactly(115L);
    }

    @Test
    @DisplayName("M12 what a group had before the client joined it is not for the client")
    void read_joinedAfterItsLastMessage_getsNothingOfBefore() {
        View view = new View("ada 1", EPOCH); // it had 100 last, and has joined at 110
        view.isKnown(100, 115, mirror.logs(List.of("e", "g:a"), 100));
        fetched("e", 0, 120);
        fetched("g:a", 0, 120, 105, 118);
        mirror.isCompleteUpTo(120);
        assertThat(read(view, 100)).containsExactly(118L);
    }

    @Test
    void read_somethingIsNotKnown_isAsked() {
        View view = view(EPOCH);
        fetched("e", 0, 120, 103);
        mirror.isCompleteUpTo(120);
        assertThat(read(view, 100)).as("one log has not been fetched").isNull();
        fetched("g:a", 101, 120, 105);
        mirror.isCompleteUpTo(120);
        assertThat(read(view, 100)).as("one has let something go").isNull();
        assertThat(read(view, 120)).isEmpty();

        view.ownLogGrew(99);
        assertThat(read(view, 120)).as("what was read already").isEmpty();
        view.ownLogGrew(121);
        assertThat(read(view, 120)).as("its own log has grown").isNull();
        View other = view(EPOCH);
        other.hasChanged();
        assertThat(read(other, 120)).as("it reads other logs").isNull();
    }

    @Test
    void read_logIsLongerThanTheMirror_isAskedForTheRest() {
        View view = view(EPOCH);
        fetched("g:a", 0, 120);
        long[] ids = new long[50];
        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < ids.length; i++) {
                ids[i] = 101L + round * 50L + i;
            }
            fetched("e", 0, 200, ids);
        }
        mirror.isCompleteUpTo(200);

        assertThat(read(view, 100)).isNull();
        assertThat(read(view, 195)).containsExactly(196L, 197L, 198L, 199L, 200L);
    }
}
