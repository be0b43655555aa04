package dev.comet.benchmarks.load;

import dev.comet.benchmarks.Payload;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * What arrived, when, and whether it was the right thing: every message of every sender once and in
 * order, judged at each receiver while it arrives.
 *
 * <p>Times are from when a message was meant to be sent, so that a server that falls behind is
 * charged for the wait.
 */
public final class Tally {

    private static final long MAX_MICROS = TimeUnit.MINUTES.toMicros(2);
    private static final byte[] GAP =
            "\"comet.gap\"".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final Histogram micros = new Histogram(MAX_MICROS, 3);
    private long deliveries;
    private long answers;
    private long skipped;
    private long duplicated;
    private long reordered;
    private long announced;

    /** Looks for payloads in the answer. Returns how many there were. */
    int take(HttpAnswer answer, Conversation conversation) {
        long now = System.nanoTime();
        long skippedBefore = skipped;
        int count = 0;
        for (int at = answer.find(Payload.MARK, answer.bodyFrom);
                at >= 0;
                at = answer.find(Payload.MARK, at + Payload.BYTES)) {
            int sender = Payload.sender(answer.bytes, at) - conversation.firstSender;
            judge(conversation, sender, Payload.number(answer.bytes, at));
            micros.recordValue(
                    Math.min(
                            MAX_MICROS,
                            Math.max(0, (now - Payload.intendedNanos(answer.bytes, at)) / 1_000)));
            count++;
        }
        deliveries += count;
        answers += count > 0 ? 1 : 0;
        // Looked for where it could be: an announcement without a loss would be of no harm here.
        if ((count == 0 || skipped > skippedBefore) && answer.lastNumber(GAP) >= 0) {
            announced++;
        }
        return count;
    }

    /**
     * The last number is remembered, and of the 64 before it which ones are missing: so what comes
     * late is told from what comes twice.
     */
    private void judge(Conversation conversation, int sender, long number) {
        long last = conversation.lastNumbers[sender];
        long missing = conversation.missing[sender];
        if (number > last) {
            long step = number - last;
            if (last > 0 || step > 1) {
                missing = step >= Long.SIZE ? 0 : missing << step;
                if (step > 1) {
                    skipped += step - 1;
                    missing |= step > Long.SIZE ? -1L : (1L << (step - 1)) - 1;
                }
            }
            conversation.lastNumbers[sender] = number;
            conversation.missing[sender] = missing;
            return;
        }
        long age = last - 1 - number;
        if (age >= 0 && age < Long.SIZE && (missing >>> age & 1) == 1) {
            conversation.missing[sender] = missing & ~(1L << age);
            reordered++;
            skipped--;
        } else {
            duplicated++;
        }
    }

    public long deliveries() {
        return deliveries;
    }

    /** Answers that had a delivery, or several. */
    public long answers() {
        return answers;
    }

    /** Times of what has arrived since {@link #forgetTimes}. */
    public Histogram micros() {
        return micros;
    }

    public void forgetTimes() {
        micros.reset();
    }

    /** Messages that never came although later ones of the same sender did. */
    public long skipped() {
        return skipped;
    }

    public long duplicated() {
        return duplicated;
    }

    public long reordered() {
        return reordered;
    }

    /** Answers that said that something was lost. */
    public long announced() {
        return announced;
    }
}
