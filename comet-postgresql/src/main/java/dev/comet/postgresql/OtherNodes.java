package dev.comet.postgresql;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.ICometStateProvider.Listener;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What nodes have done, this one included, told to the manager's listener: as the node hears it, or
 * as the store does when it is asked. Safe for use by any number of threads.
 */
final class OtherNodes implements Node.News {

    private final Database database;
    private final long node;
    private final LocalClients local;
    private final Listener listener;
    private final Runnable alsoDo;

    /**
     * @param node this one's number
     * @param alsoDo every now and then
     */
    OtherNodes(
            Database database, long node, LocalClients local, Listener listener, Runnable alsoDo) {
        this.database = database;
        this.node = node;
        this.local = local;
        this.listener = listener;
        this.alsoDo = alsoDo;
    }

    @Override
    public void passed() {
        alsoDo.run();
    }

    @Override
    public void told(String news) {
        String[] word = news.split(" ", 2);
        switch (word[0]) {
            case "everyone" -> listener.everyoneGrew();
            case "group" -> listener.groupGrew(word[1]);
            case "clients" ->
                    Stream.of(word[1].split(" ", -1))
                            .map(number -> local.find(Long.parseLong(number)))
                            .forEach(this::grew);
            case "gone" -> {} // a node
            default -> toldOfOne(word[0], word[1].split(" ", 2));
        }
    }

    private void grew(@Nullable CometClient client) {
        if (client != null) {
            listener.clientGrew(client);
        }
    }

    private void toldOfOne(String what, String[] news) {
        long number = Long.parseLong(news[0]);
        CometClient client = local.findOrAwaited(number);
        if (client == null) {
            return;
        }
        switch (what) {
            case "joined" -> listener.joined(client, news[1]);
            case "left" -> listener.left(client, news[1]);
            case "replied" -> fetchReply(new LocalClients.Awaited(client, news[1]), number);
            case "moved" -> {
                String[] move = news[1].split(" ", -1); // generation, instance, node
                if (Long.parseLong(move[2]) != node) {
                    hasMoved(number, client, Long.parseLong(move[0]), Long.parseLong(move[1]));
                }
            }
            case "ended" -> {
                String[] end = news[1].split(" ", -1); // node, reason unless it was idle
                if (Long.parseLong(end[0]) != node) {
                    ended(number, client, end.length > 1 ? reason(end[1]) : null);
                }
            }
            default -> {} // of a later version
        }
    }

    /** Asks the store about each client that is here, and has everybody look again. */
    @Override
    public void missed() {
        listener.everyoneGrew();
        Long[] here = local.numbers().toArray(Long[]::new);
        for (Answer row : database.call("look_after", (Object) here)) {
            CometClient client = local.find(row.number());
            if (client == null) {
                continue;
            }
            switch (row.kind()) {
                case "joined" -> listener.joined(client, row.text());
                case "moved" -> hasMoved(row.number(), client, row.other(), 0);
                case "ended" -> isGone(client, row);
                default -> listener.clientGrew(client);
            }
        }
        local.awaited().forEach(this::fetchReply);
    }

    private void fetchReply(LocalClients.Awaited awaited, long number) {
        if (local.awaited().containsKey(awaited)) {
            database.call("reply", number, awaited.correlationId())
                    .forEach(row -> listener.replied(awaited.client(), row.encoded()));
        }
    }

    private void hasMoved(long number, CometClient client, long generation, long instance) {
        local.hasMoved(number, generation);
        listener.superseded(client, generation, instance);
    }

    /**
     * The store has no such client. If another node has ended it the news may still be on its way:
     * the listener is told now, so that it knows the reason before it learns that the client is
     * gone. If this node has, that is told by whoever gets the answer.
     */
    void isGone(CometClient client) {
        List<Answer> ended = database.call("absent", client.publicToken(), client.incarnation());
        if (ended.isEmpty()) {
            ended(0, client, null); // long ago, or the store has lost it
        } else {
            isGone(client, ended.get(0));
        }
    }

    private void isGone(CometClient client, Answer end) {
        if (end.other() != node) {
            ended(end.number(), client, reason(end.detail()));
        }
    }

    /** In this order: who finds the client neither in the store nor here finds that it was told. */
    private void ended(long number, CometClient client, @Nullable EndReason reason) {
        listener.ended(client, reason);
        local.hasEnded(client, number);
    }

    private static @Nullable EndReason reason(@Nullable String name) {
        return name == null ? null : EndReason.valueOf(name);
    }
}
