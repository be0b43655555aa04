package dev.comet.testkit.internal;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What a checker found out about a history.
 *
 * @param faults each single thing that is wrong; empty if the history is as it must be
 * @param accepted how many messages were accepted
 * @param received how many messages were received, counted for each receiver
 * @param announced how many messages did not arrive, as was announced to their receivers
 */
public record Verdict(List<Fault> faults, long accepted, long received, long announced) {

    private static final int SHOWN_OF_A_KIND = 10;

    /** Ways in which a history can be wrong. */
    public enum Kind {
        /** It never arrived, nothing later arrived either, and no gap says so. */
        LOST,
        /** It never arrived although a later message did, and no gap had said so before that. */
        UNANNOUNCED_GAP,
        /** It arrived more than once. */
        DUPLICATED,
        /** It arrived after a message that it should have come before. */
        REORDERED,
        /** It arrived at somebody whom it was not for. */
        WRONG_RECEIVER,
        /** It arrived although it was never accepted. */
        NEVER_ACCEPTED,
        /** A gap says that it was lost, but it was not. */
        FALSE_GAP,
        /** Its id is not above that of a message whose send had returned before its own began. */
        IDS_AGAINST_TIME
    }

    /**
     * One thing that is wrong.
     *
     * @param client whom it happened to; the sender's side is {@code "(senders)"}
     * @param message which one: its id, or its sender and number
     */
    public record Fault(Kind kind, String client, String message, String text) {

        @Override
        public String toString() {
            return client + ": " + message + " " + text;
        }
    }

    /** Copies the list. */
    public Verdict {
        faults = List.copyOf(faults);
    }

    /** Whether nothing is wrong. */
    public boolean isClean() {
        return faults.isEmpty();
    }

    /** How many faults of this kind there are. */
    public long count(Kind kind) {
        return faults.stream().filter(f -> f.kind() == kind).count();
    }

    /** A report for people: how many of each kind, and the first ten of each. */
    @Override
    public String toString() {
        StringBuilder report = new StringBuilder();
        report.append(faults.isEmpty() ? "clean" : faults.size() + " faults");
        report.append(" (").append(accepted).append(" accepted, ").append(received);
        report.append(" received, ").append(announced).append(" announced as lost)");
        Map<Kind, List<Fault>> byKind =
                faults.stream()
                        .collect(
                                Collectors.groupingBy(
                                        Fault::kind, TreeMap::new, Collectors.toList()));
        byKind.forEach(
                (kind, some) -> {
                    report.append("\n  ").append(kind).append(" × ").append(some.size());
                    some.stream()
                            .limit(SHOWN_OF_A_KIND)
                            .forEach(fault -> report.append("\n    ").append(fault));
                    if (some.size() > SHOWN_OF_A_KIND) {
                        report.append("\n    … and ").append(some.size() - SHOWN_OF_A_KIND);
                    }
                });
        return report.toString();
    }
}
