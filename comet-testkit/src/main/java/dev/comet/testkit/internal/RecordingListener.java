package dev.comet.testkit.internal;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Remembers what a provider told its manager, in the order in which it was told.
 *
 * <p>Safe for use by any number of threads. Waits are bounded by 10 s of real time and then fail.
 */
public final class RecordingListener implements ICometStateProvider.Listener {

    /** The kinds of calls; each is named as the method that it came through. */
    public enum Kind {
        /** {@link ICometStateProvider.Listener#everyoneGrew}. */
        EVERYONE_GREW,
        /** {@link ICometStateProvider.Listener#groupGrew}. */
        GROUP_GREW,
        /** {@link ICometStateProvider.Listener#clientGrew}. */
        CLIENT_GREW,
        /** {@link ICometStateProvider.Listener#joined}. */
        JOINED,
        /** {@link ICometStateProvider.Listener#left}. */
        LEFT,
        /** {@link ICometStateProvider.Listener#superseded}. */
        SUPERSEDED,
        /** {@link ICometStateProvider.Listener#ended}. */
        ENDED,
        /** {@link ICometStateProvider.Listener#replied}. */
        REPLIED
    }

    /**
     * One call, with the arguments that this kind of call has.
     *
     * @param detail the group; the instance that superseded; why the client was ended; the
     *     correlation id
     */
    public record Call(Kind kind, @Nullable CometClient client, @Nullable Object detail) {

        /** The log of everyone grew. */
        public static Call everyoneGrew() {
            return new Call(Kind.EVERYONE_GREW, null, null);
        }

        /** This group's log grew. */
        public static Call groupGrew(String group) {
            return new Call(Kind.GROUP_GREW, null, group);
        }

        /** This client's own log grew. */
        public static Call clientGrew(CometClient client) {
            return new Call(Kind.CLIENT_GREW, client, null);
        }

        /** This client joined this group. */
        public static Call joined(CometClient client, String group) {
            return new Call(Kind.JOINED, client, group);
        }

        /** Another node has taken over this client, for this instance of it. */
        public static Call superseded(CometClient client, long instance) {
            return new Call(Kind.SUPERSEDED, client, instance);
        }

        /** Another node has ended this client. */
        public static Call ended(CometClient client, @Nullable EndReason reason) {
            return new Call(Kind.ENDED, client, reason);
        }

        /** This client's reply to this request has come to another node. */
        public static Call replied(CometClient client, @Nullable String correlationId) {
            return new Call(Kind.REPLIED, client, correlationId);
        }

        /** This client left this group. */
        public static Call left(CometClient client, String group) {
            return new Call(Kind.LEFT, client, group);
        }
    }

    private final Recording<Call> calls;
    private volatile Consumer<Call> reaction = call -> {};

    /** Has recorded nothing yet. */
    public RecordingListener() {
        this(Recording.PATIENCE);
    }

    public RecordingListener(Duration patience) {
        calls = new Recording<>(patience);
    }

    /**
     * From now on has every call answered by this, on the provider's thread, before it is recorded.
     */
    public void onCall(Consumer<Call> reaction) {
        this.reaction = reaction;
    }

    /** All calls by now. */
    public List<Call> calls() {
        return calls.all();
    }

    /** How often this call was made by now. */
    public int count(Call call) {
        return calls.matching(call::equals).size();
    }

    /** Waits until this call has been made. */
    public void await(Call call) {
        calls.await(1, call::equals, call.toString());
    }

    /** Forgets what was recorded. */
    public void clear() {
        calls.clear();
    }

    private void called(Call call) {
        reaction.accept(call);
        calls.add(call);
    }

    @Override
    public void everyoneGrew() {
        called(Call.everyoneGrew());
    }

    @Override
    public void groupGrew(String group) {
        called(Call.groupGrew(group));
    }

    @Override
    public void clientGrew(CometClient client) {
        called(Call.clientGrew(client));
    }

    @Override
    public void joined(CometClient client, String group) {
        called(Call.joined(client, group));
    }

    @Override
    public void left(CometClient client, String group) {
        called(Call.left(client, group));
    }

    @Override
    public void superseded(CometClient client, long generation, long instance) {
        called(Call.superseded(client, instance));
    }

    @Override
    public void ended(CometClient client, @Nullable EndReason reason) {
        called(Call.ended(client, reason));
    }

    @Override
    public void replied(CometClient client, EncodedMessage reply) {
        called(Call.replied(client, reply.correlationId()));
    }
}
