package dev.comet.postgresql;

import dev.comet.Audience;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps clients and messages in a schema of a PostgreSQL database, so that a few processes are one
 * server, behind any load balancer, without sticky sessions; and so that what an application sends
 * {@linkplain #sendingWith within a transaction of its own} is sent if that commits, and only then.
 * Each process makes one for its {@link dev.comet.CometStateManager}:
 *
 * <pre>{@code
 * ICometStateProvider provider = PostgresCometStateProvider.builder(dataSource).build();
 * }</pre>
 *
 * <p>For hundreds of sends a second, where the database is there already; see docs/postgresql.md.
 *
 * <p>Time is PostgreSQL's own. {@link CometLimits} count for all processes together, and should be
 * the same everywhere: each call goes by those of the process that makes it.
 *
 * <p>Safe for use by any number of threads. A call waits for PostgreSQL, at most for the
 * {@linkplain Builder#commandTimeout command timeout}; what fails is an exception that the manager
 * takes as {@link CometException.Reason#PROVIDER_UNAVAILABLE}.
 */
public final class PostgresCometStateProvider implements ICometStateProvider {

    private static final Logger LOG = LoggerFactory.getLogger(PostgresCometStateProvider.class);
    private static final int MOST_UNANSWERED = 10_000;
    private static final int ORPHANS_AT_ONCE = 50;

    /** What start provides. */
    private record State(Context context, Database database, OtherNodes others, Node node) {}

    private final Builder options;
    private final LocalClients local = new LocalClients();

    @SuppressWarnings("ThreadLocalUsage") // each provider has a database of its own
    private final ThreadLocal<@Nullable Connection> transaction = new ThreadLocal<>();

    private final Queue<Object[]> awaitedNoMore = new ConcurrentLinkedQueue<>();
    private final AtomicReference<@Nullable State> state = new AtomicReference<>();

    /** Of calls that count once, those to which no answer came: who asks again gets that answer. */
    private final Map<String, String> unanswered = new ConcurrentHashMap<>();

    private volatile Counted counted = new Counted(0, -1); // written under this object's monitor
    private volatile Usage rest = Usage.NONE;

    /** How many clients there are, after so many changes of that. */
    private record Counted(long clients, long changes) {}

    private PostgresCometStateProvider(Builder options) {
        this.options = options;
    }

    /**
     * What to set; all but this has a default.
     *
     * @param dataSource a pool of the application, of pgjdbc connections: a connection for each
     *     call that is under way, and one for as long as this node lives
     */
    public static Builder builder(DataSource dataSource) {
        return new Builder(dataSource);
    }

    /**
     * Runs the task, and makes what it sends by the manager, on this thread, part of a transaction:
     * it is there for its receivers when the transaction commits, and never if it rolls back. A
     * send that is refused leaves the transaction as it was.
     *
     * <p>From the first send until the end of the transaction all others that send, at any node,
     * wait; longer than their command timeout they do not. So send last, and commit at once. Other
     * calls of the manager are no part of the transaction, and those that change something wait for
     * it in vain: make them before.
     *
     * @param connection with autocommit off, of the database that has the schema; committed by the
     *     caller
     * @return what the task has returned
     * @throws CometException PARAMETERS_INVALID if the connection commits by itself
     */
    public <T extends @Nullable Object> T sendingWith(Connection connection, Supplier<T> task) {
        try {
            if (connection.getAutoCommit()) {
                throw Builder.invalid(
                        "the connection commits by itself; call setAutoCommit(false)");
            }
            transaction.set(connection);
            return task.get();
        } catch (SQLException e) {
            throw new IllegalStateException("the connection cannot be used", e);
        } finally {
            transaction.remove();
        }
    }

    // ---- life

    @Override
    public void start(Context context) {
        Supplier<String> micros =
                options.timeOfTheManager
                        ? () -> String.valueOf(micros(context.clock().now()))
                        : () -> "";
        Database database =
                new Database(
                        options.dataSource,
                        options.schema,
                        (int) options.commandTimeout.toMillis(),
                        micros);
        long number = database.setUp(options.createsSchema);
        OtherNodes others =
                new OtherNodes(database, number, local, context.listener(), this::flush);
        Node node = new Node(database, options.lease, context.limits(), others);
        State started = new State(context, database, others, node);
        if (!state.compareAndSet(null, started)) {
            throw new IllegalStateException(
                    "this provider serves a manager already; make one provider for each manager");
        }
        node.start();
    }

    private static long micros(Instant time) {
        return TimeUnit.SECONDS.toMicros(time.getEpochSecond())
                + TimeUnit.NANOSECONDS.toMicros(time.getNano());
    }

    private State state() {
        State started = state.get();
        if (started == null) {
            throw new IllegalStateException(
                    "this provider was not started; give it to a CometStateManager");
        }
        return started;
    }

    private List<Answer> call(String step, @Nullable Object... arguments) {
        flush();
        return state().database().call(step, arguments);
    }

    /** As {@link #call}, of a step that takes a client first. */
    private List<Answer> callFor(String step, CometClient client, @Nullable Object... arguments) {
        Object[] all = new Object[arguments.length + 2];
        all[0] = client.publicToken();
        all[1] = client.incarnation();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return call(step, all);
    }

    /**
     * @throws CometException CLIENT_DOES_NOT_EXIST if the store has said so
     */
    private List<Answer> existing(CometClient client, List<Answer> answers) {
        if (isAbsent(client, answers)) {
            throw absent("this client has ended; connect again");
        }
        return answers;
    }

    private boolean isAbsent(CometClient client, List<Answer> answers) {
        if (answers.isEmpty()) {
            state().others().isGone(client);
        }
        return answers.isEmpty();
    }

    private static CometException absent(String text) {
        return new CometException(Reason.CLIENT_DOES_NOT_EXIST, text);
    }

    private static CometException limit(String text) {
        return new CometException(Reason.LIMIT_REACHED, text);
    }

    private CometLimits limits() {
        return state().context().limits();
    }

    /** The process is gone, for a test: nothing is said to the store. */
    void crash() {
        state().node().stop();
        state().database().close();
        state().node().join();
    }

    @Override
    public void close() {
        State started = state.get();
        if (started != null && started.node().stop()) {
            try {
                started.database().call("go");
            } catch (RuntimeException e) {
                LOG.info("PostgreSQL was not told that this node goes; its lease ends", e);
            }
            started.database().close();
            started.node().join();
        }
    }

    /**
     * Of a call that counts once: what it was answered, or would have been if no answer was lost.
     */
    private List<Answer> once(String what, Function<String, List<Answer>> call) {
        String before = unanswered.remove(what);
        String key = before == null ? UUID.randomUUID().toString() : before;
        boolean isAnswered = false;
        try {
            List<Answer> answers = call.apply(key);
            isAnswered = true;
            answers.stream().filter(row -> row.is("count")).forEach(this::counted);
            return answers;
        } finally {
            if (!isAnswered && unanswered.size() < MOST_UNANSWERED) {
                unanswered.put(what, key);
            }
        }
    }

    private synchronized void counted(Answer row) {
        if (row.other() > counted.changes()) {
            counted = new Counted(row.number(), row.other());
        }
    }

    // ---- clients

    @Override
    public void initializeClient(CometClient client) {
        List<Answer> answers =
                callFor(
                        "initialize",
                        client,
                        Description.hash(client.privateToken()),
                        Description.of(client),
                        TimeUnit.SECONDS.toMicros(client.connectionIdleSeconds()));
        if (answers.get(0).is("exists")) {
            throw new CometException(
                    Reason.CLIENT_ALREADY_EXISTS,
                    "one of the tokens of "
                            + client
                            + " is in use; use others, or end that client");
        }
        if (answers.get(0).is("many")) {
            int most = limits().maxClients();
            throw limit("there are " + most + " clients; CometLimits.maxClients allows no more");
        }
        local.attached(answers.get(0).number(), client, 1);
        counted(answers.get(1));
    }

    @Override
    public @Nullable CometClient findClientByPrivateToken(String privateToken) {
        List<Answer> found = call("find_client", null, Description.hash(privateToken));
        return found.isEmpty() ? null : client(found.get(0), privateToken);
    }

    @Override
    public @Nullable CometClient findClientByPublicToken(String publicToken) {
        if (publicToken.indexOf('\0') >= 0) {
            return null; // PostgreSQL has no such text
        }
        List<Answer> found = call("find_client", publicToken, null);
        // Half of a pair of surrogates could be taken for another character.
        return found.isEmpty() || !found.get(0).text().equals(publicToken)
                ? null
                : client(found.get(0), null);
    }

    private CometClient client(Answer row, @Nullable String privateToken) {
        CometClient here = local.find(row.number());
        return here != null && (privateToken == null || here.privateToken().equals(privateToken))
                ? here
                : Description.client(row, privateToken);
    }

    private List<CometClient> clients(List<Answer> rows) {
        return rows.stream().filter(row -> row.is("client")).map(row -> client(row, null)).toList();
    }

    @Override
    public @Nullable Attachment attach(String privateToken, long instance) {
        List<Answer> found = call("attach", Description.hash(privateToken), instance);
        if (found.isEmpty()) {
            return null;
        }
        CometClient client = client(found.get(0), privateToken);
        long generation = Long.parseLong(String.valueOf(found.get(0).detail()));
        local.attached(found.get(0).number(), client, generation);
        return new Attachment(client, generation);
    }

    @Override
    public List<CometClient> clients() {
        return clients(call("all_clients"));
    }

    @Override
    public boolean keepAlive(CometClient client, long idleInNanos) {
        long idle = TimeUnit.NANOSECONDS.toMicros(idleInNanos);
        return !isAbsent(client, callFor("keep_alive", client, idle));
    }

    @Override
    public long killIdleCometClient(CometClient client) {
        List<Answer> answers = end(client, null);
        if (isAbsent(client, answers)) {
            return ABSENT;
        }
        Answer answer = answers.get(0);
        return switch (answer.kind()) {
            case "ended" -> KILLED;
            case "elsewhere" -> {
                local.hasMoved(answer.number(), answer.other());
                yield ELSEWHERE;
            }
            default -> TimeUnit.MICROSECONDS.toNanos(answer.number());
        };
    }

    @Override
    public boolean removeClient(CometClient client, EndReason reason) {
        return !isAbsent(client, end(client, reason));
    }

    private List<Answer> end(CometClient client, @Nullable EndReason reason) {
        String why = reason == null ? null : reason.name();
        List<Answer> answers =
                once(
                        why + ' ' + client.incarnation() + ' ' + client.publicToken(),
                        key -> callFor("end_one", client, why, thereFor(), key));
        if (!answers.isEmpty() && answers.get(0).is("ended")) {
            local.hasEnded(client, answers.get(0).number());
        }
        return answers;
    }

    @Override
    public List<CometClient> killOrphans() {
        List<CometClient> killed = new ArrayList<>();
        List<Answer> some;
        do {
            some = once("orphans", key -> call("end_orphans", thereFor(), forgottenAfter(), key));
            killed.addAll(clients(some));
            some.stream()
                    .filter(row -> row.is("client"))
                    .forEach(row -> local.hasEnded(client(row, null), row.number()));
        } while (some.size() > ORPHANS_AT_ONCE);
        return killed;
    }

    /**
     * For how long this node must have been there without a break before it ends anybody: who could
     * not come while PostgreSQL was away has time to.
     */
    private long thereFor() {
        return options.timeOfTheManager ? 0 : 2 * micros(options.lease);
    }

    /** After so long a client is idle also if its node is there: that does not know it. */
    private long forgottenAfter() {
        return options.timeOfTheManager ? 0 : thereFor() + TimeUnit.SECONDS.toMicros(10);
    }

    private static long micros(Duration duration) {
        return TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
    }

    // ---- sending

    @Override
    public long sendMessage(Audience audience, EncodedMessage message) {
        String[] tokens = null;
        String group = null;
        String except = null;
        if (audience instanceof Audience.Recipients recipients) {
            tokens = recipients.publicTokens().toArray(String[]::new);
        } else if (audience instanceof Audience.Group toGroup) {
            group = toGroup.group();
            except = toGroup.exceptPublicToken();
        } else if (audience instanceof Audience.Everyone everyone) {
            except = everyone.exceptPublicToken();
        }
        Object[] arguments = {
            tokens,
            group,
            except,
            audience.incarnation(),
            message.name(),
            message.correlationId(),
            message.contentsJson(),
            (long) message.sizeInBytes()
        };
        Connection within = transaction.get();
        List<Answer> answers =
                within == null
                        ? call("send", arguments)
                        : state().database().sendWithin(within, arguments);
        Answer answer = answers.get(0);
        return switch (answer.kind()) {
            case "sent" -> answer.number();
            case "absent" -> throw absent("no client has one of the tokens, or it has ended");
            case "total" ->
                    throw CometException.totalReached(
                            answer.number(), limits().maxTotalBytes(), clients(answers));
            default -> throw CometException.queueFull(clients(answers));
        };
    }

    // ---- reading

    @Override
    public CometBatch getMessages(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        return read("get", client, lastMessageId, maxMessages, maxBytes);
    }

    @Override
    public CometBatch peekMessages(
            CometClient client, long deliveredId, int maxMessages, int maxBytes) {
        return read("peek", client, deliveredId, maxMessages, maxBytes);
    }

    private CometBatch read(
            String what, CometClient client, long cursor, int maxMessages, int maxBytes) {
        List<CometGap> gaps = new ArrayList<>();
        List<CometMessage> messages = new ArrayList<>();
        List<Answer> answers =
                existing(client, callFor("read", client, what, cursor, maxMessages, maxBytes));
        for (Answer row : answers) {
            if (row.is("gap")) {
                gaps.add(
                        new CometGap(
                                row.number(), row.other(), CometGap.Reason.valueOf(row.text())));
            } else if (row.is("message")) {
                messages.add(row.message());
            }
        }
        Answer end = answers.get(answers.size() - 1);
        return new CometBatch(gaps, messages, end.number(), end.other() == 1);
    }

    @Override
    public boolean confirmMessages(CometClient client, long lastMessageId) {
        return existing(client, callFor("read", client, "confirm", lastMessageId, 0, 0))
                        .get(0)
                        .number()
                == 1;
    }

    @Override
    public long confirmedMessageId(CometClient client) {
        return existing(client, callFor("confirmed", client)).get(0).number();
    }

    // ---- groups

    @Override
    public long joinGroup(CometClient client, String group) {
        Answer answer = existing(client, callFor("join_group", client, group)).get(0);
        return switch (answer.kind()) {
            case "joined" -> answer.number();
            case "groups" ->
                    throw limit(
                            "there are "
                                    + answer.number()
                                    + " groups; CometLimits.maxGroups allows no more");
            default ->
                    throw limit(
                            client
                                    + " has "
                                    + answer.number()
                                    + " memberships, counting those it left and has not fetched everything of; CometLimits.maxGroupsPerClient allows no more");
        };
    }

    @Override
    public boolean leaveGroup(CometClient client, String group) {
        return existing(client, callFor("leave_group", client, group)).get(0).is("left");
    }

    @Override
    public Set<String> groupsOf(CometClient client) {
        return new LinkedHashSet<>(names(callFor("groups_of", client)));
    }

    private static List<String> names(List<Answer> rows) {
        return rows.stream().map(Answer::text).toList();
    }

    @Override
    public List<CometClient> groupMembers(String group) {
        return clients(call("members", group));
    }

    @Override
    public List<String> groups() {
        return names(call("all_groups"));
    }

    @Override
    public List<CometMessage> groupHistory(String group, long upTo, int maxMessages) {
        return call("history", group, upTo, maxMessages).stream().map(Answer::message).toList();
    }

    // ---- replies

    @Override
    public boolean awaitReply(CometClient client, String correlationId, long withinNanos) {
        long within = TimeUnit.NANOSECONDS.toMicros(withinNanos);
        Answer answer = callFor("await_reply", client, correlationId, within).get(0);
        if (answer.number() != 0 && answer.other() == 1) {
            local.awaits(answer.number(), client, correlationId);
        }
        return answer.number() == 0 || answer.other() == 1;
    }

    @Override
    public void awaitReplyNoMore(CometClient client, String correlationId, boolean hasReplied) {
        local.awaitsNoMore(client, correlationId);
        awaitedNoMore.add(
                new Object[] {
                    client.publicToken(), client.incarnation(), correlationId, hasReplied
                });
    }

    /** Before the next call, or soon: what {@link #awaitReplyNoMore} does not wait for. */
    private void flush() {
        if (awaitedNoMore.isEmpty()) {
            return;
        }
        synchronized (awaitedNoMore) {
            try {
                Object[] next;
                while ((next = awaitedNoMore.peek()) != null) {
                    state().database().call("await_no_more", next);
                    awaitedNoMore.remove();
                }
            } catch (RuntimeException e) { // then they are refused when their time is over
                LOG.debug("The store was not told that no reply is awaited any more", e);
                awaitedNoMore.clear();
            }
        }
    }

    @Override
    public boolean passReply(CometClient client, EncodedMessage reply) {
        List<Answer> answers =
                existing(
                        client,
                        callFor(
                                "pass_reply",
                                client,
                                reply.correlationId(),
                                reply.name(),
                                reply.contentsJson()));
        if (answers.get(0).is("replied")) {
            throw new CometException(
                    Reason.ALREADY_REPLIED, "this request has been answered; reply once");
        }
        return answers.get(0).is("passed");
    }

    // ---- care

    @Override
    public void tidy() {
        List<Answer> rows = call("tidy");
        counted(rows.get(0));
        Answer total = rows.get(1);
        Answer dropped = rows.get(2);
        rest =
                new Usage(
                        0,
                        total.number(),
                        total.other(),
                        dropped.number(),
                        duration(dropped.other()));
    }

    /** All but the number of clients is as of the last {@link #tidy}; the lag, of own logs. */
    @Override
    public Usage usage() {
        Usage last = rest;
        return new Usage(
                (int) counted.clients(),
                last.messages(),
                last.bytes(),
                last.dropped(),
                last.worstLag());
    }

    /** The lag is that of the client's own log. */
    @Override
    public ClientUsage usage(CometClient client) {
        List<Answer> rows = callFor("usage", client);
        return rows.isEmpty()
                ? ClientUsage.NONE
                : new ClientUsage(duration(rows.get(0).number()), duration(rows.get(0).other()));
    }

    private static Duration duration(long micros) {
        return Duration.ofNanos(TimeUnit.MICROSECONDS.toNanos(Math.max(0, micros)));
    }

    /** Says where the schema is, and how to use it. Not safe for use by several threads. */
    public static final class Builder {

        private final DataSource dataSource;
        private String schema = "comet";
        private Duration commandTimeout = Duration.ofSeconds(2);
        private Duration lease = Duration.ofSeconds(10);
        private boolean createsSchema = true;
        private boolean timeOfTheManager;

        private Builder(DataSource dataSource) {
            this.dataSource = dataSource;
        }

        /**
         * Which schema: 1–63 characters of {@code a–z 0–9 _}, no digit first. Nodes with one schema
         * are one server. Default: {@code comet}.
         *
         * @throws CometException PARAMETERS_INVALID
         */
        public Builder schema(String schema) {
            if (!schema.matches("[a-z_][a-z0-9_]{0,62}")) {
                throw invalid(
                        "schema is \"" + schema + "\"; use 1–63 of a–z 0–9 _, no digit first");
            }
            this.schema = schema;
            return this;
        }

        /**
         * For how long a call waits for PostgreSQL, at most; for a connection it waits as long as
         * the pool does. Default: 2 s.
         *
         * @throws CometException PARAMETERS_INVALID if it is not between 1 ms and 10 min
         */
        public Builder commandTimeout(Duration timeout) {
            commandTimeout =
                    between(
                            "commandTimeout",
                            timeout,
                            Duration.ofMillis(1),
                            Duration.ofMinutes(10));
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
         * The schema is there already, made by {@code schema.sql} of this package, which a
         * migration has run: this process may not, and need not, create it.
         */
        public Builder withoutSetup() {
            createsSchema = false;
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
            return CometException.forDevelopers(Reason.PARAMETERS_INVALID, text);
        }

        /** A provider for one manager. It connects when the manager is built. */
        public PostgresCometStateProvider build() {
            Builder copy = new Builder(dataSource);
            copy.schema = schema;
            copy.commandTimeout = commandTimeout;
            copy.lease = lease;
            copy.createsSchema = createsSchema;
            copy.timeOfTheManager = timeOfTheManager;
            return new PostgresCometStateProvider(copy);
        }
    }
}
