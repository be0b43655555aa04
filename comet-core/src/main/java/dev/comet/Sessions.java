package dev.comet;

import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EventDispatcher.ClientEvents;
import dev.comet.engine.Faults;
import dev.comet.engine.WaitThreadPool;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The clients of a manager: how their sessions begin and end, which groups they read, and what the
 * provider says of them.
 *
 * <p>Safe for use by any number of threads.
 */
final class Sessions implements ICometStateProvider.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

    private final ICometStateProvider provider;
    private final Services services;
    private final EventDispatcher dispatcher;
    private final WaitThreadPool<ClientSession> pool;
    private String lastAddress = ""; // any of them will do: no need to be volatile

    Sessions(Services services, EventDispatcher dispatcher, WaitThreadPool<ClientSession> pool) {
        this.provider = services.store().provider();
        this.services = services;
        this.dispatcher = dispatcher;
        this.pool = pool;
    }

    // ---- beginning and end

    /**
     * @param client one that was just {@linkplain CometClient#born born}
     */
    void initialize(CometClient client) {
        // Everything is allocated before the store has the client; and whoever finds the client
        // there finds its session, from the first moment on.
        ClientEvents events =
                new ClientEvents(dispatcher, handler -> handler.clientInitialized(client));
        ClientSession session = new ClientSession(client, services, events);
        Runnable begins = pool.add(session);
        try {
            provider.initializeClient(client);
        } catch (Throwable e) {
            if (!(e instanceof CometException)) {
                removeQuietly(client); // whether the store has it, nobody knows
            }
            events.discard();
            if (!session.goneOrLater()) {
                begins.run(); // then its idle time does
            }
            throw e;
        }
        begins.run();
        events.begin();
        try {
            joinItsGroups(session);
        } catch (Throwable e) { // it tries again when the client comes
            Faults.warn(LOG, "The provider could not say which groups {} is in", client, e);
        }
        LOG.debug("{} has been initialised", client);
    }

    private void removeQuietly(CometClient client) {
        try {
            provider.removeClient(client, EndReason.DISCONNECTED);
        } catch (Throwable e) {
            LOG.debug("The provider did not remove {} either", client, e);
        }
    }

    boolean disconnect(CometClient client, EndReason reason) {
        ClientSession session = of(client);
        session.endsBecause(reason);
        Consumer<CometClientEventHandler> last =
                handler -> handler.clientDisconnected(client, reason);
        boolean removed = removed(session, reason);
        if (removed) {
            session.events().postLast(last);
            services.counters().clientsDisconnected.increment();
        }
        session.goneOrLater();
        ClientSession newer = removed ? pool.get(client) : null;
        if (newer != null) { // it had moved away and come back meanwhile
            newer.endsBecause(reason);
            newer.goneOrLater();
        }
        LOG.debug("{} was ended: {}", client, reason);
        return removed;
    }

    private boolean removed(ClientSession session, EndReason reason) {
        boolean answered = false;
        try {
            boolean removed = provider.removeClient(session.client(), reason);
            answered = true;
            return removed;
        } finally {
            if (!answered) {
                session.endsNot();
            }
        }
    }

    // ---- looking up

    /**
     * For a request that begins here, with the client attached to this node. Null if the store has
     * no client of this token.
     */
    @Nullable ClientSession attached(String privateToken, long instance) {
        ICometStateProvider.Attachment attachment = provider.attach(privateToken, instance);
        while (attachment != null) {
            ClientSession session = of(attachment.client());
            boolean isFirst = session.isNotAttached() && attachment.generation() > 0;
            if (!session.attach(attachment.generation())) {
                session.end(); // it has moved away: whoever comes back gets another one
            } else if (isFirst) {
                // That another node has it since may have been told before there was a session.
                ICometStateProvider.Attachment before = attachment;
                attachment = provider.attach(privateToken, instance);
                if (before.equals(attachment)) {
                    return session;
                }
            } else {
                return session;
            }
        }
        return null;
    }

    private ClientSession of(CometClient client) {
        ClientSession session = pool.get(client);
        if (session == null) {
            return adopt(client);
        }
        if (session.missedAGroup()) {
            joinItsGroups(session);
        }
        return session;
    }

    /** A client that was initialised on another node, or before this manager began. */
    private ClientSession adopt(CometClient client) {
        ClientSession session = new ClientSession(client, services, new ClientEvents(dispatcher));
        ClientSession known = pool.open(session);
        if (known == session) {
            joinItsGroups(session);
        }
        return known;
    }

    /**
     * Those of which {@link #joined} was told when there was no session yet: also somebody who has
     * seen a new client in the store may make it a member.
     */
    private void joinItsGroups(ClientSession session) {
        session.missedAGroup(false);
        join(
                session,
                () ->
                        provider.groupsOf(session.client())
                                .forEach(group -> pool.join(session, group)));
    }

    /** What fails is tried again when the client comes. */
    private static void join(ClientSession session, Runnable joins) {
        boolean joined = false;
        try {
            joins.run();
            joined = true;
        } finally {
            if (!joined) {
                session.missedAGroup(true);
            }
        }
    }

    // ---- what is known of them

    void seenAt(CometClient client, String address) {
        ClientSession session = pool.get(client);
        if (session != null && !address.equals(session.address())) {
            String known = lastAddress; // behind a proxy that nobody told of, all have the same
            if (!address.equals(known)) {
                known = address;
                lastAddress = address;
            }
            session.address(known);
        }
    }

    CometClientStatus status(CometClient client) {
        ClientSession session = pool.get(client);
        Object newest = session == null ? null : session.newest();
        ICometStateProvider.ClientUsage usage = provider.usage(client);
        CometClientStatus.Transport transport = CometClientStatus.Transport.NONE;
        Duration heldFor = Duration.ZERO;
        Duration unseenFor = Duration.ZERO;
        if (newest instanceof Subscription request) {
            transport = request.transport();
            heldFor = notNegative(services.clock().nanos() - request.beganNanos());
        } else {
            unseenFor = notNegative(client.connectionIdle().minus(usage.idleIn()).toNanos());
        }
        return new CometClientStatus(
                client,
                transport,
                heldFor,
                unseenFor,
                provider.confirmedMessageId(client),
                session == null ? null : session.address(),
                usage.lag());
    }

    private static Duration notNegative(long nanos) {
        return Duration.ofNanos(Math.max(0, nanos));
    }

    // ---- what the provider says

    @Override
    public void everyoneGrew() {
        pool.everyoneGrew();
    }

    @Override
    public void groupGrew(String group) {
        pool.groupGrew(group);
    }

    @Override
    public void clientGrew(CometClient client) {
        pool.grew(client);
    }

    @Override
    public void joined(CometClient client, String group) {
        ClientSession session = pool.get(client);
        if (session != null) {
            join(session, () -> pool.join(session, group));
        }
    }

    @Override
    public void left(CometClient client, String group) {
        ClientSession session = pool.get(client);
        if (session != null) {
            pool.leave(session, group);
        }
    }

    @Override
    public void superseded(CometClient client, long generation, long instance) {
        quietly(
                () -> {
                    ClientSession session = pool.get(client);
                    if (session != null && session.movesAway(generation, instance)) {
                        LOG.debug("Another node has taken over {}", client);
                    }
                });
    }

    @Override
    public void ended(CometClient client, @Nullable EndReason reason) {
        quietly(
                () -> {
                    ClientSession session = pool.get(client);
                    if (session != null && reason != null) {
                        session.endsBecause(reason);
                    }
                    if (session != null) {
                        session.events().end(); // the other node's handlers are told
                    }
                    gone(client, session);
                    LOG.debug("Another node has ended {}: {}", client, reason);
                });
    }

    @Override
    public void replied(CometClient client, EncodedMessage reply) {
        quietly(() -> services.requests().replied(client, reply));
    }

    private void gone(CometClient client, @Nullable ClientSession session) {
        if (session == null) {
            services.requests().clientIsGone(client);
        } else {
            session.goneOrLater();
        }
    }

    /** A provider has more to tell than this. */
    private static void quietly(Runnable news) {
        try {
            news.run();
        } catch (Throwable e) {
            Faults.error("What another node has done was not taken in", e);
        }
    }

    // ---- whose node is gone

    /** May block. */
    void killOrphans() {
        provider.killOrphans().forEach(client -> quietly(() -> orphanIsKilled(client)));
    }

    private void orphanIsKilled(CometClient client) {
        ClientSession session = pool.get(client);
        ClientEvents events = session == null ? new ClientEvents(dispatcher) : session.events();
        events.postLast(handler -> handler.idleClientKilled(client));
        services.counters().idleClientsKilled.increment();
        gone(client, session);
        LOG.debug("{} stayed away, its node is gone, and was ended", client);
    }
}
