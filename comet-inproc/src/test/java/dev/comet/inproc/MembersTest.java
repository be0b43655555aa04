package dev.comet.inproc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MembersTest {

    private final GroupLog group = new GroupLog("room", Logs.limits(10), Logs.memory());
    private final List<Membership> expected = new ArrayList<>();
    private Members members = Members.NONE;
    private long joined;

    @Test
    @DisplayName("members are in the order of joining, whoever leaves in between")
    void clients_manyJoinAndLeave_areInTheOrderOfJoining() {
        Random random = new Random(1);
        for (int round = 0; round < 12; round++) {
            int joiners = random.nextInt(3 * Members.CHUNK);
            for (int i = 0; i < joiners; i++) {
                join();
            }
            int leavers = random.nextInt(expected.size() + 1);
            for (int i = 0; i < leavers; i++) {
                leave(random.nextInt(expected.size()));
                if (i % 50 == 0) {
                    assertAsExpected();
                }
            }
            assertAsExpected();
        }
    }

    @Test
    void clients_allLeave_isEmptyAndTakesNewOnes() {
        for (int i = 0; i < Members.CHUNK + 1; i++) {
            join();
        }
        while (!expected.isEmpty()) {
            leave(0);
        }
        assertAsExpected();
        join();
        assertAsExpected();
    }

    @Test
    @DisplayName("who joins and leaves later is not seen in what was taken before")
    void with_laterChanges_leavesTheEarlierOneAsItWas() {
        join();
        join();
        Members before = members;
        List<CometClient> then = before.clients();
        join();
        leave(0);

        assertThat(before.clients()).isEqualTo(then).hasSize(2);
        assertAsExpected();
    }

    @Test
    @DisplayName("Whoever is no member any more is left out again: what failed can be tried again")
    void without_again_isTheSame() {
        join();
        join();
        Membership gone = expected.get(0);
        leave(0);

        members = members.without(gone);
        assertAsExpected();
        gone = expected.get(0);
        leave(0);
        members = members.without(gone);
        assertAsExpected();
    }

    private void join() {
        CometClient client = CometClient.builder().build();
        Membership newest = new Membership(group, client, ++joined, 0, Membership.OPEN);
        expected.add(newest);
        members = members.with(newest);
    }

    private void leave(int index) {
        members = members.without(expected.remove(index));
    }

    private void assertAsExpected() {
        assertThat(members.clients()).isEqualTo(expected.stream().map(Membership::client).toList());
    }
}
