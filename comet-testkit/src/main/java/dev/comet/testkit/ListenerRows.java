package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometMessage;
import dev.comet.testkit.internal.Recording;
import dev.comet.testkit.internal.RecordingListener;
import dev.comet.testkit.internal.RecordingListener.Call;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class ListenerRows extends ProviderRows {

    ListenerRows(CometStateProviderContract contract) {
        super(contract);
    }

    /** What could be read by whom, at a call. */
    private record Sight(Call call, CometClient client, List<Long> ids) {}

    @Test
    @DisplayName("W7 whoever is told that a log grew can read the message")
    void listener_logGrew_messageCanBeReadAlready() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        join(bob, ROOM);
        Recording<Sight> readable = new Recording<>(patience());
        listener.onCall(
                call -> {
                    for (CometClient client : List.of(ada, bob)) {
                        List<CometMessage> found =
                                provider.getMessages(client, 0, 1_000, 1 << 20).messages();
                        readable.add(new Sight(call, client, ids(found)));
                    }
                });

        for (int i = 0; i < 10; i++) {
            assertReadable(readable, Call.clientGrew(ada), ada, send(to(ada)));
            long both = send(to(ada, bob));
            assertReadable(readable, Call.clientGrew(ada), ada, both);
            assertReadable(readable, Call.clientGrew(bob), bob, both);
            assertReadable(readable, Call.groupGrew(ROOM), bob, send(TO_ROOM));
            assertReadable(readable, Call.everyoneGrew(), ada, send(EVERYONE));
            assertReadable(readable, Call.everyoneGrew(), bob, send(everyoneExcept(ada)));
            Audience.Group notAda = new Audience.Group(ROOM, ada.publicToken());
            assertReadable(readable, Call.groupGrew(ROOM), bob, send(notAda));
        }
    }

    private static void assertReadable(
            Recording<Sight> readable, Call call, CometClient client, long id) {
        readable.await(
                1,
                r -> r.call().equals(call) && r.client().equals(client) && r.ids().contains(id),
                "%s at which %s can read %d".formatted(call.kind(), client, id));
    }

    @Test
    void listener_joinsAndLeaves_isTold() {
        CometClient ada = client("ada");

        join(ada, ROOM);
        listener.await(Call.joined(ada, ROOM));
        leave(ada, ROOM);
        listener.await(Call.left(ada, ROOM));

        listener.clear();
        join(ada, ROOM);
        listener.await(Call.joined(ada, ROOM));
    }

    @Test
    @DisplayName(
            "W10 no lock of reading or sending is held while the listener is told of a joining")
    void listener_joinedWaitsForAnotherThread_thatThreadGetsIn() {
        CometClient ada = client("ada");
        Recording<Boolean> gotIn = new Recording<>(patience().multipliedBy(2));
        listener.onCall(
                call -> {
                    if (call.kind() != RecordingListener.Kind.CLIENT_GREW) {
                        gotIn.add(anotherThreadGetsIn(() -> send(to(ada))));
                    }
                });

        join(ada, ROOM);
        leave(ada, ROOM);

        assertThat(gotIn.await(2, any -> true, "a call of the listener")).containsOnly(true);
    }

    @Test
    @DisplayName("W10 no lock is held while the listener is called")
    void listener_waitsForAnotherThread_thatThreadGetsIn() {
        CometClient ada = client("ada");
        CometClient bob = client("bob");
        Recording<Boolean> gotIn = new Recording<>(patience().multipliedBy(2));
        listener.onCall(
                call -> {
                    if (call.kind() != RecordingListener.Kind.CLIENT_GREW) {
                        return; // the other thread's own joining
                    }
                    gotIn.add(
                            anotherThreadGetsIn(
                                    () -> {
                                        read(ada, 0);
                                        join(bob, "other");
                                        provider.keepAlive(ada, 1_000_000);
                                        provider.clients();
                                    }));
                });

        send(to(ada));

        assertThat(gotIn.await(1, any -> true, "a call of the listener")).containsExactly(true);
    }

    private boolean anotherThreadGetsIn(Runnable task) {
        try {
            CompletableFuture.runAsync(task).get(patience().toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (ExecutionException | TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
