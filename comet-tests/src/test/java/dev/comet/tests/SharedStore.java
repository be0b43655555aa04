package dev.comet.tests;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.inproc.InProcCometStateProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One store behind several nodes, in memory: the in-process provider, and what a shared store adds
 * to it. A node that is {@linkplain Node#crash crashed} is heard of no more, and hears nothing.
 */
final class SharedStore {

    /** How long a node that is gone keeps its clients alive. */
    static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final InProcCometStateProvider store = new InProcCometStateProvider();
    private final List<Node> nodes = new CopyOnWriteArrayList<>();
    private final Map<CometClient, Held> held = new ConcurrentHashMap<>();
    private final Map<String, Awaited> awaited = new ConcurrentHashMap<>();
    private boolean started; // guarded by this

    /** Which node has a client, as which generation. Guarded by itself. */
    private static final class Held {
        private @Nullable Node by;
        private long generation;
    }

    /** Who waits for a reply. */
    private record Awaited(Node by, boolean hasReplied) {}

    /** Another provider over this store. */
    Node node() {
        Node node = new Node();
        nodes.add(node);
        return node;
    }

    private synchronized void start(ICometStateProvider.Context context) {
        if (!started) {
            started = true;
            store.start(
                    new ICometStateProvider.Context(
                            context.limits(), context.clock(), new ToAllNodes()));
        }
    }

    private void tell(Consumer<ICometStateProvider.Listener> news) {
        nodes.forEach(node -> node.tell(news));
    }

    private void tellOthers(Node teller, Consumer<ICometStateProvider.Listener> news) {
        nodes.stream().filter(node -> node != teller).forEach(node -> node.tell(news));
    }

    private Held held(CometClient client) {
        return held.computeIfAbsent(client, unknown -> new Held());
    }

    /** What the store itself says, it says to all. */
    private final class ToAllNodes implements ICometStateProvider.Listener {

        @Override
        public void everyoneGrew() {
            tell(ICometStateProvider.Listener::everyoneGrew);
        }

        @Override
        public void groupGrew(String group) {
            tell(listener -> listener.groupGrew(group));
        }

        @Override
        public void clientGrew(CometClient client) {
            tell(listener -> listener.clientGrew(client));
        }

        @Override
        public void joined(CometClient client, String group) {
            tell(listener -> listener.joined(client, group));
        }

        @Override
        public void left(CometClient client, String group) {
            tell(listener -> listener.left(client, group));
        }

        @Override
        public void superseded(CometClient client, long generation, long instance) {
            throw new AssertionError("one provider is one node");
        }

        @Override
        public void ended(CometClient client, @Nullable EndReason reason) {
            throw new AssertionError("one provider is one node");
        }

        @Override
        public void replied(CometClient client, EncodedMessage reply) {
            throw new AssertionError("one provider is one node");
        }
    }

    /** The store, as one node sees it. */
    final class Node implements ICometStateProvider {

        private volatile @Nullable Listener listener;

        private boolean isDeaf; // guarded by unheard
        private final List<Consumer<Listener>> unheard = new ArrayList<>();

        private void tell(Consumer<Listener> news) {
            synchronized (unheard) {
                if (isDeaf) {
                    unheard.add(news);
                    return;
                }
            }
            Listener to = listener;
            if (to != null) {
                news.accept(to);
            }
        }

        /** The node's feed is late. */
        void hearsNothing() {
            synchronized (unheard) {
                isDeaf = true;
            }
        }

        /** What it has missed. */
        void hearsAgain() {
            List<Consumer<Listener>> news;
            synchronized (unheard) {
                isDeaf = false;
                news = List.copyOf(unheard);
                unheard.clear();
            }
            news.forEach(this::tell);
        }

        /** The process is gone: its clients are the store's to end. */
        void crash() {
            close();
            held.forEach(
                    (client, one) -> {
                        synchronized (one) {
                            if (one.by == this) {
                                one.by = null;
                                one.generation++;
                                store.keepAlive(
                                        client,
                                        LEASE_NANOS
                                                + TimeUnit.SECONDS.toNanos(
                                                        client.connectionIdleSeconds()));
                            }
                        }
                    });
        }

        @Override
        public boolean readsFromMemory() {
            return true;
        }

        @Override
        public void start(Context context) {
            listener = context.listener();
            SharedStore.this.start(context);
        }

        @Override
        public void initializeClient(CometClient client) {
            Held one = held(client);
            synchronized (one) {
                one.by = this;
                one.generation = 1;
            }
            try {
                store.initializeClient(client);
            } catch (CometException e) {
                held.remove(client);
                throw e;
            }
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
        public @Nullable Attachment attach(String privateToken, long instance) {
            CometClient client = store.findClientByPrivateToken(privateToken);
            if (client == null) {
                return null;
            }
            Held one = held(client);
            Node before;
            long generation;
            synchronized (one) {
                before = one.by;
                if (before != this) {
                    one.by = this;
                    one.generation++;
                }
                generation = one.generation;
            }
            if (before != null && before != this) {
                before.tell(to -> to.superseded(client, generation, instance));
            }
            return new Attachment(client, generation);
        }

        @Override
        public List<CometClient> clients() {
            return store.clients();
        }

        @Override
        public boolean keepAlive(CometClient client, long idleInNanos) {
            Held one = held(client);
            synchronized (one) {
                return one.by == this
                        ? store.keepAlive(client, idleInNanos)
                        : client.equals(store.findClientByPrivateToken(client.privateToken()));
            }
        }

        @Override
        public long killIdleCometClient(CometClient client) {
            Held one = held(client);
            long answer;
            synchronized (one) {
                if (one.by != this) {
                    return store.usage(client) == ClientUsage.NONE ? ABSENT : ELSEWHERE;
                }
                answer = store.killIdleCometClient(client);
            }
            if (answer == KILLED) {
                gone(client, null);
            }
            return answer;
        }

        private void gone(CometClient client, @Nullable EndReason reason) {
            held.remove(client);
            tellOthers(this, to -> to.ended(client, reason));
        }

        @Override
        public List<CometClient> killOrphans() {
            List<CometClient> killed = new ArrayList<>();
            if (listener == null) {
                return killed; // this one is gone itself
            }
            held.forEach(
                    (client, one) -> {
                        synchronized (one) {
                            if (one.by == null && store.killIdleCometClient(client) == KILLED) {
                                killed.add(client);
                            }
                        }
                    });
            killed.forEach(client -> gone(client, null));
            return killed;
        }

        @Override
        public boolean removeClient(CometClient client, EndReason reason) {
            boolean removed = store.removeClient(client, reason);
            if (removed) {
                gone(client, reason);
            }
            return removed;
        }

        @Override
        public boolean awaitReply(CometClient client, String correlationId, long withinNanos) {
            return awaited.putIfAbsent(key(client, correlationId), new Awaited(this, false))
                    == null;
        }

        private String key(CometClient client, String correlationId) {
            return client.incarnation() + " " + correlationId;
        }

        @Override
        public void awaitReplyNoMore(CometClient client, String correlationId, boolean hasReplied) {
            if (hasReplied) {
                awaited.replace(key(client, correlationId), new Awaited(this, true));
            } else {
                awaited.remove(key(client, correlationId));
            }
        }

        @Override
        public boolean passReply(CometClient client, EncodedMessage reply) {
            String key = key(client, String.valueOf(reply.correlationId()));
            Awaited[] before = new Awaited[1];
            awaited.computeIfPresent(
                    key,
                    (known, one) -> {
                        before[0] = one;
                        return new Awaited(one.by, true);
                    });
            if (before[0] == null) {
                return false;
            }
            if (before[0].hasReplied()) {
                throw new CometException(
                        CometException.Reason.ALREADY_REPLIED,
                        "this request has been answered; reply once");
            }
            before[0].by().tell(to -> to.replied(client, reply));
            return true;
        }

        // ---- what all nodes have in common

        @Override
        public long sendMessage(Audience audience, EncodedMessage message) {
            return store.sendMessage(audience, message);
        }

        @Override
        public CometBatch getMessages(CometClient client, long last, int max, int maxBytes) {
            return store.getMessages(client, last, max, maxBytes);
        }

        @Override
        public CometBatch peekMessages(CometClient client, long last, int max, int maxBytes) {
            return store.peekMessages(client, last, max, maxBytes);
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
        public List<CometClient> groupMembers(String group) {
            return store.groupMembers(group);
        }

        @Override
        public List<CometMessage> groupHistory(String group, long upTo, int max) {
            return store.groupHistory(group, upTo, max);
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
            listener = null;
            nodes.remove(this);
        }
    }
}
