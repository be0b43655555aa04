package dev.comet;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The store: who is connected, what waits for whom, and who has confirmed what. {@link
 * CometStateManager} is its only caller once it has {@linkplain #start started} it; applications
 * choose one and never call it.
 *
 * <p><b>Logs and cursors.</b> There is one sequence. An accepted message gets the next id once, for
 * all its receivers, and is appended to one log: that of everyone, of a group, or the own logs of
 * the recipients. A client reads by merging the logs it belongs to in the order of ids, above its
 * cursor and above the id at which it was born or joined. Own logs are freed by confirmation;
 * shared logs are rings. For every client:
 *
 * <ul>
 *   <li>ids rise in the order in which sends returned;
 *   <li>asking again with the same cursor finds the same messages;
 *   <li>what was let go although the client has not confirmed it is found as a {@link CometGap},
 *       before any later message;
 *   <li>ids are positive, below 2^53, and higher than every id of an earlier life of the store.
 * </ul>
 *
 * <p><b>Incarnations.</b> Tokens can be used again when their client has ended. A method that takes
 * a {@link CometClient} means that very one, {@linkplain CometClient#incarnation() number} and all:
 * for one that has ended it behaves as for a client that never existed, whoever has the tokens by
 * then. A provider keeps the number with the client, and gives it back with it.
 *
 * <p><b>Threading.</b> All methods may be called by any number of threads at once. They may block
 * unless {@link #readsFromMemory()}; they call the {@link Listener} without holding a lock that
 * reading or sending needs. <b>Failure.</b> What the caller did wrong is a {@link CometException}
 * of the documented reason; any other exception is taken as {@link
 * CometException.Reason#PROVIDER_UNAVAILABLE}: requests stay held then, and the manager asks again.
 *
 * <p>The contract is executable: {@code CometStateProviderContract} of comet-testkit.
 */
public interface ICometStateProvider extends AutoCloseable {

    /** Answer of {@link #killIdleCometClient}: this call has ended the client. */
    long KILLED = 0;

    /** Answer of {@link #killIdleCometClient}: there is no such client. */
    long ABSENT = -1;

    /** Answer of {@link #killIdleCometClient}: another node has attached the client. */
    long ELSEWHERE = -2;

    /**
     * A client that a node has attached.
     *
     * @param generation rises whenever another node attaches the client; 0 where there is one node
     */
    record Attachment(CometClient client, long generation) {}

    /** What a manager gives its provider. */
    record Context(CometLimits limits, CometClock clock, Listener listener) {}

    /**
     * What a provider holds, for statistics.
     *
     * @param clients how many clients there are
     * @param messages messages in logs; one in the own logs of many clients is one
     * @param bytes what counts against {@link CometLimits#maxTotalBytes}
     * @param dropped messages dropped from own logs before they were delivered: a running total
     * @param worstLag the greatest {@link ClientUsage#lag} of any client when {@link #tidy} ran
     *     last
     */
    record Usage(int clients, long messages, long bytes, long dropped, Duration worstLag) {

        /** Of a provider that does not know. */
        public static final Usage NONE = new Usage(0, 0, 0, 0, Duration.ZERO);
    }

    /**
     * What a provider knows of one client, for whoever looks after it.
     *
     * @param lag how long the oldest message that it has not confirmed has waited; zero if there is
     *     none
     * @param idleIn how long it is until the client is idle
     */
    record ClientUsage(Duration lag, Duration idleIn) {

        /** Of a client that nobody knows. */
        public static final ClientUsage NONE = new ClientUsage(Duration.ZERO, Duration.ZERO);
    }

    /**
     * How a provider says that there is something to read. Called after the message can be read,
     * from any thread; returns at once. A call too many is harmless, a call too few is a lost
     * wake-up.
     */
    interface Listener {

        /** The log of everyone grew. */
        void everyoneGrew();

        /** This group's log grew. */
        void groupGrew(String group);

        /** This client's own log grew. */
        void clientGrew(CometClient client);

        /**
         * From now on this client reads this group's log. Of one client, joins and leaves are told
         * in the order in which they took effect.
         */
        void joined(CometClient client, String group);

        /** The client has left the group; what was sent before it left it can still read. */
        void left(CometClient client, String group);

        /**
         * Another node has {@linkplain #attach attached} the client: what this node holds for it is
         * over, unless that has attached it again since.
         *
         * @param generation that of the other node
         * @param instance what the newer request's sender calls itself, as {@link #attach} was told
         */
        void superseded(CometClient client, long generation, long instance);

        /**
         * Another node has ended the client. Told to the node that has it attached, and to those
         * that wait for a reply of it; the node that ended it is not told.
         *
         * @param reason why it was disconnected; null if it was idle
         */
        void ended(CometClient client, CometClientEventHandler.@Nullable EndReason reason);

        /**
         * A reply for which this node waits has come to another one.
         *
         * @param reply as {@link #passReply} was given it
         */
        void replied(CometClient client, EncodedMessage reply);
    }

    /**
     * Begins work. Called once, before anything else.
     *
     * @throws IllegalStateException when called again: a provider serves one manager
     */
    void start(Context context);

    /**
     * Whether {@link #getMessages}, {@link #peekMessages}, {@link #keepAlive} and {@link
     * #killIdleCometClient} answer from memory without blocking. If so wait threads call them
     * directly; otherwise they are called on threads that may block, and wait threads call {@link
     * #getMessagesNow}.
     */
    default boolean readsFromMemory() {
        return false;
    }

    /**
     * Adds a client. Its idle time begins now.
     *
     * @throws CometException CLIENT_ALREADY_EXISTS if either token is in use; LIMIT_REACHED
     */
    void initializeClient(CometClient client);

    /** The client that has this private token. */
    @Nullable CometClient findClientByPrivateToken(String privateToken);

    /** The client that has this public token. */
    @Nullable CometClient findClientByPublicToken(String publicToken);

    /**
     * A request of this client begins at this node: from now on the client is this node's, which
     * says how long it is alive and whether it is idle. If another node had it, that one is told
     * {@link Listener#superseded}, and what it says of the client from then on counts no more. To a
     * node that surely has the client already this costs nothing; one that may not have heard yet
     * that another has it asks the store. {@link #initializeClient} attaches, too.
     *
     * @param instance what the request's sender calls itself; 0: nothing
     * @return null if no client has this private token
     */
    default @Nullable Attachment attach(String privateToken, long instance) {
        CometClient client = findClientByPrivateToken(privateToken);
        return client == null ? null : new Attachment(client, 0);
    }

    /** All clients, as a snapshot in no particular order. */
    List<CometClient> clients();

    /**
     * Confirms everything up to the cursor, and reads what is above it.
     *
     * @param lastMessageId the client's cursor. 0 or less: everything since the client was
     *     initialised, nothing is confirmed. Above the top, or below the client's birth: a gap with
     *     {@link CometGap.Reason#UNKNOWN_CURSOR} to the id that the client has confirmed, then what
     *     is above that
     * @param maxMessages stop after so many messages
     * @param maxBytes stop before the message that would exceed so many {@linkplain
     *     EncodedMessage#sizeInBytes bytes}, but not before the first
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometBatch getMessages(CometClient client, long lastMessageId, int maxMessages, int maxBytes);

    /**
     * As {@link #getMessages}, for a thread that must not wait: from what this node has in memory.
     *
     * @return null if that would take a store elsewhere: the caller then asks {@link #getMessages}
     *     on a thread that may block. What is read has everything that the listener of this node
     *     was told of before
     */
    default @Nullable CometBatch getMessagesNow(
            CometClient client, long lastMessageId, int maxMessages, int maxBytes) {
        return null;
    }

    /**
     * Reads what is above a position and confirms nothing: for a stream, whose peer confirms later.
     * What the client's own log has up to that position was delivered and is kept only so that it
     * can be delivered again: when the log is full it makes room, before the {@linkplain
     * OverflowPolicy policy} acts. If the client then asks for it after all, that is a gap with
     * {@link CometGap.Reason#OVERFLOW}. A call of {@link #getMessages} that follows takes the
     * client's own cursor as what was delivered.
     *
     * @param deliveredId the {@linkplain CometBatch#cursor cursor} of the batch before
     * @param maxMessages as {@link #getMessages}
     * @param maxBytes as {@link #getMessages}
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    CometBatch peekMessages(CometClient client, long deliveredId, int maxMessages, int maxBytes);

    /**
     * Confirms everything up to the cursor, as {@link #getMessages}, and reads nothing. As joins,
     * leaves and ends do it counts at any node, whichever has attached the client.
     *
     * @return false if this is no cursor that the client can have: above the top, or below its
     *     birth. Nothing was confirmed then
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    boolean confirmMessages(CometClient client, long lastMessageId);

    /**
     * The highest cursor that this client has confirmed; in the beginning, the top of the store
     * when it was initialised.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    long confirmedMessageId(CometClient client);

    /**
     * Appends a message to the logs that the audience names.
     *
     * @return the id of the message
     * @throws CometException CLIENT_DOES_NOT_EXIST for an unknown recipient; {@linkplain
     *     CometException#queueFull QUEUE_FULL} if an own log is full, by {@link
     *     CometLimits#clientLog} or by its share of {@link CometLimits#maxTotalBytes}, and the
     *     policy is not DROP_OLDEST; {@linkplain CometException#totalReached QUEUE_FULL} if own
     *     logs alone take {@link CometLimits#maxTotalBytes} and the policy is not DROP_OLDEST. In
     *     all cases nothing was appended, and of what has not been delivered nothing was dropped to
     *     make room
     */
    long sendMessage(Audience audience, EncodedMessage message);

    /**
     * The client is not idle before this time from now: a later call replaces an earlier one. Of no
     * effect once another node has attached the client.
     *
     * @param idleInNanos nanoseconds, positive
     * @return false if there is no such client
     */
    boolean keepAlive(CometClient client, long idleInNanos);

    /**
     * Ends the client if it is idle. Of all calls, on all nodes, only one is answered {@link
     * #KILLED}; one that races {@link #keepAlive} is decided by which of them is first.
     *
     * @return {@link #KILLED}, {@link #ABSENT}, {@link #ELSEWHERE}, or in how many nanoseconds to
     *     ask again
     */
    long killIdleCometClient(CometClient client);

    /**
     * Ends those clients that are idle and that no node which is there has attached. Called every
     * few seconds. Of all calls, on all nodes, only one is given each of them.
     */
    default List<CometClient> killOrphans() {
        return List.of();
    }

    /**
     * Ends the client: its tokens are free again, its messages are gone. Other nodes are told
     * {@link Listener#ended}.
     *
     * @param reason for them
     * @return whether this call did it
     */
    boolean removeClient(CometClient client, CometClientEventHandler.EndReason reason);

    /**
     * This node waits for a reply of this client, which may come to any node.
     *
     * @param withinNanos how long it waits
     * @return false if another node waits for one with this correlation id; to ask again for what
     *     this node waits for is true
     */
    default boolean awaitReply(CometClient client, String correlationId, long withinNanos) {
        return true;
    }

    /**
     * The reply has come to this node, or is awaited no more; one that comes to another node is
     * refused from now on, or a little later: at the latest when another call of this node has
     * returned. Never blocks, and has no effect on what another node waits for.
     */
    default void awaitReplyNoMore(CometClient client, String correlationId, boolean hasReplied) {}

    /**
     * A reply of this client has come to this node, which does not wait for it: the node that does
     * is told {@link Listener#replied}.
     *
     * @param reply its {@linkplain EncodedMessage#correlationId correlation id} says to what
     * @return false if no node waits for it
     * @throws CometException ALREADY_REPLIED; CLIENT_DOES_NOT_EXIST
     */
    default boolean passReply(CometClient client, EncodedMessage reply) {
        return false;
    }

    /**
     * Makes the client a member of the group. From now on it gets what is sent to the group.
     *
     * @return the id after which the group's messages are the client's; for a member, of its first
     *     joining
     * @throws CometException CLIENT_DOES_NOT_EXIST; LIMIT_REACHED
     */
    long joinGroup(CometClient client, String group);

    /**
     * Ends the membership. What was sent before still arrives.
     *
     * @return false if the client was no member
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    boolean leaveGroup(CometClient client, String group);

    /** The groups that this client is in; empty if there is no such client. */
    Set<String> groupsOf(CometClient client);

    /**
     * The members of a group, as a snapshot in the order in which they joined; empty if there is no
     * such group.
     */
    List<CometClient> groupMembers(String group);

    /** The names of the groups that somebody is in, as a snapshot in no particular order. */
    List<String> groups();

    /**
     * What the group's log still holds: the last messages up to an id, in rising order.
     *
     * @param upTo the highest id wanted
     * @param maxMessages how many at most
     */
    List<CometMessage> groupHistory(String group, long upTo, int maxMessages);

    /**
     * Lets go of what the limits by age no longer allow. Called every few seconds, never by two
     * threads at once.
     */
    default void tidy() {}

    /**
     * What the store holds and has dropped, as far as this provider knows without asking anybody:
     * cheap, from memory, and while a store elsewhere cannot be reached, too.
     */
    Usage usage();

    /**
     * How this client is doing. For a person who looks: may cost more than a read.
     *
     * @return {@link ClientUsage#NONE} if there is no such client, or the provider does not know
     */
    default ClientUsage usage(CometClient client) {
        return ClientUsage.NONE;
    }

    /**
     * Ends work; idempotent. Of a node that has clients attached these are then as those of a node
     * that is gone.
     */
    @Override
    void close();
}
