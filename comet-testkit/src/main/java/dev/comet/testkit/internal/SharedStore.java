package dev.comet.testkit.internal;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.ICometStateProvider.Listener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One store behind several nodes, in memory: a provider for one node, and what a shared store adds
 * to that. With faults, on purpose.
 *
 * <p>Safe for use by any number of threads.
 */
public final class SharedStore {

    /** What can be wrong with it. */
    public enum Fault {
        /** A node that has a client is not told when another one has it. */
        SUPERSEDES_PER_NODE_ONLY,
        /** Each node takes its own word for how long a client is alive. */
        KILLS_BY_ITS_OWN_CLOCK,
        /** Other nodes are not told of an end. */
        TELLS_NO_OTHER_NODE_OF_AN_END,
        /** Clients whose node is gone live for ever. */
        FORGETS_ORPHANS,
        /** Two nodes may both be given the same orphan. */
        KILLS_ORPHANS_TWICE,
        /** A generation that another node has had already. */
        REPEATS_GENERATIONS,
        /** A second reply is passed on, too. */
        PASSES_REPLIES_TWICE,
        /** Ids of messages that it has lost are given to others. */
        REPEATS_IDS,
        /** What it has lost it does not announce. */
        LOSES_IN_SILENCE
    }

    /** How long a node that is gone keeps its clients alive. */
    public static final long LEASE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ICometStateProvider store;
    private final Set<Fault> faults;
    private final List<Node> nodes = new CopyOnWriteArrayList<>();
    private final Map<CometClient, Held> held = new ConcurrentHashMap<>();
    private final Map<String, Awaited> awaited = new ConcurrentHashMap<>();
    private volatile List<CometClient> lastOrphans = List.of();
    private final AtomicLong highest = new AtomicLong(); // id of a message
    private volatile Lost lost = Lost.NOTHING;
    private boolean started; // guarded by this

    /**
     * @param store yet to be started; the first node does that
     * @param faults what is to be wrong
     */
    public SharedStore(ICometStateProvider store, Fault... faults) {
        this.store = store;
        this.faults = Set.of(faults);
    }

    private boolean has(Fault fault) {
        return faults.contains(fault);
    }

    /** Which node has a client, as which generation. Guarded by itself. */
    private static final class Held {
        private @Nullable Node by;
        private long generation;
    }

    /** What it has lost: messages with {@code after < id <= upTo}. */
    private record Lost(long after, long upTo) {

        static final Lost NOTHING = new Lost(0, 0);

        /** The id that a node gives away for one of the store that repeats ids. */
        long repeated(long id) {
            return id > upTo ? id - (upTo - after) : id;
        }

        long original(long repeated) {
            return repeated > after ? repeated + (upTo - after) : repeated;
        }

        boolean has(CometMessage message) {
            return message.messageId() > after && message.messageId() <= upTo;
        }
    }

    /** Who waits for a reply. */
    private record Awaited(Node by, boolean hasReplied) {}

    /** Another node over this store. */
    public Node node() {
        Node node = new Node();
        nodes.add(node);
        return node;
    }

    /** What is sent from now on is lost when the returned task runs. */
    public Runnable losesWhatFollows() {
        long after = highest.get();
        return () -> {
            lost = new Lost(after, highest.get());
            tell(Listener::everyoneGrew);
            store.clients().forEach(client -> tell(listener -> listener.clientGrew(client)));
        };
    }

    /** What the client finds in a store that has lost something. */
    private CometBatch withoutTheLost(CometBatch batch, long cursor) {
        Lost gone = lost;
        List<CometMessage> messages = new ArrayList<>(batch.messages());
        messages.removeIf(gone::has);
        List<CometGap> gaps = new ArrayList<>(batch.gaps());
        long from = Math.max(cursor, gone.after()) + 1;
        if (from <= gone.upTo() && messages.size() < batch.messages().size()) {
            gaps.add(new CometGap(from, gone.upTo(), CometGap.Reason.STORE_LOST));
        }
        if (has(Fault.REPEATS_IDS)) {
            messages.replaceAll(
                    one -> new CometMessage(gone.repeated(one.messageId()), one.encoded()));
        }
        return new CometBatch(
                has(Fault.LOSES_IN_SILENCE) ? batch.gaps() : gaps, messages, batch.cursor());
    }

    private synchronized void start(ICometStateProvider.Context context) {
        if (!started) {
            started = true;
            store.start(
                    new ICometStateProvider.Context(
                            context.limits(), context.clock(), new ToAllNodes()));
        }
    }

    private void tell(Consumer<Listener> news) {
        nodes.forEach(node -> node.tell(news));
    }

    private void tellOthers(Node teller, Consumer<Listener> news) {
        nodes.stream().filter(node -> node != teller).forEach(node -> node.tell(news));
    }

    private boolean exists(CometClient client) {
        return client.equals(store.findClientByPrivateToken(client.privateToken()));
    }

    private Held held(CometClient client) {
        return held.computeIfAbsent(client, unknown -> new Held());
    }

    /** What the store itself says, it says to all. */
    private final class ToAllNodes implements Listener {

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
    public final class Node extends ForwardingProvider {

        private volatile @Nullable Listener listener;
        private volatile Executor feed = Runnable::run;
        private volatile Runnable beforeRemoval = () -> {};
        private boolean isDeaf; // guarded by unheard
        private final List<Consumer<Listener>> unheard = new ArrayList<>();

        private Node() {
            super(store);
        }

        private void tell(Consumer<Listener> news) {
            synchronized (unheard) {
                if (isDeaf) {
                    unheard.add(news);
                    return;
                }
            }
            feed.execute(
                    () -> {
                        Listener to = listener;
                        if (to != null) {
                            news.accept(to);
                        }
                    });
        }

        /** Comes between the decision to remove a client and its removal. */
        public void beforeRemoval(Runnable task) {
            beforeRemoval = task;
        }

        /** What the node hears it hears from this, in order; at first at once. */
        public void hearsBy(Executor feed) {
            this.feed = feed;
        }

        /** The node's feed is late. */
        public void hearsNothing() {
            synchronized (unheard) {
                isDeaf = true;
            }
        }

        /** What it has missed. */
        public void hearsAgain() {
            List<Consumer<Listener>> news;
            synchronized (unheard) {
                isDeaf = false;
                news = List.copyOf(unheard);
                unheard.clear();
            }
            news.forEach(this::tell);
        }

        /** The process is gone: the store notices when its lease is over. */
        public void crash() {
            leave(LEASE_NANOS);
        }

        /** Its clients are the store's to end. */
        private void leave(long leaseNanos) {
            listener = null;
            nodes.remove(this);
            awaited.values().removeIf(waiting -> waiting.by() == this);
            held.forEach(
                    (client, one) -> {
                        synchronized (one) {
                            if (one.by == this) {
                                one.by = null;
                                one.generation++;
                                store.keepAlive(
                                        client,
                                        leaseNanos
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
                    one.generation += has(Fault.REPEATS_GENERATIONS) ? 0 : 1;
                }
                generation = one.generation;
            }
            if (before != null && before != this && !has(Fault.SUPERSEDES_PER_NODE_ONLY)) {
                before.tell(to -> to.superseded(client, generation, instance));
            }
            return new Attachment(client, generation);
        }

        @Override
        public long sendMessage(Audience audience, EncodedMessage message) {
            long id = super.sendMessage(audience, message);
            highest.accumulateAndGet(id, Math::max);
            return has(Fault.REPEATS_IDS) ? lost.repeated(id) : id;
        }

        @Override
        public CometBatch getMessages(
                CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
            long cursor = has(Fault.REPEATS_IDS) ? lost.original(lastMessageId) : lastMessageId;
            return withoutTheLost(
                    super.getMessages(client, cursor, maxMessages, maxBytes), lastMessageId);
        }

        @Override
        public boolean keepAlive(CometClient client, long idleInNanos) {
            Held one = held(client);
            synchronized (one) {
                return (one.by == this || has(Fault.KILLS_BY_ITS_OWN_CLOCK))
                        ? store.keepAlive(client, idleInNanos)
                        : exists(client);
            }
        }

        @Override
        public long killIdleCometClient(CometClient client) {
            Held one = held(client);
            long answer;
            synchronized (one) {
                if (one.by != this && !has(Fault.KILLS_BY_ITS_OWN_CLOCK)) {
                    return exists(client) ? ELSEWHERE : ABSENT;
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
            if (!has(Fault.TELLS_NO_OTHER_NODE_OF_AN_END)) {
                tellOthers(this, to -> to.ended(client, reason));
            }
        }

        private boolean isKilled(CometClient client) {
            return store.killIdleCometClient(client) == KILLED;
        }

        @Override
        public List<CometClient> killOrphans() {
            List<CometClient> killed = new ArrayList<>();
            if (listener == null || has(Fault.FORGETS_ORPHANS)) {
                return killed; // this one is gone itself
            }
            if (has(Fault.KILLS_ORPHANS_TWICE)) {
                killed.addAll(lastOrphans);
            }
            held.forEach(
                    (client, one) -> {
                        synchronized (one) {
                            if (one.by == null && isKilled(client)) {
                                killed.add(client);
                            }
                        }
                    });
            killed.forEach(client -> gone(client, null));
            lastOrphans = List.copyOf(killed);
            return killed;
        }

        @Override
        public boolean removeClient(CometClient client, EndReason reason) {
            beforeRemoval.run();
            boolean removed = store.removeClient(client, reason);
            if (removed) {
                gone(client, reason);
            }
            return removed;
        }

        @Override
        public boolean awaitReply(CometClient client, String correlationId, long withinNanos) {
            Awaited before =
                    awaited.putIfAbsent(key(client, correlationId), new Awaited(this, false));
            return before == null || before.by() == this;
        }

        private String key(CometClient client, String correlationId) {
            return client.incarnation() + " " + correlationId;
        }

        @Override
        public void awaitReplyNoMore(CometClient client, String correlationId, boolean hasReplied) {
            awaited.computeIfPresent(
                    key(client, correlationId),
                    (key, one) ->
                            one.by() != this ? one : hasReplied ? new Awaited(this, true) : null);
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
            if (before[0].hasReplied() && !has(Fault.PASSES_REPLIES_TWICE)) {
                throw new CometException(
                        CometException.Reason.ALREADY_REPLIED,
                        "this request has been answered; reply once");
            }
            before[0].by().tell(to -> to.replied(client, reply));
            return true;
        }

        @Override
        public void close() {
            leave(0);
        }
    }
}
