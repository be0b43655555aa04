package dev.comet.inproc;

import dev.comet.CometException;
import dev.comet.CometLimits;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The groups, and who was in which from when until when. Changed under the {@link Sequencer},
 * looked up by anybody.
 */
final class Groups {

    private final Sequencer sequencer;
    private final CometLimits limits;
    private final Memory memory;
    private final ConcurrentHashMap<String, GroupLog> byName = new ConcurrentHashMap<>();

    /**
     * Those that nobody is in and nobody has to read, the longest unused first; guarded by the
     * sequencer.
     */
    private final Set<GroupLog> unused = new LinkedHashSet<>();

    Groups(Sequencer sequencer, CometLimits limits, Memory memory) {
        this.sequencer = sequencer;
        this.limits = limits;
        this.memory = memory;
    }

    @Nullable GroupLog find(String name) {
        return byName.get(name);
    }

    /** The names of those that somebody is in. */
    List<String> withMembers() {
        return byName.values().stream()
                .filter(group -> !group.members().isEmpty())
                .map(GroupLog::name)
                .toList();
    }

    /** Under the sequencer. Returns the id after which the group's messages are the client's. */
    long join(ClientRecord record, String name) {
        int index = indexOfOpen(record.memberships(), name);
        if (index >= 0) {
            return record.memberships().get(index).after();
        }
        if (record.memberships().size() >= limits.maxGroupsPerClient()) {
            throw limit(
                    record.client()
                            + " has "
                            + record.memberships().size()
                            + " memberships, counting those it left and has not fetched everything of; CometLimits.maxGroupsPerClient allows no more");
        }
        GroupLog group = findOrMake(name);
        List<Membership> memberships = new ArrayList<>(record.memberships());
        Membership membership = group.next(record.client(), sequencer.top());
        memberships.add(membership);
        Members members = group.with(membership);
        replace(record, memberships, () -> group.change(members, true));
        return sequencer.top();
    }

    private GroupLog findOrMake(String name) {
        GroupLog group = byName.get(name);
        if (group == null) {
            if (byName.size() >= limits.maxGroups()) {
                removeLongestUnused();
            }
            group = new GroupLog(name, limits.sharedLog(), memory);
            byName.put(name, group);
        }
        return group;
    }

    private void removeLongestUnused() {
        Iterator<GroupLog> longestFirst = unused.iterator();
        if (!longestFirst.hasNext()) {
            throw limit(
                    "there are " + byName.size() + " groups; CometLimits.maxGroups allows no more");
        }
        GroupLog longest = longestFirst.next();
        byName.remove(longest.name());
        longestFirst.remove();
        longest.log().discard();
    }

    private static CometException limit(String text) {
        return new CometException(CometException.Reason.LIMIT_REACHED, text);
    }

    /** Under the sequencer. Returns false if the client was no member. */
    boolean leave(ClientRecord record, String name) {
        List<Membership> memberships = new ArrayList<>(record.memberships());
        int index = indexOfOpen(memberships, name);
        if (index < 0) {
            return false;
        }
        Membership open = memberships.get(index);
        GroupLog group = open.group();
        Members members = group.without(open);
        Membership past = open.leftAt(open.group().log().lastIdFor(record));
        boolean isOver = past.isOver(record.confirmedId());
        if (isOver) {
            memberships.remove(index);
        } else {
            memberships.set(index, past);
        }
        replace(
                record,
                memberships,
                () -> {
                    group.change(members, false);
                    if (isOver) {
                        record.forgets(past); // before the membership goes
                    }
                });
        return true;
    }

    /**
     * Forgets the memberships that this client, now at this cursor, has nothing more to expect of.
     */
    void forgetPast(ClientRecord record, long cursor) {
        List<Membership> before = record.memberships();
        int over = 0;
        while (over < before.size() && !before.get(over).isOver(cursor)) {
            over++;
        }
        if (over == before.size()) {
            return; // the common case, without the lock
        }
        sequencer.lock();
        try {
            List<Membership> rest = new ArrayList<>();
            for (Membership membership : record.memberships()) {
                if (membership.isOver(cursor)) {
                    record.forgets(membership);
                } else {
                    rest.add(membership);
                }
            }
            replace(record, rest, () -> {});
        } finally {
            sequencer.unlock();
        }
    }

    /**
     * Under the sequencer. The client is gone. Again after it has failed for want of memory, it
     * does the rest: what needs memory can be repeated, and comes before what counts.
     */
    void forgetAll(ClientRecord record) {
        List<Membership> before = record.memberships();
        boolean prepared = false;
        try {
            for (Membership membership : before) {
                if (membership.isOpen()) {
                    GroupLog group = membership.group();
                    group.change(group.without(membership), false);
                }
                unused.add(membership.group()); // those that others read are taken out below
            }
            prepared = true;
        } finally {
            for (int i = 0; prepared && i < before.size(); i++) {
                before.get(i).group().removeReader();
            }
            takeOutThoseRead(before);
        }
        record.memberships(List.of());
    }

    /**
     * Also counts who still reads which group's log. Happens as a whole or, for want of memory, not
     * at all: what needs some comes first.
     *
     * @param change of the group, which needs none
     */
    private void replace(ClientRecord record, List<Membership> replacement, Runnable change) {
        List<Membership> before = record.memberships();
        List<Membership> after = List.copyOf(replacement);
        try {
            for (Membership membership : before) {
                unused.add(membership.group()); // those that are read are taken out below
            }
            change.run();
            for (int i = 0; i < after.size(); i++) {
                after.get(i).group().addReader();
            }
            for (int i = 0; i < before.size(); i++) {
                before.get(i).group().removeReader();
            }
            record.memberships(after);
        } finally {
            takeOutThoseRead(before);
            takeOutThoseRead(after);
        }
    }

    private void takeOutThoseRead(List<Membership> memberships) {
        for (int i = 0; i < memberships.size(); i++) {
            if (memberships.get(i).group().hasReaders()) {
                unused.remove(memberships.get(i).group());
            }
        }
    }

    private static int indexOfOpen(List<Membership> memberships, String name) {
        for (int i = 0; i < memberships.size(); i++) {
            if (memberships.get(i).isOpen() && memberships.get(i).group().name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** Lets go of what is too old, and of groups that nobody is in and that hold nothing. */
    void tidy(long nowNanos) {
        for (GroupLog group : byName.values()) {
            group.log().expire(nowNanos);
            group.log().unlistIfEmpty();
            if (group.log().isEmpty()) {
                removeIfUnused(group);
            }
        }
    }

    private void removeIfUnused(GroupLog group) {
        sequencer.lock();
        try {
            if (group.log().isEmpty() && !group.hasReaders()) {
                byName.remove(group.name(), group);
                unused.remove(group);
                group.log().discard();
            }
        } finally {
            sequencer.unlock();
        }
    }

    void clear() {
        sequencer.lock();
        try {
            byName.clear();
            unused.clear();
        } finally {
            sequencer.unlock();
        }
    }
}
