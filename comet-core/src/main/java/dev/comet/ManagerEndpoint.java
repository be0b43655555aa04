package dev.comet;

import dev.comet.internal.Names;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The manager, as transports see it; each method hands on to what does it. */
final class ManagerEndpoint implements CometEndpoint {

    private final Store store;
    private final Sessions sessions;
    private final Subscriptions subscriptions;
    private final Sender sender;
    private final PendingRequests requests;

    ManagerEndpoint(
            Store store,
            Sessions sessions,
            Subscriptions subscriptions,
            Sender sender,
            PendingRequests requests) {
        this.store = store;
        this.sessions = sessions;
        this.subscriptions = subscriptions;
        this.sender = sender;
        this.requests = requests;
    }

    @Override
    public CometAsyncResult beginSubscribe(
            @Nullable String privateToken,
            long lastMessageId,
            @Nullable Duration hold,
            long instance) {
        return subscriptions.begin(
                privateToken == null ? "" : privateToken, lastMessageId, hold, instance);
    }

    @Override
    public CometAnswer endSubscribe(CometAsyncResult result) {
        return subscriptions.end(result);
    }

    @Override
    public void openStream(
            @Nullable String privateToken,
            long lastMessageId,
            CometStreamSink sink,
            long instance) {
        subscriptions.open(privateToken == null ? "" : privateToken, lastMessageId, sink, instance);
    }

    @Override
    public void confirm(String privateToken, long lastMessageId) {
        boolean possible =
                store.call(
                        () ->
                                store.provider()
                                        .confirmMessages(
                                                store.byPrivateToken(privateToken), lastMessageId));
        if (!possible) {
            throw new CometException(
                    CometException.Reason.PARAMETERS_INVALID, // the peer's own
                    "lastMessageId is "
                            + lastMessageId
                            + "; use the id of a message that this client has received");
        }
    }

    @Override
    public void acceptReply(String privateToken, String correlationId, @Nullable Object contents) {
        String id = Arguments.correlationId(correlationId);
        accept(privateToken, sender.encode(Names.REPLY, id, contents));
    }

    @Override
    public void acceptRefusal(String privateToken, String correlationId, String reason) {
        String id = Arguments.correlationId(correlationId);
        accept(privateToken, sender.encode(Names.REFUSED, id, reason));
    }

    private void accept(String privateToken, EncodedMessage reply) {
        store.call(
                () -> {
                    requests.reply(store.byPrivateToken(privateToken), reply);
                    return reply;
                });
    }

    @Override
    public void seenAt(CometClient client, String address) {
        sessions.seenAt(client, address);
    }
}
