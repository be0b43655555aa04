package dev.comet.redis;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class AliveTest {

    private static final long NOTHING = -1;

    private final Alive alive = new Alive();

    private void isTold(long until) {
        alive.isWantedNow(until);
        alive.begins();
        assertThat(alive.ends(until, true)).isFalse();
    }

    @Test
    void isSooner_storeWasToldOfLater_canWait() {
        assertThat(alive.isSooner(100)).as("the store knows nothing").isFalse();
        isTold(100);
        assertThat(alive.isSooner(150)).isFalse();
        assertThat(alive.isSooner(50)).isTrue();
        assertThat(alive.late(NOTHING)).isEqualTo(50);
        isTold(150);
        assertThat(alive.late(NOTHING)).isEqualTo(NOTHING);
    }

    @Test
    @DisplayName("C8 what was put off does not stay in the store when something newer was told")
    void ends_putOffOneOvertakesANewerOne_isToldAgain() {
        isTold(100);
        alive.isSooner(50);
        alive.begins(); // 50
        alive.isWantedNow(200);
        alive.begins();
        assertThat(alive.ends(200, true)).isTrue();
        assertThat(alive.ends(50, true)).isTrue();
        assertThat(alive.late(NOTHING)).isEqualTo(200);
        alive.begins();
        assertThat(alive.ends(200, true)).isFalse();
    }

    @Test
    void ends_storeDidNotAnswer_isToldAgain() {
        alive.isWantedNow(100);
        alive.begins();
        assertThat(alive.ends(100, false)).isTrue();
        assertThat(alive.late(NOTHING)).isEqualTo(100);
        assertThat(alive.isSooner(50)).as("nobody knows what the store has").isFalse();
    }
}
