package dev.comet.inproc;

import dev.comet.CometClient;
import dev.comet.LogLimits;
import java.util.List;

/**
 * A group: its log and who is in it. Kept as long as somebody is, or was and has not fetched
 * everything; then, for what may be asked for as history, until its place is needed.
 */
final class GroupLog {

    private final String name;
    private final MessageLog log;

    /** Replaced under the sequencer, read by anybody. */
    private volatile Members members = Members.NONE;

    /** How many have joined so far; guarded by the sequencer. */
    private long joined;

    /** How many memberships, past ones included, still read the log; guarded by the sequencer. */
    private int readers;

    GroupLog(String name, LogLimits limits, Memory memory) {
        this.name = name;
        this.log = new MessageLog(limits, memory.shared());
    }

    String name() {
        return name;
    }

    MessageLog log() {
        return log;
    }

    /** Under the sequencer: what the next one to join gets. Changes nothing. */
    Membership next(CometClient client, long after) {
        return new Membership(this, client, joined + 1, after, Membership.OPEN);
    }

    /** Who would be in it together with the next one. */
    Members with(Membership next) {
        return members.with(next);
    }

    /** Who would be in it without this one. */
    Members without(Membership membership) {
        return members.without(membership);
    }

    /** Under the sequencer: from now on these are in it. Needs no memory. */
    void change(Members replacement, boolean oneJoins) {
        members = replacement;
        if (oneJoins) {
            joined++;
        }
    }

    List<CometClient> members() {
        return members.clients();
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
