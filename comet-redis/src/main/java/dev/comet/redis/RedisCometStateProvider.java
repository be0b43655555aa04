package dev.comet.redis;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import io.lettuce.core.RedisURI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps clients and messages in Redis, so that any number of processes are one server: behind any
 * load balancer, without sticky sessions. Each process makes one for its {@link
 * dev.comet.CometStateManager}, with the same URI and namespace:
 *
 * <pre>{@code
 * ICometStateProvider provider =
 *         RedisCometStateProvider.builder().uri("redis://redis.internal:6379").build();
 * }</pre>
 *
 * <p>Redis 6.2 or later, or Valkey; its {@code maxmemory-policy} must be {@code noeviction}. See
 * docs/cluster.md for what to set up, what it may be asked for, and what it costs.
 *
 * <p>Time is Redis's own. {@link CometLimits} count for all processes together, and should be the
 * same everywhere: each call goes by those of the process that makes it.
 *
 * <p>Safe for use by any number of threads. Calls wait for Redis, at most for the {@linkplain
 * Builder#commandTimeout command timeout}; what fails is an exception that the manager takes as
 * {@link CometException.Reason#PROVIDER_UNAVAILABLE}.
 */
public final class RedisCometStateProvider implements ICometStateProvider {

    private static final Logger LOG = LoggerFactory.getLogger(RedisCometStateProvider.class);
    private static final int CLIENTS_AT_ONCE = 500;
    private static final long TIME_OF_THE_STORE = 0;

    /** What start provides. */
    private record State(
            CometLimits limits,
            Listener listener,
            Connection connection,
            OtherNodes others,
            Reads reads,
            KeepAlives keepAlives,
            Node node,
            Feed feed) {}

    private final Settings settings;
    private final String name = UUID.randomUUID().toString();
    private final AtomicLong keys = new AtomicLong();
    private final LocalClients local = new LocalClients();
    private final Unanswered unanswered = new Unanswered(this::newKey);
    private final AtomicReference<@Nullable State> state = new AtomicReference<>();
    private volatile Counted counted = Counted.NONE; // written under this object's monitor

    /** As of the latest change of the number of clients that this node knows of. */
    private record Counted(long clients, long version, Usage rest) {
        static final Counted NONE = new Counted(0, -1, Usage.NONE);
    }

    private RedisCometStateProvider(Settings settings) {
        this.settings = settings;
    }

    /** What to set; only the URI has no default. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- life

    @Override
    public void start(Context context) {
        if (state.get() != null) {
            throw servesAManagerAlready();
        }
        Connection connection =
                new Connection(
                        settings,
                        name,
                        settings.timeOfTheManager()
                                ? () -> Micros.of(context.clock().now())
                                : () -> TIME_OF_THE_STORE);
        boolean isStarted = false;
        try {
            if (settings.checksServer()) {
                ServerCheck.require(connection, settings.where());
            }
            Node node = new Node(connection, settings.lease());
            Reply joined = node.renewLease();
            Mirror mirror = new Mirror(context.limits().sharedLog(), connection.epoch());
            OtherNodes others = new OtherNodes(connection, name, local, mirror, context.listener());
            Reads reads =
                    new Reads(connection, local, others, mirror, context.clock(), context.limits());
            KeepAlives keepAlives = new KeepAlives(connection, local, others, context.clock());
            Feed feed =
                    new Feed(
                            connection,
                            settings.prefix(),
                            name,
                            new Feed.Position(joined.number(1), joined.number(2)),
                            others);
            node.feed(feed);
            State started =
                    new State(
                            context.limits(),
                            context.listener(),
                            connection,
                            others,
                            reads,
                            keepAlives,
                            node,
                            feed);
            if (!state.compareAndSet(null, started)) {
                throw servesAManagerAlready();
            }
            feed.start();
            node.start(keepAlives::tellAll);
            isStarted = true;
        } finally {
            if (!isStarted) {
                connection.close();
            }
        }
    }

    private static IllegalStateException servesAManagerAlready() {
        return new IllegalStateException(
                "this provider serves a manager already; make one provider for each manager");
    }

    private State state() {
        State started = state.get();
        if (started == null) {
            throw new IllegalStateException(
                    "this provider was not started; give it to a CometStateManager");
        }
        return started;
    }

    private Reply run(Script script, Object... arguments) {
        return state().connection().run(script, arguments);
    }

    /** As {@link #run}, of what the application is told that it is done. */
    private Reply runKept(Script script, Object... arguments) {
        return state().connection().runKept(script, arguments);
    }

    /** Of a message, or a cursor. */
    private long seen(long id) {
        state().connection().hasSeen(id);
        return id;
    }

    /** By which a script knows what it has done already. */
    private String newKey() {
        return name + ":" + keys.incrementAndGet();
    }

    private static String escaped(String text) {
        return Names.escaped(text);
    }

    /** The process is gone, for a test: nothing is said to the store. */
    void crash() {
        State started = state.get();
        if (started != null) {
            started.node().stop();
            started.feed().close();
            started.connection().close();
        }
    }

    @Override
    public void close() {
        State started = state.get();
        if (started != null && started.node().stop()) {
            started.feed().close();
            started.node().leave();
            started.connection().close();
        }
    }

    // ---- clients

    private synchronized void counted(long clients, long version) {
        if (version >= counted.version()) {
            counted = new Counted(clients, version, counted.rest());
        }
    }

    /** Also of a store that has lost everything, and counts anew. */
    private synchronized void counted(long clients, long version, Usage rest) {
        counted = new Counted(clients, version, rest);
    }

    @Override
    public void initializeClient(CometClient client) {
        int most = state().limits().maxClients();
        Reply reply =
                runKept(
                        Script.INITIALIZE,
                        client,
                        Names.hash(client.privateToken()),
                        Codec.client(client),
                        TimeUnit.SECONDS.toMicros(client.connectionIdleSeconds()),
                        most);
        if (reply.status() == -1) {
            throw new CometException(
                    CometException.Reason.CLIENT_ALREADY_EXISTS,
                    "one of the tokens of "
                            + client
                            + " is in use; use others, or end that client");
        }
        if (reply.status() == -2) {
            throw new CometException(
                    CometException.Reason.LIMIT_REACHED,
                    "there are " + most + " clients; CometLimits.maxClients allows no more");
        }
        counted(reply.number(1), reply.number(2));
        local.attached(client, 1);
    }

    @Override
    public @Nullable CometClient findClientByPrivateToken(String privateToken) {
        Reply reply = run(Script.FIND, "private", Names.hash(privateToken));
        return reply.status() == 0 ? null : client(reply, 1, privateToken);
    }

    @Override
    public @Nullable CometClient findClientByPublicToken(String publicToken) {
        Reply reply = run(Script.FIND, "public", escaped(publicToken));
        CometClient found = reply.status() == 0 ? null : client(reply, 1, null);
        // What is no text, such as half of a pair of surrogates, could be taken for another.
        return found != null && found.publicToken().equals(publicToken) ? found : null;
    }

    /** The client that the reply has from this part on: public token, incarnation, and the rest. */
    private CometClient client(Reply reply, int index, @Nullable String privateToken) {
        String publicToken = Names.unescaped(reply.text(index));
        long incarnation = Long.parseLong(reply.text(index + 1));
        CometClient here = local.find(publicToken, incarnation);
        if (here != null && (privateToken == null || here.privateToken().equals(privateToken))) {
            return here;
        }
        return Codec.client(publicToken, privateToken, incarnation, reply.bytes(index + 2));
    }

    private List<CometClient> clients(Reply reply, int from) {
        List<CometClient> clients = new ArrayList<>();
        for (int i = from; i + 2 < reply.size(); i += 3) {
            clients.add(client(reply, i, null));
        }
        return clients;
    }

    @Override
    public @Nullable Attachment attach(String privateToken, long instance) {
        Reply reply = run(Script.ATTACH, Names.hash(privateToken), instance, 0);
        if (reply.status() == 0) {
            return null;
        }
        CometClient client = client(reply, 1, privateToken);
        long generation = reply.number(4);
        local.attached(client, generation);
        return new Attachment(client, generation);
    }

    @Override
    public List<CometClient> clients() {
        Set<CometClient> all = new LinkedHashSet<>();
        state().connection()
                .scan("idle", some -> all.addAll(clients(run(Script.DESCRIBE, some.toArray()), 1)));
        return List.copyOf(all);
    }

    @Override
    public boolean keepAlive(CometClient client, long idleInNanos) {
        return state().keepAlives().keepAlive(client, idleInNanos);
    }

    @Override
    public long killIdleCometClient(CometClient client) {
        long idleIn = state().keepAlives().idleIn(client);
        if (idleIn > 0) {
            return idleIn;
        }
        state().keepAlives().tellOf(client);
        Reply reply =
                unanswered.run(
                        "kill " + client.incarnation() + ' ' + client.publicToken(),
                        key -> run(Script.KILL, key, client, thereFor()));
        if (reply.status() == -1) {
            local.hasEnded(client);
            return ABSENT;
        }
        if (reply.status() == -2) {
            if (state().others().isAttachedAgain(client, reply.number(1))) {
                return TimeUnit.SECONDS.toNanos(1);
            }
            local.hasMoved(client, reply.number(1));
            return ELSEWHERE;
        }
        if (reply.status() > 0) {
            return TimeUnit.MICROSECONDS.toNanos(reply.status());
        }
        local.hasEnded(client);
        counted(reply.number(1), reply.number(2));
        return KILLED;
    }

    @Override
    public List<CometClient> killOrphans() {
        List<CometClient> killed = new ArrayList<>();
        boolean mayBeMore = true;
        while (mayBeMore) {
            Reply reply =
                    unanswered.run(
                            "orphans",
                            key -> run(Script.ORPHANS, key, thereFor(), forgottenAfter()));
            counted(reply.number(1), reply.number(2));
            killed.addAll(clients(reply, 4));
            mayBeMore = reply.number(3) == 1;
        }
        killed.forEach(local::hasEnded);
        return killed;
    }

    /**
     * For how long this node must have been there without a break before it ends anybody: who could
     * not come while Redis was away has time to.
     */
    private long thereFor() {
        return settings.timeOfTheManager() ? 0 : 2 * leaseMicros();
    }

    /** After so long a client is idle also if its node is there: that does not know it. */
    private long forgottenAfter() {
        return settings.timeOfTheManager() ? 0 : 2 * leaseMicros() + TimeUnit.SECONDS.toMicros(10);
    }

    private long leaseMicros() {
        return TimeUnit.NANOSECONDS.toMicros(settings.lease().toNanos());
    }

    @Override
    public boolean removeClient(CometClient client, EndReason reason) {
        Reply reply =
                unanswered.run(
                        "remove " + client.incarnation() + ' ' + client.publicToken(),
                        key -> runKept(Script.REMOVE, key, client, reason.code()));
        local.hasEnded(client);
        if (reply.status() == 0) {
            return false;
        }
        counted(reply.number(1), reply.number(2));
        return true;
    }

    // ---- sending

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        List<Object> arguments = new ArrayList<>();
        CometLimits limits = state().limits();
        arguments.add(newKey());
        arguments.add(message.sizeInBytes());
        arguments.add(Codec.message(message));
        for (LogLimits log : List.of(limits.clientLog(), limits.sharedLog())) {
            arguments.add(log.maxMessages());
            arguments.add(log.maxBytes());
            arguments.add(Micros.age(log));
        }
        arguments.add(limits.maxTotalBytes());
        arguments.add(limits.overflow().name().toLowerCase(Locale.ROOT));
        if (audience instanceof Audience.Recipients recipients) {
            arguments.add("own");
            arguments.add(recipients.incarnation());
            recipients.publicTokens().forEach(token -> arguments.add(escaped(token)));
        } else if (audience instanceof Audience.Group group) {
            arguments.add("group");
            arguments.add(escaped(group.group()));
            addExcept(arguments, group.exceptPublicToken(), group.incarnation());
        } else {
            Audience.Everyone everyone = (Audience.Everyone) audience;
            arguments.add("everyone");
            arguments.add("");
            addExcept(arguments, everyone.exceptPublicToken(), everyone.incarnation());
        }
        // The feed tells of it, also if there is no answer: of shared logs once it has what is in
        // them.
        Reply reply = runKept(Script.SEND, arguments.toArray());
        long id = seen(accepted(reply));
        state().reads().hasSent(id);
        if (audience instanceof Audience.Recipients) {
            state().others().tellGrew(reply.text(2), id);
        }
        return id;
    }

    private static void addExcept(
            List<Object> arguments, @Nullable String publicToken, long incarnation) {
        arguments.add(publicToken == null ? "" : escaped(publicToken));
        arguments.add(incarnation);
    }

    private long accepted(Reply reply) {
        if (reply.status() == 0) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST,
                    "no client has one of the tokens, or it has ended");
        }
        if (reply.status() == -3) {
            throw CometException.queueFull(clients(reply, 1));
        }
        if (reply.status() == -4) {
            throw CometException.totalReached(
                    reply.number(1), state().limits().maxTotalBytes(), clients(reply, 2));
        }
        return reply.number(1);
    }

    /** Other nodes hear it from the store. */
    // ---- reading

    @Override
    public CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        return state().reads().get(client, lastMessageId, maxMessages, maxBytes);
    }

    @Override
    public @Nullable CometBatch getMessagesNow(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        return state().reads().getNow(client, lastMessageId, maxMessages, maxBytes);
    }

    @Override
    public CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        return state().reads().peek(client, deliveredId, maxMessages, maxBytes);
    }

    @Override
    public boolean confirmMessages(CometClient client, long lastMessageId) {
        return state().reads().confirm(client, lastMessageId);
    }

    @Override
    public long confirmedMessageId(CometClient client) {
        return state().reads().confirmed(client);
    }

    // ---- groups

    @Override
    public long joinGroup(CometClient client, String group) {
        CometLimits limits = state().limits();
        Reply reply =
                runKept(
                                Script.JOIN,
                                client,
                                escaped(group),
                                limits.maxGroupsPerClient(),
                                limits.maxGroups())
                        .ofAClient();
        if (reply.status() == -5) {
            throw limit(
                    client
                            + " has "
                            + reply.number(1)
                            + " memberships, counting those it left and has not fetched everything of; CometLimits.maxGroupsPerClient allows no more");
        }
        if (reply.status() == -6) {
            throw limit(
                    "there are "
                            + reply.number(1)
                            + " groups; CometLimits.maxGroups allows no more");
        }
        return seen(reply.number(1));
    }

    private static CometException limit(String text) {
        return new CometException(CometException.Reason.LIMIT_REACHED, text);
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        Reply reply = runKept(Script.LEAVE, client, escaped(group), newKey());
        return reply.ofAClient().number(1) == 1;
    }

    @Override
    public Set<String> groupsOf(CometClient client) {
        Reply reply = run(Script.CHECK, client);
        return reply.status() == 0 ? Set.of() : new LinkedHashSet<>(reply.list(3).names(0));
    }

    @Override
    public List<String> groups() {
        Set<String> all = new LinkedHashSet<>();
        state().connection()
                .scan("groups", some -> all.addAll(run(Script.GROUPS, some.toArray()).names(1)));
        return List.copyOf(all);
    }

    @Override
    public List<CometClient> groupMembers(String group) {
        List<CometClient> members = new ArrayList<>();
        long after = 0;
        while (true) {
            Reply reply = run(Script.MEMBERS, escaped(group), after, CLIENTS_AT_ONCE);
            if (reply.number(1) == 0) {
                return members;
            }
            members.addAll(clients(reply, 2));
            after = reply.number(1);
        }
    }

    @Override
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        Reply reply =
                run(
                        Script.HISTORY,
                        escaped(group),
                        upTo,
                        maxMessages,
                        Micros.age(state().limits().sharedLog()));
        List<CometMessage> messages = reply.messages(1);
        Collections.reverse(messages);
        return messages;
    }

    // ---- replies

    @Override
    public boolean awaitReply(CometClient client, String correlationId, long withinNanos) {
        local.awaits(client, correlationId);
        boolean isAwaited = false;
        try {
            Reply reply =
                    run(
                            Script.AWAIT,
                            client,
                            escaped(correlationId),
                            "wait",
                            TimeUnit.NANOSECONDS.toMicros(withinNanos));
            isAwaited = reply.status() == 1;
        } finally {
            if (!isAwaited) {
                local.awaitsNoMore(client, correlationId);
            }
        }
        return isAwaited;
    }

    @Override
    public void awaitReplyNoMore(CometClient client, String correlationId, boolean hasReplied) {
        local.awaitsNoMore(client, correlationId);
        try {
            state().connection()
                    .start(
                            Script.AWAIT,
                            client,
                            escaped(correlationId),
                            hasReplied ? "replied" : "over",
                            0);
        } catch (RuntimeException e) { // then it is refused when its time is over
            LOG.debug("Redis was not told that no reply is awaited any more", e);
        }
    }

    @Override
    public boolean passReply(CometClient client, EncodedMessage reply) {
        Reply answer =
                runKept(
                                Script.REPLY,
                                newKey(),
                                client,
                                escaped(String.valueOf(reply.correlationId())),
                                Codec.message(reply))
                        .ofAClient();
        if (answer.status() == -7) {
            throw new CometException(
                    CometException.Reason.ALREADY_REPLIED,
                    "this request has been answered; reply once");
        }
        return answer.number(1) == 1;
    }

    // ---- care

    @Override
    public void tidy() {
        CometLimits limits = state().limits();
        Reply reply =
                run(Script.TIDY, Micros.age(limits.clientLog()), Micros.age(limits.sharedLog()));
        Usage rest =
                new Usage(
                        0,
                        reply.number(3),
                        reply.number(4),
                        reply.number(5),
                        Micros.duration(reply.number(6)));
        counted(reply.number(1), reply.number(2), rest);
    }

    /** All but the number of clients is as of the last {@link #tidy}; the lag, of own logs. */
    @Override
    public Usage usage() {
        Counted now = counted;
        Usage rest = now.rest();
        return new Usage(
                (int) now.clients(),
                rest.messages(),
                rest.bytes(),
                rest.dropped(),
                rest.worstLag());
    }

    /** The lag is that of the client's own log. */
    @Override
    public ClientUsage usage(CometClient client) {
        state().keepAlives().tellOf(client);
        Reply reply = run(Script.USAGE, client);
        return reply.status() == 0
                ? ClientUsage.NONE
                : new ClientUsage(
                        Micros.duration(reply.number(1)), Micros.duration(reply.number(2)));
    }

    /** Says where Redis is, and how to use it. Not safe for use by several threads. */
    public static final class Builder {

        private List<RedisURI> uris = List.of();
        private String namespace = "default";
        private Duration commandTimeout = Duration.ofSeconds(2);
        private Duration lease = Duration.ofSeconds(10);
        private Duration retention = Duration.ofDays(7);
        private int maxPendingCommands = 10_000;
        private int waitForReplicas;
        private boolean checksServer = true;
        private boolean timeOfTheManager;

        private Builder() {}

        /**
         * Where Redis is, as Lettuce writes it: {@code redis://user:password@host:6379/0}, {@code
         * rediss://…} with TLS, {@code redis-sentinel://host1,host2:26379/0#master}.
         *
         * @throws CometException PARAMETERS_INVALID
         */
        public Builder uri(String uri) {
            try {
                return uri(RedisURI.create(uri));
            } catch (IllegalArgumentException e) {
                // Not shown: there may be a password in it.
                throw invalid(
                        "the URI is none of Redis; use redis://host:6379, rediss:// with TLS");
            }
        }

        /**
         * Where Redis is, with all that Lettuce can be told of it. Several are servers of a Redis
         * Cluster, which are asked in turn where this namespace is: some of them are enough.
         */
        public Builder uri(RedisURI uri, RedisURI... others) {
            List<RedisURI> all = new ArrayList<>(List.of(others));
            all.add(0, uri);
            uris = List.copyOf(all);
            return this;
        }

        /**
         * Which of the stores in this Redis: 1–64 characters of {@code A–Z a–z 0–9 - . _}. Nodes
         * with one namespace are one server. Default: {@code default}.
         *
         * @throws CometException PARAMETERS_INVALID
         */
        public Builder namespace(String namespace) {
            if (!namespace.matches("[A-Za-z0-9._-]{1,64}")) {
                throw invalid("namespace is \"" + namespace + "\"; use 1–64 of A–Z a–z 0–9 - . _");
            }
            this.namespace = namespace;
            return this;
        }

        /**
         * For how long a call waits for Redis, at most. Default: 2 s.
         *
         * @throws CometException PARAMETERS_INVALID if it is not between 1 ms and 10 s: what Redis
         *     has done is remembered for a little longer than that
         */
        public Builder commandTimeout(Duration timeout) {
            commandTimeout =
                    between(
                            "commandTimeout",
                            timeout,
                            Duration.ofMillis(1),
                            Duration.ofSeconds(10));
            return this;
        }

        /**
         * For how long the other nodes take this one for one that is there, once it says nothing
         * any more. Default: 10 s.
         *
         * @throws CometException PARAMETERS_INVALID if it is not between 1 s and 5 min
         */
        public Builder lease(Duration lease) {
            this.lease = between("lease", lease, Duration.ofSeconds(1), Duration.ofMinutes(5));
            return this;
        }

        /**
         * For how long Redis keeps what is there once no node is any more. Default: 7 days.
         *
         * @throws CometException PARAMETERS_INVALID if it is not between a day and a year
         */
        public Builder retention(Duration retention) {
            this.retention =
                    between("retention", retention, Duration.ofDays(1), Duration.ofDays(365));
            return this;
        }

        /**
         * How many commands may be on their way to Redis, or wait for a connection. A call more
         * fails at once. Default: 10,000.
         *
         * @throws CometException PARAMETERS_INVALID if it is below 1
         */
        public Builder maxPendingCommands(int maxPendingCommands) {
            if (maxPendingCommands < 1) {
                throw invalid("maxPendingCommands is " + maxPendingCommands + "; use 1 or more");
            }
            this.maxPendingCommands = maxPendingCommands;
            return this;
        }

        /**
         * How many replicas must have what the application is told that is done: sends, replies,
         * and the beginnings and ends of clients and memberships. What not so many have within the
         * {@linkplain #commandTimeout command timeout} fails, and is done all the same. Default: 0.
         *
         * @throws CometException PARAMETERS_INVALID if it is below 0
         */
        public Builder waitForReplicas(int replicas) {
            if (replicas < 0) {
                throw invalid("waitForReplicas is " + replicas + "; use 0 or more");
            }
            waitForReplicas = replicas;
            return this;
        }

        /**
         * Starts although Redis may evict what it is to keep, or is a version that is not known to
         * work: messages may then be lost in silence.
         */
        public Builder withoutServerCheck() {
            checksServer = false;
            return this;
        }

        /** For tests: the store's time is that of the manager's clock. */
        Builder timeOfTheManager() {
            timeOfTheManager = true;
            return this;
        }

        private static Duration between(
                String name, Duration value, Duration least, Duration most) {
            if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
                throw invalid(name + " is " + value + "; use " + least + " to " + most);
            }
            return value;
        }

        private static CometException invalid(String text) {
            return CometException.forDevelopers(CometException.Reason.PARAMETERS_INVALID, text);
        }

        /**
         * A provider for one manager. It connects when the manager is built.
         *
         * @throws CometException PARAMETERS_INVALID if there is no URI
         */
        public RedisCometStateProvider build() {
            if (uris.isEmpty()) {
                throw invalid("there is no URI; call uri(\"redis://host:6379\")");
            }
            return new RedisCometStateProvider(
                    new Settings(
                            uris,
                            namespace,
                            commandTimeout,
                            lease,
                            retention,
                            maxPendingCommands,
                            waitForReplicas,
                            checksServer,
                            timeOfTheManager));
        }
    }
}
