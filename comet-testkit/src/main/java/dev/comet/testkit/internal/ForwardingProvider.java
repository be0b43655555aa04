package dev.comet.testkit.internal;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Hands everything on to another provider, for whoever gets between that and the manager. */
public class ForwardingProvider implements ICometStateProvider {

    private final ICometStateProvider store;

    /**
     * @param store what it hands on to
     */
    protected ForwardingProvider(ICometStateProvider store) {
        this.store = store;
    }

    @Override
    public void start(Context context) {
        store.start(context);
    }

    @Override
    public boolean readsFromMemory() {
        return store.readsFromMemory();
    }

    @Override
    public void initializeClient(CometClient client) {
        store.initializeClient(client);
    }

    @Override
    public @Nullable CometClient findClientByPrivateToken(String privateToken) {
        return store.findClientByPrivateToken(privateToken);
    }

    @Override
    public @Nullable CometClient findClientByPublicToken(String publicToken) {
        return store.findClientByPublicToken(publicToken);
    }

    @Override
    public List<CometClient> clients() {
        return store.clients();
    }

    @Override
    public CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        return store.getMessages(client, lastMessageId, maxMessages, maxBytes);
    }

    @Override
    public CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        return store.peekMessages(client, deliveredId, maxMessages, maxBytes);
    }

    @Override
    public boolean confirmMessages(CometClient client, long lastMessageId) {
        return store.confirmMessages(client, lastMessageId);
    }

    @Override
    public long confirmedMessageId(CometClient client) {
        return store.confirmedMessageId(client);
    }

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        return store.sendMessage(audience, message);
    }

    @Override
    public boolean keepAlive(CometClient client, long idleInNanos) {
        return store.keepAlive(client, idleInNanos);
    }

    @Override
    public long killIdleCometClient(CometClient client) {
        return store.killIdleCometClient(client);
    }

    @Override
    public @Nullable Attachment attach(String privateToken, long instance) {
        return store.attach(privateToken, instance);
    }

    @Override
    public boolean removeClient(CometClient client, EndReason reason) {
        return store.removeClient(client, reason);
    }

    @Override
    public long joinGroup(CometClient client, String group) {
        return store.joinGroup(client, group);
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        return store.leaveGroup(client, group);
    }

    @Override
    public Set<String> groupsOf(CometClient client) {
        return store.groupsOf(client);
    }

    @Override
    public List<String> groups() {
        return store.groups();
    }

    @Override
    public List<CometClient> groupMembers(String group) {
        return store.groupMembers(group);
    }

    @Override
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        return store.groupHistory(group, upTo, maxMessages);
    }

    @Override
    public void tidy() {
        store.tidy();
    }

    @Override
    public Usage usage() {
        return store.usage();
    }

    @Override
    public ClientUsage usage(CometClient client) {
        return store.usage(client);
    }

    @Override
    public void close() {
        store.close();
    }
}
