package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.LogLimits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A group: its log and who is in it. Kept as long as somebody is, was and has not fetched
 * everything, or something may be asked for as history.
 */
final class GroupLog {

    private final String name;
    private final MessageLog log;

    /** In the order of joining. Guarded by this. */
    private final Map<ClientRecord, CometClient> members = new LinkedHashMap<>(4);

    /** How many memberships, past ones included, still read the log; guarded by the sequencer. */
    private int readers;

    GroupLog(String name, LogLimits limits) {
        this.name = name;
        this.log = new MessageLog(limits);
    }

    String name() {
        return name;
    }

    MessageLog log() {
        return log;
    }

    synchronized void addMember(ClientRecord record) {
        members.put(record, record.client());
    }

    synchronized void removeMember(ClientRecord record) {
        members.remove(record);
    }

    synchronized List<CometClient> members() {
        return List.copyOf(members.values());
    }

    void addReader() {
        readers++;
    }

    void removeReader() {
        readers--;
    }

    boolean hasReaders() {
        return readers > 0;
    }
}
