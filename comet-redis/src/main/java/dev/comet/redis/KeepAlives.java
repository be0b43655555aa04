package dev.comet.redis;

import dev.comet.CometClient;
import dev.comet.CometClock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the store for how long the clients of this node are alive: at once, or many of them
 * together if it does no harm that it is a little later. Safe for use by any number of threads.
 */
final class KeepAlives {

    private static final Logger LOG = LoggerFactory.getLogger(KeepAlives.class);
    private static final int CLIENTS_AT_ONCE = 500;

    private final Connection connection;
    private final LocalClients local;
    private final OtherNodes others;
    private final CometClock clock;
    private long epoch; // the timer's: when all was told last
    private final Set<CometClient> late;

    KeepAlives(Connection connection, LocalClients local, OtherNodes others, CometClock clock) {
        this.connection = connection;
        this.local = local;
        this.others = others;
        this.clock = clock;
        this.late = local.late();
    }

    /** Returns false if the store says that there is no such client. */
    boolean keepAlive(CometClient client, long idleInNanos) {
        long until = clock.nanos() + idleInNanos;
        Alive alive = local.alive(client);
        if (alive != null && alive.isSooner(until)) {
            late.add(client);
            return true;
        }
        if (alive != null) {
            alive.isWantedNow(until);
        }
        return tell(List.of(client), List.of(until));
    }

    /** In how many nanoseconds the client is idle, if the store does not know better. */
    long idleIn(CometClient client) {
        Alive alive = local.alive(client);
        long now = clock.nanos();
        return alive == null ? 0 : alive.late(now) - now;
    }

    /** What was put off about this client. */
    void tellOf(CometClient client) {
        Long until = late(client);
        if (until != null) {
            tell(List.of(client), List.of(until));
        }
    }

    private @Nullable Long late(CometClient client) {
        Alive alive = local.alive(client);
        long until = alive == null ? Long.MIN_VALUE : alive.late(Long.MIN_VALUE);
        return until == Long.MIN_VALUE ? null : until;
    }

    /** The store may have lost what it was told: it is told again. */
    private void tellAgain() {
        for (CometClient client : local.allAttached()) {
            Alive alive = local.alive(client);
            if (alive != null && alive.isLost()) {
                late.add(client);
            }
        }
    }

    /** What was put off. What cannot be told now is told the next time. */
    void tellAll() {
        long now = connection.epoch();
        if (epoch != 0 && epoch != now) {
            tellAgain();
        }
        epoch = now;
        List<CometClient> some = new ArrayList<>();
        List<Long> until = new ArrayList<>();
        for (CometClient client : List.copyOf(late)) {
            late.remove(client); // before: what is put off from now on is put off anew
            Long when = late(client);
            if (when != null) {
                some.add(client);
                until.add(when);
            }
            if (some.size() == CLIENTS_AT_ONCE) {
                tellSome(some, until);
            }
        }
        if (!some.isEmpty()) {
            tellSome(some, until);
        }
    }

    private void tellSome(List<CometClient> some, List<Long> until) {
        try {
            tell(some, until);
        } catch (RuntimeException e) {
            LOG.debug("Redis was not told until when clients are alive; trying again", e);
        }
        some.clear();
        until.clear();
    }

    private boolean tell(List<CometClient> clients, List<Long> until) {
        long now = clock.nanos();
        List<Object> arguments = new ArrayList<>(3 * clients.size());
        for (int i = 0; i < clients.size(); i++) {
            View view = local.view(clients.get(i));
            arguments.add(clients.get(i));
            arguments.add(TimeUnit.NANOSECONDS.toMicros(until.get(i) - now));
            arguments.add(view == null ? 0 : view.confirmed());
        }
        each(clients, (i, alive) -> alive.begins());
        boolean isAnswered = false;
        Reply reply;
        try {
            reply = connection.runForNode(Script.KEEPALIVE, arguments.toArray());
            isAnswered = true;
        } finally {
            boolean isTold = isAnswered;
            each(
                    clients,
                    (i, alive) -> {
                        if (alive.ends(until.get(i), isTold)) {
                            late.add(clients.get(i));
                        }
                    });
        }
        for (int i = 1; i < reply.size(); i += 2) {
            others.isGone(clients.get((int) reply.number(i)), reply.text(i + 1));
        }
        return reply.size() == 1;
    }

    private void each(List<CometClient> clients, ObjIntConsumer action) {
        for (int i = 0; i < clients.size(); i++) {
            Alive alive = local.alive(clients.get(i));
            if (alive != null) {
                action.accept(i, alive);
            }
        }
    }

    private interface ObjIntConsumer {
        void accept(int index, Alive alive);
    }
}
