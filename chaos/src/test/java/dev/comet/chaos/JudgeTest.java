package dev.comet.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.chaos.Session.Leaving;
import dev.comet.client.CometTransport;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A judge that finds nothing is worth something only if it finds what is wrong. */
class JudgeTest {

    private final List<Slot> slots = new ArrayList<>();
    private final Judge judge = judge(false);

    private Judge judge(boolean storeForgets) {
        Judge made = new Judge(slots, storeForgets);
        slots.clear();
        for (int i = 0; i < 2; i++) {
            slots.add(new Slot(i, new Nobody(), false, "group", "room"));
            made.line(new String[] {"born", "token-" + i, "10", "group", "11"});
            made.connected(i, "token-" + i);
        }
        return made;
    }

    private List<String> verdict(Judge of) {
        of.judge(new Faults.Last(System.nanoTime(), System.nanoTime()));
        return of.findings.lines();
    }

    private void toGroup(String key) {
        judge.sends.begins(key, new Audience.Group("group", null));
    }

    @Test
    void everythingArrived_isClean() {
        toGroup("k");
        judge.line(new String[] {"sent", "k", "20"});
        judge.received("token-0", 20, "k");
        judge.received("token-1", 20, "k");
        judge.requests.serverAsks("q", "token-1");
        judge.asked("token-1", 21, "q");
        judge.line(new String[] {"replied", "q", "q@token-1"});
        assertThat(verdict(judge)).isEmpty();
        assertThat(judge.deliveries()).isEqualTo(2);
    }

    @Test
    void acceptedAndNeverArrived_isFound() {
        toGroup("k");
        judge.line(new String[] {"sent", "k", "20"});
        judge.received("token-0", 20, "k");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("LOST"));
    }

    @Test
    void unknown_arrivedNowhere_isClean() {
        toGroup("k");
        assertThat(verdict(judge)).isEmpty();
    }

    @Test
    void unknown_arrivedAtOneOfTwo_isFound() {
        toGroup("k");
        judge.line(new String[] {"refused", "k", "PROVIDER_UNAVAILABLE"});
        judge.received("token-0", 20, "k");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("LOST"));
    }

    @Test
    void doneTwice_isFound() {
        toGroup("k");
        judge.received("token-0", 20, "k");
        judge.received("token-1", 20, "k");
        judge.received("token-0", 21, "k");
        judge.received("token-1", 21, "k");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("done twice"));
    }

    @Test
    void refusedAndArrived_isFound() {
        toGroup("k");
        judge.line(new String[] {"refused", "k", "QUEUE_FULL"});
        judge.received("token-0", 20, "k");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("NEVER_ACCEPTED"));
    }

    @Test
    void outOfOrder_isFound() {
        judge.asked("token-0", 21, "q");
        judge.asked("token-0", 20, "r");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("out of order"));
    }

    @Test
    void afterLeavingARoom_nothingIsForTheClient() {
        Session session = judge.sessions.find("token-0");
        judge.rooms.begins("j", session);
        judge.line(new String[] {"joined", "j", "20"});
        judge.sends.begins("l.a", new Audience.Recipients(List.of("token-0")));
        judge.sends.begins("l.b", new Audience.Recipients(List.of("token-0")));
        judge.rooms.begins("l", session);
        judge.line(new String[] {"sent", "l.a", "30"});
        judge.line(new String[] {"sent", "l.b", "40"});
        judge.line(new String[] {"left", "l"});
        judge.received("token-0", 30, "l.a");
        judge.received("token-0", 40, "l.b");
        judge.sends.begins("k", new Audience.Group("room", null));
        judge.line(new String[] {"sent", "k", "50"});
        judge.received("token-0", 50, "k");
        assertThat(verdict(judge)).anyMatch(line -> line.contains("WRONG_RECEIVER"));
    }

    @Test
    void leave_withItsNode_mayHaveHappened() {
        Session session = judge.sessions.find("token-0");
        judge.rooms.begins("j", session);
        judge.line(new String[] {"joined", "j", "20"});
        judge.sends.begins("l.a", new Audience.Recipients(List.of("token-0")));
        judge.rooms.begins("l", session);
        judge.line(new String[] {"sent", "l.a", "30"});
        judge.rooms.unknown("l");
        judge.received("token-0", 30, "l.a");
        judge.sends.begins("k", new Audience.Group("room", null));
        judge.line(new String[] {"sent", "k", "50"});
        assertThat(verdict(judge)).isEmpty();
        assertThat(session.inRoom).isFalse();
    }

    @Test
    void request_endsTwiceOrNever_isFound() {
        judge.requests.clientAsks("q", null);
        judge.replied("q", "q");
        judge.failed("q", "timed-out");
        judge.requests.clientAsks("r", null);
        assertThat(verdict(judge))
                .anyMatch(line -> line.contains("ended twice"))
                .anyMatch(line -> line.contains("never ended"));
    }

    @Test
    void request_replyOfAnother_isFound() {
        judge.requests.clientAsks("q", "token-1");
        judge.asked("token-0", 20, "q");
        judge.replied("q", "q@token-0");
        assertThat(verdict(judge))
                .anyMatch(line -> line.contains("of another"))
                .anyMatch(line -> line.contains("wrong reply"));
    }

    @Test
    void end_toldTwiceOrOfOneWhoLives_isFound() {
        judge.line(new String[] {"event", "killed", "token-0"});
        judge.line(new String[] {"event", "disconnected", "token-0"});
        assertThat(verdict(judge))
                .anyMatch(line -> line.contains("more than once"))
                .anyMatch(line -> line.contains("lives"));
    }

    @Test
    void end_notToldThoughNoNodeWasKilled_isFound() {
        Faults.Last before = new Faults.Last(System.nanoTime(), System.nanoTime());
        judge.sessions.leaves(judge.sessions.find("token-0"), Leaving.SURELY);
        judge.judge(before);
        assertThat(judge.findings.lines()).anyMatch(line -> line.contains("no end was told"));
    }

    @Test
    void lost_thoughTheStoreKeepsAll_isFound() {
        judge.lost("token-0", "token-2");
        judge.line(new String[] {"born", "token-2", "30", "group", "31"});
        assertThat(verdict(judge)).anyMatch(line -> line.contains("had not gone away"));
    }

    @Test
    void lost_withTheStore_excusesWhatCameBefore() {
        Judge forgetting = judge(true);
        forgetting.sends.begins("k", new Audience.Group("group", null));
        forgetting.line(new String[] {"sent", "k", "20"});
        forgetting.received("token-1", 20, "k");
        forgetting.lost("token-0", "token-2");
        forgetting.line(new String[] {"born", "token-2", "30", "group", "31"});
        assertThat(verdict(forgetting)).isEmpty();
    }

    @Test
    void born_inAStoreThatHasForgotten_isForNothingOfBefore() {
        Judge forgetting = judge(true);
        forgetting.sends.begins("k", new Audience.Group("group", null));
        forgetting.line(new String[] {"sent", "k", "20"});
        forgetting.received("token-0", 20, "k");
        forgetting.received("token-1", 20, "k");
        forgetting.storeDied();
        forgetting.lost("token-0", "token-2");
        forgetting.line(new String[] {"born", "token-2", "0", "group", "0"});
        assertThat(verdict(forgetting)).isEmpty();
    }

    /** Does nothing. */
    private static final class Nobody implements Clients {

        @Override
        public void connect(Slot slot, CometTransport transport) {}

        @Override
        public void use(Slot slot, CometTransport transport) {}

        @Override
        public void echo(Slot slot, String key) {}

        @Override
        public void ask(Slot slot, String key, String token) {}

        @Override
        public void disconnect(Slot slot) {}

        @Override
        public void walkAway(Slot slot) {}

        @Override
        public void moved(int[] ports) {}

        @Override
        public void close() {}
    }
}
