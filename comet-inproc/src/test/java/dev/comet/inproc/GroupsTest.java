package dev.comet.inproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometException;
import dev.comet.CometLimits;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Two groups, no more. */
class GroupsTest {

    private final Sequencer sequencer = new Sequencer();
    private final Groups groups =
            new Groups(sequencer, CometLimits.builder().maxGroups(2).build(), Logs.memory());
    private final ClientRecord ada = Logs.client("ada");
    private final ClientRecord bob = Logs.client("bob");

    @Test
    @DisplayName("W16 to forget an ended client, broken off half-way, is done when tried again")
    void forgetAll_afterItFailedHalfWay_doesTheRest() {
        groups.join(ada, "both");
        groups.join(bob, "both");
        groups.join(ada, "adas");
        Membership first = ada.memberships().get(0);
        first.group().change(first.group().without(first), false); // and then there was no memory

        groups.forgetAll(ada);
        groups.forgetAll(ada);

        assertThat(ada.memberships()).isEmpty();
        assertThat(groups.find("both").members()).containsExactly(bob.client());
        groups.join(bob, "new one"); // in the place of what was ada's alone
        assertThat(groups.find("adas")).isNull();
        assertThatThrownBy(() -> groups.join(bob, "one too many"))
                .isInstanceOf(CometException.class);
        assertThat(groups.find("both")).isNotNull();
    }
}
