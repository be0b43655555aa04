package dev.comet.tests;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometMessage;
import dev.comet.ICometStateProvider;
import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.spi.Audience;
import dev.comet.spi.EncodedMessage;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The in-process provider, for tests that get between it and the manager. */
class DelegatingProvider implements ICometStateProvider {

    private final InProcCometStateProvider store = new InProcCometStateProvider();

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
    public @Nullable CometClient getCometClient(String privateToken) {
        return store.getCometClient(privateToken);
    }

    @Override
    public @Nullable CometClient findCometClient(String publicToken) {
        return store.findCometClient(publicToken);
    }

    @Override
    public List<CometClient> clients() {
        return store.clients();
    }

    @Override
    public int clientCount() {
        return store.clientCount();
    }

    @Override
    public CometBatch getMessages(
            String privateToken, long lastMessageId, int maxMessages, int maxBytes) {
        return store.getMessages(privateToken, lastMessageId, maxMessages, maxBytes);
    }

    @Override
    public CometBatch peekMessages(
            String privateToken, long deliveredId, int maxMessages, int maxBytes) {
        return store.peekMessages(privateToken, deliveredId, maxMessages, maxBytes);
    }

    @Override
    public boolean confirmMessages(String privateToken, long lastMessageId) {
        return store.confirmMessages(privateToken, lastMessageId);
    }

    @Override
    public long confirmedMessageId(String privateToken) {
        return store.confirmedMessageId(privateToken);
    }

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        return store.sendMessage(audience, message);
    }

    @Override
    public boolean keepAlive(String privateToken, long idleInNanos) {
        return store.keepAlive(privateToken, idleInNanos);
    }

    @Override
    public long killIdleCometClient(String privateToken) {
        return store.killIdleCometClient(privateToken);
    }

    @Override
    public boolean removeClient(String privateToken) {
        return store.removeClient(privateToken);
    }

    @Override
    public long joinGroup(String publicToken, String group) {
        return store.joinGroup(publicToken, group);
    }

    @Override
    public boolean leaveGroup(String publicToken, String group) {
        return store.leaveGroup(publicToken, group);
    }

    @Override
    public Set<String> groupsOf(String privateToken) {
        return store.groupsOf(privateToken);
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
    public long droppedMessages() {
        return store.droppedMessages();
    }

    @Override
    public void close() {
        store.close();
    }
}
