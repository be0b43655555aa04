package dev.comet.benchmarks.server;

import java.util.List;

/** A server under test, in a process of its own. */
interface PushServer {

    /** Where it listens, on the loopback interface. */
    int port();

    /** The process that serves, whose processor time and memory count. */
    default long pid() {
        return ProcessHandle.current().pid();
    }

    /**
     * Makes clients known, as the server's own API would after a login; each belongs to everyone
     * and to its room.
     *
     * @param rooms the room of each
     * @return what each shows when it polls; empty if clients introduce themselves over HTTP
     */
    default List<String> newClients(List<String> rooms) {
        return List.of();
    }

    /** Sends to everyone. Called by one thread. */
    void broadcast(String payload);
}
