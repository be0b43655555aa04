package dev.comet.benchmarks.load;

import java.util.List;

/** Clients that post in turn: the first of each room, then the second of each, and so on. */
final class Senders {

    private final List<? extends Conversation> clients;
    private final int roomSize;
    private final long[] sent;
    private int turn;

    Senders(List<? extends Conversation> clients, int roomSize) {
        this.clients = clients;
        this.roomSize = roomSize;
        this.sent = new long[clients.size()];
    }

    Conversation next() {
        int rooms = clients.size() / roomSize;
        int index = turn % rooms * roomSize + turn / rooms % roomSize;
        turn = (turn + 1) % clients.size();
        return clients.get(index);
    }

    /** The number of the sender's next message. */
    long count(Conversation sender) {
        return ++sent[sender.client - clients.get(0).client];
    }
}
