package dev.comet.redis;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.ICometStateProvider.Listener;
import org.jspecify.annotations.Nullable;

/**
 * What other nodes have done, told to the manager's listener: as the feed says it, or as the store
 * does when it is asked. Safe for use by any number of threads.
 */
final class OtherNodes implements Feed.News {

    private final Connection connection;
    private final String node;
    private final LocalClients local;
    private final Listener listener;

    /**
     * @param node this one's name
     */
    OtherNodes(Connection connection, String node, LocalClients local, Listener listener) {
        this.connection = connection;
        this.node = node;
        this.local = local;
        this.listener = listener;
    }

    @Override
    public void told(Feed.Entry entry) {
        switch (entry.text("t")) {
            case "e" -> listener.everyoneGrew();
            case "g" -> listener.groupGrew(Names.unescaped(entry.text("l")));
            case "grew" -> tellGrew(entry.text("l"));
            default -> {
                Who who = Who.of(entry.text("l"));
                CometClient client = local.findOrAwaited(who.publicToken(), who.incarnation());
                if (client != null) {
                    toldOf(client, entry);
                }
            }
        }
    }

    private void toldOf(CometClient client, Feed.Entry entry) {
        switch (entry.text("t")) {
            case "joined" -> listener.joined(client, Names.unescaped(entry.text("a")));
            case "left" -> listener.left(client, Names.unescaped(entry.text("a")));
            case "moved" ->
                    hasMoved(
                            client,
                            Long.parseLong(entry.text("a")),
                            Long.parseLong(entry.text("b")));
            case "ended" -> ended(client, reason(entry.text("a")));
            case "replied" -> fetchReply(client, Names.unescaped(entry.text("a")));
            default -> {} // of a later version
        }
    }

    /** A client, as scripts write it. */
    private record Who(String publicToken, long incarnation) {
        static Who of(String line) {
            int space = line.indexOf(' ');
            return new Who(
                    Names.unescaped(line.substring(0, space)),
                    Long.parseLong(line.substring(space + 1)));
        }
    }

    /**
     * The own logs of these clients have grown.
     *
     * @param lines a client on each
     */
    void tellGrew(String lines) {
        lines.lines()
                .map(Who::of)
                .forEach(
                        who -> {
                            CometClient client = local.find(who.publicToken(), who.incarnation());
                            if (client != null) {
                                listener.clientGrew(client);
                            }
                        });
    }

    /** Asks the store about each client that is here, and has everybody look again. */
    @Override
    public void missed() {
        listener.everyoneGrew();
        local.allAttached().forEach(this::check);
        for (LocalClients.Awaited one : local.allAwaited()) {
            fetchReply(one.client(), one.correlationId());
        }
    }

    private void check(CometClient client) {
        Reply reply = connection.run(Script.CHECK, client);
        if (reply.status() == 0) {
            isGone(client, reply);
        } else if (reply.number(1) == 0) {
            hasMoved(client, reply.number(2), Long.parseLong(reply.text(4)));
        } else {
            reply.list(3).names(0).forEach(group -> listener.joined(client, group));
            listener.clientGrew(client);
        }
    }

    private void fetchReply(CometClient client, String correlationId) {
        Reply reply = connection.run(Script.REPLIED, client, Names.escaped(correlationId));
        if (reply.status() == 0) {
            isGone(client, reply);
        } else if (reply.size() > 1) {
            listener.replied(client, Codec.message(reply.bytes(1)));
        }
    }

    private void hasMoved(CometClient client, long generation, long instance) {
        local.hasMoved(client, generation);
        listener.superseded(client, generation, instance);
    }

    /**
     * The store has no such client. If another node has ended it the news may still be on its way:
     * the listener is told now, so that it knows the reason before it learns that the client is
     * gone. If this node has, that is told by whoever gets the answer.
     *
     * @param absent what the store has said
     */
    void isGone(CometClient client, Reply absent) {
        String[] by = absent.text(1).split(" ", 2);
        if (by.length < 2) {
            ended(client, null); // long ago, or the store has lost it
        } else if (!by[0].equals(node)) {
            ended(client, reason(by[1]));
        }
    }

    /** In this order: who finds the client neither in the store nor here finds that it was told. */
    private void ended(CometClient client, @Nullable EndReason reason) {
        listener.ended(client, reason);
        local.hasEnded(client);
    }

    private static @Nullable EndReason reason(String code) {
        for (EndReason reason : EndReason.values()) {
            if (reason.code().equals(code)) {
                return reason;
            }
        }
        return null;
    }
}
