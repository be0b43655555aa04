package dev.comet.tests;

import dev.comet.CometAsyncResult;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometException.Reason;
import dev.comet.CometStateManager;
import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A pair of tokens, and one client after the other that has them: the next begins as soon as the
 * one before has ended. Behaves as badly as clients do.
 *
 * <p>For one thread at a time; {@link #token} and {@link #current} for any.
 */
final class StressSlot {

    final String token;
    private final CometStateManager manager;
    private final StressRecord record;
    private final Random random;
    private final Set<String> groups = new HashSet<>();
    final AtomicInteger begun = new AtomicInteger();
    private volatile @Nullable Incarnation current;
    private @Nullable ModelClient client;
    private @Nullable CometAsyncResult poll;
    private @Nullable ModelStream stream;
    private boolean asleep;

    StressSlot(int number, CometStateManager manager, StressRecord record, Random random) {
        this.token = "c" + number;
        this.manager = manager;
        this.record = record;
        this.random = random;
    }

    static String secretOf(String token) {
        return "secret-of-" + token;
    }

    @Nullable Incarnation current() {
        return current;
    }

    /** Whether there is a client. */
    boolean connect() {
        String name = token + "#" + (begun.get() + 1);
        CometClient newcomer =
                CometClient.builder()
                        .publicToken(token)
                        .privateToken(secretOf(token))
                        .displayName(name)
                        .connectionTimeoutSeconds(1 + random.nextInt(3))
                        .connectionIdleSeconds(1 + random.nextInt(4))
                        .build();
        Incarnation incarnation = new Incarnation(name, newcomer);
        ModelClient view = new ModelClient(manager, newcomer, name, record.history);
        view.bearsFailures();
        view.onRequest(this::answer);
        incarnation.seenBy(view);
        record.begins(incarnation);
        try {
            manager.initializeClient(newcomer);
        } catch (CometException e) {
            // In use: the one before has not ended yet, or another driver's store call came late.
            expect(e, Reason.CLIENT_ALREADY_EXISTS, Reason.PROVIDER_UNAVAILABLE, Reason.DRAINING);
        } catch (OutOfMemoryError e) {
            // Injected: the store knows how far it came.
        }
        if (incarnation.birth() < 0) {
            return false;
        }
        begun.incrementAndGet();
        groups.clear();
        poll = null;
        stream = null;
        asleep = false;
        client = view;
        current = incarnation;
        return true;
    }

    void act() {
        ModelClient now = client;
        Incarnation one = current;
        if (now == null
                || one == null
                || now.hasEnded()
                || (one.isRemoved() && random.nextBoolean())) {
            connect();
            return;
        }
        if (asleep) {
            return; // until it is found to be idle
        }
        try {
            act(now, random.nextInt(100));
        } catch (CometException e) {
            expect(
                    e,
                    Reason.CLIENT_DOES_NOT_EXIST,
                    Reason.PROVIDER_UNAVAILABLE,
                    Reason.LIMIT_REACHED);
        } catch (OutOfMemoryError e) {
            // Injected: what was asked may have been done.
        }
    }

    private void act(ModelClient now, int dice) {
        if (dice < 35) {
            if (random.nextInt(12) == 0) {
                now.loseNext();
            }
            now.handleAll();
        } else if (dice < 62) {
            if (poll == null || poll.isCompleted() || random.nextInt(20) == 0) {
                poll = now.poll(Duration.ofSeconds(random.nextInt(4)));
            }
        } else if (dice < 72) {
            if (stream == null || stream.hasEnded() || random.nextInt(20) == 0) {
                open(now);
            }
        } else if (dice < 76) {
            if (stream != null) {
                stream.goOn();
            }
        } else if (dice < 84) {
            if (now.cursor() > 0) {
                manager.endpoint().confirm(now.client().privateToken(), now.cursor());
            }
        } else if (dice < 88) {
            abandon();
        } else if (dice < 98) {
            joinOrLeave("g" + random.nextInt(3));
        } else if (dice < 99) {
            manager.findClientByPrivateToken(secretOf(token)).ifPresent(manager::disconnect);
            if (random.nextBoolean()) {
                connect();
            }
        } else if (random.nextInt(4) == 0) {
            asleep = true; // with what it holds
        }
    }

    private void abandon() {
        if (stream != null && random.nextBoolean()) {
            stream.breaks();
        } else if (poll != null) {
            manager.endpoint().endSubscribe(poll);
        }
    }

    private void open(ModelClient now) {
        boolean slow = random.nextBoolean();
        Random taking = new Random(random.nextLong()); // one thread at a time
        ModelStream opening =
                new ModelStream(now, () -> !slow || taking.nextInt(3) > 0, record::fault);
        stream = opening;
        try {
            manager.endpoint().openStream(now.client().privateToken(), now.cursor(), opening, 0);
        } catch (OutOfMemoryError e) {
            opening.breaks(); // as a container does whose servlet throws
        }
    }

    /** As a page does, which has work to do first. */
    private void answer(String correlationId) {
        String secret = secretOf(token);
        try {
            int dice = random.nextInt(10);
            if (dice < 6) {
                manager.endpoint().acceptReply(secret, correlationId, dice);
            } else if (dice < 8) {
                manager.endpoint().acceptRefusal(secret, correlationId, "not now");
            }
        } catch (CometException e) {
            expect(
                    e,
                    Reason.NO_SUCH_REQUEST,
                    Reason.ALREADY_REPLIED,
                    Reason.CLIENT_DOES_NOT_EXIST,
                    Reason.PROVIDER_UNAVAILABLE);
        } catch (OutOfMemoryError e) {
            // Injected.
        }
    }

    private void joinOrLeave(String group) {
        if (groups.contains(group)) {
            manager.leaveGroup(token, group);
            groups.remove(group);
        } else {
            manager.joinGroup(token, group);
            groups.add(group);
        }
    }

    // ---- the end of a round, when nobody sends and the store is well

    /** Has a request or a stream that has seen everything, if it is well. */
    void hold() {
        settle();
        if (client == null || client.hasEnded()) {
            return;
        }
        if (random.nextBoolean()) {
            poll = client.poll(Duration.ofSeconds(3));
        } else {
            stream = new ModelStream(client, () -> true, record::fault);
            manager.endpoint()
                    .openStream(client.client().privateToken(), client.cursor(), stream, 0);
        }
    }

    private void settle() {
        if (stream != null) {
            stream.goOn();
        }
        if (client != null) {
            client.handleAll();
        }
    }

    /** Whether it has read all that its stream has carried so far. */
    boolean reads() {
        if (stream == null || stream.hasEnded() || !stream.isFull()) {
            return false;
        }
        stream.goOn();
        return true;
    }

    /** Fetches what is left, of which what was held must have told before. */
    void finish() {
        if (client == null) {
            return;
        }
        client.handleAll();
        boolean held =
                (poll != null && !poll.isCompleted())
                        || (stream != null && !stream.hasEnded() && !stream.isBroken());
        long before = seen();
        long seen = -1;
        for (int round = 0; !client.hasEnded() && (seen != seen() || round < 2); round++) {
            seen = seen();
            client.poll(Duration.ZERO);
            client.handleAll();
            if (held && round == 0 && seen() != before) {
                record.fault(client.name() + " held a request that was not told of what there was");
            }
        }
    }

    private long seen() {
        ModelClient now = client;
        return now == null ? 0 : now.received() + now.gaps();
    }

    int unanswered() {
        return client == null ? 0 : client.unanswered();
    }

    boolean streams() {
        return stream != null && !stream.hasEnded();
    }

    static void expect(CometException e, Reason... reasons) {
        for (Reason reason : reasons) {
            if (e.reason() == reason) {
                return;
            }
        }
        throw e;
    }
}
