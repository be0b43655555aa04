package dev.comet.redis;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.ICometStateProvider.Listener;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What other nodes have done, told to the manager's listener: as the feed says it, or as the store
 * does when it is asked. Safe for use by any number of threads.
 */
final class OtherNodes implements Feed.News {

    private final Connection connection;
    private final String node;
    private final LocalClients local;
    private final Mirror mirror;
    private final Listener listener;
    private Map<String, Long> fetching = Map.of(); // the feed's thread's
    private int mostLogs = 100; // the feed's thread's

    /**
     * @param node this one's name
     */
    OtherNodes(
            Connection connection,
            String node,
            LocalClients local,
            Mirror mirror,
            Listener listener) {
        this.connection = connection;
        this.node = node;
        this.local = local;
        this.mirror = mirror;
        this.listener = listener;
    }

    @Override
    public boolean isFollowed(String log) {
        return mirror.has(log);
    }

    @Override
    public List<Object> toFetch(Set<String> grown) {
        fetching = mirror.toFetch(grown);
        List<Object> arguments = new ArrayList<>(2 * fetching.size());
        fetching.forEach(
                (log, from) -> {
                    arguments.add(log);
                    arguments.add(from);
                });
        return arguments;
    }

    @Override
    public void fetched(List<Feed.Entry> own, Reply logs, long top) {
        for (Feed.Entry entry : own) {
            told(entry);
        }
        int index = 0;
        for (String log : fetching.keySet()) {
            Reply found = logs.list(index++);
            mirror.fetched(log, found.number(0), found.list(1), top);
        }
    }

    @Override
    public void isCompleteUpTo(long top, Set<String> grown) {
        connection.hasSeen(top);
        mirror.isCompleteUpTo(top);
        for (String log : grown) {
            if (log.equals("e")) {
                listener.everyoneGrew();
            } else {
                listener.groupGrew(Names.unescaped(log.substring(2)));
            }
        }
        if (mirror.size() > mostLogs) {
            mirror.keepOnly(Mirror.union(local.views()));
            mostLogs = 2 * mirror.size() + 100;
        }
    }

    private void told(Feed.Entry entry) {
        if (entry.text("t").equals("grew")) {
            tellGrew(entry.text("l"), Long.parseLong(entry.text("a")));
            return;
        }
        Who who = Who.of(entry.text("l"));
        CometClient client = local.findOrAwaited(who.publicToken(), who.incarnation());
        if (client != null) {
            toldOf(client, entry);
        }
    }

    private void toldOf(CometClient client, Feed.Entry entry) {
        switch (entry.text("t")) {
            case "joined" -> {
                hasOtherLogs(client);
                listener.joined(client, Names.unescaped(entry.text("a")));
            }
            case "left" -> {
                hasOtherLogs(client);
                listener.left(client, Names.unescaped(entry.text("a")));
            }
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

    private void hasOtherLogs(CometClient client) {
        View view = local.view(client);
        if (view != null) {
            view.hasChanged();
        }
    }

    /**
     * The own logs of these clients have grown.
     *
     * @param lines a client on each
     * @param id of the message
     */
    void tellGrew(String lines, long id) {
        lines.lines()
                .map(Who::of)
                .forEach(
                        who -> {
                            CometClient client = local.find(who.publicToken(), who.incarnation());
                            if (client != null) {
                                View view = local.view(client);
                                if (view != null) {
                                    view.ownLogGrew(id);
                                }
                                listener.clientGrew(client);
                            }
                        });
    }

    /** Asks the store about each client that is here, and has everybody look again. */
    @Override
    public void missed() {
        local.forgetViews();
        mirror.forget(connection.epoch());
        listener.everyoneGrew();
        local.allAttached().forEach(this::check);
        for (LocalClients.Awaited one : local.allAwaited()) {
            fetchReply(one.client(), one.correlationId());
        }
    }

    private void check(CometClient client) {
        Reply reply = connection.runForNode(Script.CHECK, client);
        if (reply.status() == 0) {
            isGone(client, reply);
        } else if (reply.number(1) == 1 || isAttachedAgain(client, reply.number(2))) {
            reply.list(3).names(0).forEach(group -> listener.joined(client, group));
            listener.clientGrew(client);
        } else {
            hasMoved(client, reply.number(2), Long.parseLong(reply.text(4)));
        }
    }

    /**
     * Whether the store, which says that another node has the client, has lost that it came here:
     * it is told so then.
     *
     * @param generation as which the client is where the store says
     */
    boolean isAttachedAgain(CometClient client, long generation) {
        long here = local.generation(client);
        if (generation >= here) {
            return false;
        }
        Reply again =
                connection.runForNode(Script.ATTACH, Names.hash(client.privateToken()), 0, here);
        if (again.status() == 0) {
            return false;
        }
        local.attached(client, again.number(4));
        return true;
    }

    private void fetchReply(CometClient client, String correlationId) {
        Reply reply = connection.runForNode(Script.REPLIED, client, Names.escaped(correlationId));
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
        isGone(client, absent.text(1));
    }

    /**
     * @param absent who has ended it, and why, as the store has said
     */
    void isGone(CometClient client, String absent) {
        String[] by = absent.split(" ", 2);
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
