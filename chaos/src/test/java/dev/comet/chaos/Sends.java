package dev.comet.chaos;

import dev.comet.Audience;
import dev.comet.testkit.internal.HistoryChecker;
import dev.comet.testkit.internal.Verdict;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What was sent, under keys of the judge's own, and what arrived. Of a send whose node was killed,
 * or whose store did not answer, nobody knows whether it was accepted: if it arrived anywhere it
 * was, under one id, and must have arrived at everybody whom it was for. Any thread.
 */
final class Sends {

    private record Open(long began, Audience audience) {}

    private final HistoryChecker history;
    private final Findings findings;
    private final Map<String, Open> open = new ConcurrentHashMap<>();
    private final Map<String, Long> ids = new ConcurrentHashMap<>(); // of those accepted or seen
    private final Map<String, Audience> audiences = new ConcurrentHashMap<>(); // for findings
    private final LongAdder accepted = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private long unknown;
    private long unknownThatArrived;

    Sends(HistoryChecker history, Findings findings) {
        this.history = history;
        this.findings = findings;
    }

    /** Before its node is told. */
    void begins(String key, Audience audience) {
        audiences.put(key, audience);
        open.put(key, new Open(history.sending(), audience));
    }

    void accepted(String key, long id) {
        Open sent = open.remove(key);
        if (sent == null) {
            findings.add("send answered twice", key);
            return;
        }
        history.accepted(sent.began, id, sent.audience);
        accepted.increment();
        hasId(key, id);
    }

    /** For certain. */
    void refused(String key) {
        open.remove(key);
        refused.increment();
    }

    void received(String token, String key, long id) {
        history.received(token, id);
        hasId(key, id);
    }

    private void hasId(String key, long id) {
        Long before = ids.putIfAbsent(key, id);
        if (before != null && before != id) {
            findings.add("send done twice", key + ", as " + before + " and as " + id);
        }
    }

    /** Of one that was accepted, or has arrived; null if neither is known. */
    @Nullable Long id(String key) {
        return ids.get(key);
    }

    /** Once nothing more comes. */
    Verdict judge() {
        unknown = open.size();
        open.forEach(
                (key, sent) -> {
                    Long id = ids.get(key);
                    if (id != null) {
                        unknownThatArrived++;
                        history.accepted(id, sent.audience);
                    }
                });
        Verdict verdict = history.check();
        verdict.faults().forEach(fault -> findings.add(fault.kind().toString(), describe(fault)));
        return verdict;
    }

    private String describe(Verdict.Fault fault) {
        return ids.entrySet().stream()
                .filter(each -> each.getValue().toString().equals(fault.message()))
                .map(Map.Entry::getKey)
                .findAny()
                .map(key -> fault + " (" + key + ", to " + audiences.get(key) + ")")
                .orElseGet(fault::toString);
    }

    @Override
    public String toString() {
        return "%d sends accepted, %d refused, %d unknown (%d of them arrived)"
                .formatted(accepted.sum(), refused.sum(), unknown, unknownThatArrived);
    }
}
