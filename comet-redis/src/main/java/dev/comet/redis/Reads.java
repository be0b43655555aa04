package dev.comet.redis;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometGap;
import dev.comet.CometLimits;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What a client gets: from this node's {@link Mirror} if that has all of it, else from the store.
 * Safe for use by any number of threads.
 */
final class Reads {

    private final Connection connection;
    private final LocalClients local;
    private final OtherNodes others;
    private final Mirror mirror;
    private final CometClock clock;
    private final long clientAge;
    private final long sharedAge;
    private final AtomicLong lastSent = new AtomicLong(); // by this node, the highest

    Reads(
            Connection connection,
            LocalClients local,
            OtherNodes others,
            Mirror mirror,
            CometClock clock,
            CometLimits limits) {
        this.connection = connection;
        this.local = local;
        this.others = others;
        this.mirror = mirror;
        this.clock = clock;
        this.clientAge = Micros.age(limits.clientLog());
        this.sharedAge = Micros.age(limits.sharedLog());
    }

    /** This node has sent a message, which is in what is read from now on. */
    void hasSent(long id) {
        lastSent.accumulateAndGet(id, Math::max);
    }

    CometBatch get(CometClient client, long cursor, int maxMessages, int maxBytes) {
        return read("get", client, cursor, maxMessages, maxBytes);
    }

    CometBatch peek(CometClient client, long delivered, int maxMessages, int maxBytes) {
        return read("peek", client, delivered, maxMessages, maxBytes);
    }

    /** As {@link #get}, without asking the store; null if that is needed. */
    @Nullable CometBatch getNow(CometClient client, long cursor, int maxMessages, int maxBytes) {
        return known("get", client, cursor, maxMessages, maxBytes);
    }

    boolean confirm(CometClient client, long cursor) {
        boolean isCursor = ask("confirm", client, cursor, 0, 0).number(1) == 1;
        if (isCursor) {
            connection.hasSeen(cursor);
        }
        return isCursor;
    }

    long confirmed(CometClient client) {
        return seen(ask("confirmed", client, 0, 0, 0).number(1));
    }

    private CometBatch read(
            String what, CometClient client, long cursor, int maxMessages, int maxBytes) {
        CometBatch known =
                mirror.top() < lastSent.get()
                        ? null
                        : known(what, client, cursor, maxMessages, maxBytes);
        return known != null ? known : askAndRemember(what, client, cursor, maxMessages, maxBytes);
    }

    private @Nullable CometBatch known(
            String what, CometClient client, long cursor, int maxMessages, int maxBytes) {
        // First the top: news up to there have marked the view that is looked for afterwards.
        long upTo = mirror.top();
        View view = cursor <= 0 ? null : local.view(client);
        if (view == null) {
            return null;
        }
        long tooOld = sharedAge == Micros.NO_AGE ? 0 : Micros.of(clock.now()) - sharedAge;
        CometBatch batch = mirror.read(view, upTo, cursor, maxMessages, maxBytes, tooOld);
        if (batch != null && what.equals("get")) {
            view.isConfirmed(cursor);
        }
        return batch;
    }

    /** Of what the store has said, what makes it unnecessary to ask the next time. */
    private CometBatch askAndRemember(
            String what, CometClient client, long cursor, int maxMessages, int maxBytes) {
        // Before the store is asked: news that come meanwhile are for this view.
        View view = local.newView(client, connection.epoch());
        Reply reply = ask(what, client, cursor, maxMessages, maxBytes);
        CometBatch batch = batch(reply);
        Reply logs = reply.list(5);
        if (view != null && logs.size() > 0) {
            List<String> names = new ArrayList<>(logs.size() - 1);
            for (int i = 1; i < logs.size(); i++) {
                names.add(logs.text(i));
            }
            view.isKnown(batch.cursor(), logs.number(0), mirror.logs(names, batch.cursor()));
        }
        return batch;
    }

    private Reply ask(String what, CometClient client, long cursor, int maxMessages, int maxBytes) {
        Reply reply =
                connection.run(
                        Script.READ,
                        what,
                        client,
                        cursor,
                        maxMessages,
                        maxBytes,
                        clientAge,
                        sharedAge);
        if (reply.status() == 0) {
            others.isGone(client, reply);
        }
        return reply.ofAClient();
    }

    private CometBatch batch(Reply reply) {
        Reply lost = reply.list(3);
        List<CometGap> gaps = new ArrayList<>(lost.size() / 3);
        for (int i = 0; i < lost.size(); i += 3) {
            gaps.add(new CometGap(lost.number(i), lost.number(i + 1), why(lost.text(i + 2))));
        }
        return new CometBatch(
                gaps, reply.list(4).messages(0), seen(reply.number(1)), reply.number(2) == 1);
    }

    private long seen(long id) {
        connection.hasSeen(id);
        return id;
    }

    private static CometGap.Reason why(String code) {
        return switch (code) {
            case "o" -> CometGap.Reason.OVERFLOW;
            case "x" -> CometGap.Reason.EXPIRED;
            case "u" -> CometGap.Reason.UNKNOWN_CURSOR;
            case "l" -> CometGap.Reason.STORE_LOST;
            default -> CometGap.Reason.CONFIRMED;
        };
    }
}
