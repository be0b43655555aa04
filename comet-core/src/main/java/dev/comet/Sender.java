package dev.comet;

import dev.comet.spi.Audience;
import dev.comet.spi.EncodedMessage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The sending side: checks, encodes once, appends once, and acts on a full log as the policy says.
 */
final class Sender {

    private final ICometStateProvider provider;
    private final CometLimits limits;
    private final JsonMapper mapper;
    private final Counters counters;
    private final Subscriptions subscriptions;

    Sender(
            ICometStateProvider provider,
            CometLimits limits,
            JsonMapper mapper,
            Counters counters,
            Subscriptions subscriptions) {
        this.provider = provider;
        this.limits = limits;
        this.mapper = mapper;
        this.counters = counters;
        this.subscriptions = subscriptions;
    }

    long send(Audience audience, @Nullable String name, @Nullable Object contents) {
        try {
            long id = append(audience, encode(name, contents));
            counters.messagesAccepted.increment();
            return id;
        } catch (RuntimeException e) {
            counters.sendsRefused.increment();
            throw e instanceof CometException ? e : subscriptions.reader().unavailable(e);
        }
    }

    private EncodedMessage encode(@Nullable String name, @Nullable Object contents) {
        String checkedName = Rules.messageName(name);
        if (contents == null) {
            throw Rules.invalid(
                    "contents of \"" + name + "\" is null; send an empty object or string");
        }
        byte[] json;
        try {
            json = mapper.writeValueAsBytes(contents);
        } catch (RuntimeException e) { // Jackson's, or that of a serializer of the application
            throw new CometException(
                    CometException.Reason.PARAMETERS_INVALID,
                    "contents of \""
                            + name
                            + "\" cannot be encoded as JSON: "
                            + contents.getClass().getName(),
                    e);
        }
        if (json.length == 4 && json[0] == 'n') {
            throw Rules.invalid(
                    "contents of \"" + name + "\" encode to null; send an empty object or string");
        }
        EncodedMessage message = new EncodedMessage(checkedName, json);
        if (message.sizeInBytes() > limits.messageBytes()) {
            throw Rules.invalid(
                    "contents of \""
                            + name
                            + "\" make a message of "
                            + message.sizeInBytes()
                            + " bytes; CometLimits.messageBytes allows "
                            + limits.messageBytes());
        }
        return message;
    }

    private long append(Audience audience, EncodedMessage message) {
        try {
            return provider.sendMessage(audience, message);
        } catch (CometException e) {
            if (limits.overflow() != OverflowPolicy.DISCONNECT || e.fullClients().isEmpty()) {
                throw e;
            }
            for (CometClient full : e.fullClients()) {
                subscriptions.disconnect(
                        full.privateToken(), CometClientEventHandler.EndReason.OVERFLOW);
            }
            Audience rest = without(audience, e.fullClients());
            if (rest == null) {
                throw e;
            }
            // Each round ends clients or succeeds, so there are at most as many rounds as
            // recipients.
            return append(rest, message);
        }
    }

    private static @Nullable Audience without(Audience audience, List<CometClient> ended) {
        if (!(audience instanceof Audience.Recipients recipients)) {
            return null;
        }
        List<String> rest = new ArrayList<>(recipients.publicTokens());
        ended.forEach(client -> rest.remove(client.publicToken()));
        return rest.isEmpty() || rest.size() == recipients.publicTokens().size()
                ? null
                : new Audience.Recipients(rest);
    }
}
