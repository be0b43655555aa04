package dev.comet.inproc;

import dev.comet.CometClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The open memberships of a group in the order of joining. Immutable, in chunks: a join or a leave
 * copies one or two chunks and shares the others, and a list of all members is made without a lock.
 */
final class Members {

    static final int CHUNK = 256;

    static final Members NONE = new Members(new Membership[0][], 0);

    /** None is empty, none longer than CHUNK; all together rise by {@link Membership#number}. */
    private final Membership[][] chunks;

    private final int size;

    private Members(Membership[][] chunks, int size) {
        this.chunks = chunks;
        this.size = size;
    }

    /** With this one, whose number is the highest, at the end. */
    Members with(Membership newest) {
        int last = chunks.length - 1;
        boolean fits = last >= 0 && chunks[last].length < CHUNK;
        Membership[] before = fits ? chunks[last] : new Membership[0];
        Membership[] chunk = Arrays.copyOf(before, before.length + 1);
        chunk[before.length] = newest;
        Membership[][] next = Arrays.copyOf(chunks, fits ? last + 1 : last + 2);
        next[next.length - 1] = chunk;
        return new Members(next, size + 1);
    }

    /** Without this one; the same if it is no member. */
    Members without(Membership gone) {
        int at = chunkOf(gone.number());
        int index = at < chunks.length ? indexIn(chunks[at], gone.number()) : -1;
        if (index < 0) {
            return this;
        }
        Membership[] chunk = without(chunks[at], index);
        if (at + 1 < chunks.length && chunk.length + chunks[at + 1].length <= CHUNK / 2) {
            return replaced(at, 2, joined(chunk, chunks[at + 1]));
        }
        if (at > 0 && chunk.length + chunks[at - 1].length <= CHUNK / 2) {
            return replaced(at - 1, 2, joined(chunks[at - 1], chunk));
        }
        return replaced(at, 1, chunk);
    }

    /** With this chunk, unless it is empty, in the place of some, and one member less. */
    private Members replaced(int from, int count, Membership[] chunk) {
        int kept = chunk.length == 0 ? 0 : 1;
        Membership[][] next = new Membership[chunks.length - count + kept][];
        System.arraycopy(chunks, 0, next, 0, from);
        if (kept == 1) {
            next[from] = chunk;
        }
        System.arraycopy(chunks, from + count, next, from + kept, chunks.length - from - count);
        return new Members(next, size - 1);
    }

    private static Membership[] without(Membership[] chunk, int index) {
        Membership[] less = new Membership[chunk.length - 1];
        System.arraycopy(chunk, 0, less, 0, index);
        System.arraycopy(chunk, index + 1, less, index, less.length - index);
        return less;
    }

    private static Membership[] joined(Membership[] first, Membership[] second) {
        Membership[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** The last chunk that begins at or below this number. */
    private int chunkOf(long number) {
        int low = 0;
        int high = chunks.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (chunks[middle][0].number() <= number) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    /** −1 if none has it. */
    private static int indexIn(Membership[] chunk, long number) {
        for (int i = 0; i < chunk.length; i++) {
            if (chunk[i].number() == number) {
                return i;
            }
        }
        return -1;
    }

    List<CometClient> clients() {
        List<CometClient> clients = new ArrayList<>(size);
        for (Membership[] chunk : chunks) {
            for (Membership membership : chunk) {
                clients.add(membership.client());
            }
        }
        return Collections.unmodifiableList(clients);
    }
}
