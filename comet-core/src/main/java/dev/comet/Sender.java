package dev.comet;

import dev.comet.internal.ContentsEncoder;
import dev.comet.internal.Names;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The sending side: checks, encodes once, appends once, and acts on a full log as the policy says.
 */
final class Sender {

    /** How often a send is tried that waits for others to end a client. */
    private static final int PATIENCE = 100;

    private final Store store;
    private final CometLimits limits;
    private final ContentsEncoder encoder;
    private final Counters counters;
    private final Sessions sessions;

    Sender(
            Store store,
            CometLimits limits,
            ContentsEncoder encoder,
            Counters counters,
            Sessions sessions) {
        this.store = store;
        this.limits = limits;
        this.encoder = encoder;
        this.counters = counters;
        this.sessions = sessions;
    }

    long send(Audience audience, @Nullable String name, @Nullable Object contents) {
        try {
            return accepted(audience, encode(Arguments.messageName(name), null, contents));
        } catch (RuntimeException e) {
            throw refused(e);
        }
    }

    /**
     * A message that is to be replied to, or that is a reply: then the name is the library's own.
     * For this very client: one that has taken its tokens since has not asked, and is not asked.
     */
    long send(CometClient client, String name, @Nullable Object contents, String correlationId) {
        try {
            return accepted(Audience.one(client), encode(name, correlationId, contents));
        } catch (RuntimeException e) {
            throw refused(e);
        }
    }

    private long accepted(Audience audience, EncodedMessage message) {
        long id = append(audience, message);
        counters.messagesAccepted.increment();
        return id;
    }

    private CometException refused(RuntimeException e) {
        counters.sendsRefused.increment();
        return counters.refused(e instanceof CometException known ? known : store.unavailable(e));
    }

    EncodedMessage encode(String name, @Nullable String correlationId, @Nullable Object contents) {
        if (contents == null && mayNotBeNull(name)) {
            throw Arguments.invalid(
                    "contents of \"" + name + "\" is null; send an empty object or string");
        }
        byte[] json;
        try {
            json = encoder.encode(contents);
        } catch (IllegalArgumentException e) {
            throw CometException.forDevelopers(
                    CometException.Reason.PARAMETERS_INVALID,
                    "contents of \"" + name + "\" " + e.getMessage(),
                    e);
        }
        if (json.length == 4 && json[0] == 'n' && mayNotBeNull(name)) {
            throw Arguments.invalid(
                    "contents of \"" + name + "\" encode to null; send an empty object or string");
        }
        EncodedMessage message = new EncodedMessage(name, correlationId, json);
        if (message.sizeInBytes() > limits.maxMessageBytes()) {
            throw Arguments.invalid(
                    "contents of \""
                            + name
                            + "\" make a message of "
                            + message.sizeInBytes()
                            + " bytes; CometLimits.maxMessageBytes allows "
                            + limits.maxMessageBytes());
        }
        return message;
    }

    /** A reply may be no more than that: done. */
    private static boolean mayNotBeNull(String name) {
        return !name.equals(Names.REPLY);
    }

    /** Each round ends clients, leaves some out, or succeeds: so there are not many. */
    private long append(Audience audience, EncodedMessage message) {
        Audience rest = audience;
        int fruitless = 0;
        while (true) {
            CometException refusal;
            try {
                return store.provider().sendMessage(rest, message);
            } catch (CometException e) {
                refusal = e;
            }
            Audience before = rest;
            boolean ended = endFull(refusal);
            rest = without(before, refusal.fullClients());
            // Another sender may just be ending them: their room is free in a moment.
            if (rest == null || (!ended && rest.equals(before) && ++fruitless == PATIENCE)) {
                throw refusal;
            }
        }
    }

    /** Returns whether any of them was there still. */
    private boolean endFull(CometException refusal) {
        if (limits.overflow() != OverflowPolicy.DISCONNECT || refusal.fullClients().isEmpty()) {
            throw refusal;
        }
        boolean ended = false;
        for (CometClient full : refusal.fullClients()) {
            ended |= sessions.disconnect(full, CometClientEventHandler.EndReason.OVERFLOW);
        }
        return ended;
    }

    /** Null if nobody is left. */
    private static @Nullable Audience without(Audience audience, List<CometClient> ended) {
        if (!(audience instanceof Audience.Recipients recipients)) {
            return audience;
        }
        List<String> rest = new ArrayList<>(recipients.publicTokens());
        ended.forEach(client -> rest.remove(client.publicToken()));
        if (rest.size() == recipients.publicTokens().size()) {
            return audience; // it was about the room that all logs have together
        }
        return rest.isEmpty() ? null : new Audience.Recipients(rest);
    }
}
