package dev.comet.http;

import dev.comet.CometBatch;
import dev.comet.CometClient;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The long answers that peers have not read yet, and the budget for them: a peer that does not read
 * makes the server keep its answer until the container cuts it off, and can ask for more over other
 * connections. Short answers are not counted, and are refused only to a client that has several
 * long ones unread.
 *
 * <p>While the budget is used up, whoever asks is given as many messages as a short answer holds,
 * or refused if that is not even one: so all of them together exceed it by one answer at most, and
 * by what hooks reply, which cannot be refused after the hook has run. Before that a client may
 * have one unread answer, however long, and then as much as is free: who takes much leaves as much
 * to the others (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking
 * 6(2), 1998).
 *
 * <p>Safe for use by any number of threads, without a lock: with one, whoever is stopped while he
 * holds it stops all the others, and every broadcast of long messages would pass through it.
 */
final class UnreadAnswers {

    /** A body up to here is short; containers copy most of them into a buffer that they have. */
    static final int SHORT_BYTES = 8 << 10;

    private static final int RETRY_SECONDS = 1;
    private static final int BITS_OF_BYTES = 48;

    /** In a client's share, one answer; its bytes are counted below that. */
    private static final long ONE_ANSWER = 1L << BITS_OF_BYTES;

    private final long budget;
    private final FaultLog faults;

    // Counts never go up again from 0: then they are, or are about to be, out of their map.
    private final ConcurrentHashMap<CometClient, AtomicLong> shares = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Body, AtomicLong> bodies = new ConcurrentHashMap<>();
    private final AtomicLong bytes = new AtomicLong();

    UnreadAnswers(long budget, FaultLog faults) {
        this.budget = budget;
        this.faults = faults;
    }

    /** By identity: several answers may share one, which counts once. */
    private static final class Body {
        private final byte[] bytes;

        Body(byte[] bytes) {
            this.bytes = bytes;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Body body && body.bytes == bytes;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(bytes);
        }
    }

    /** What they take together. */
    long bytes() {
        return bytes.get();
    }

    /**
     * To be called before anything is done for a client's request.
     *
     * @throws HttpErrorException if the client has several answers that it does not read, and these
     *     take more than is free. With a single one it may be its connection that has broken
     */
    void requireShare(CometClient client) {
        if (bytes.get() > 0 && exceedsItsShare(client)) {
            throw HttpErrorException.answersUnread(RETRY_SECONDS);
        }
    }

    private boolean exceedsItsShare(CometClient client) {
        AtomicLong share = shares.get(client);
        long known = share == null ? 0 : share.get();
        return known >>> BITS_OF_BYTES > 1 && (known & (ONE_ANSWER - 1)) > budget - bytes.get();
    }

    /** Answers, and counts the body until it is written if it is long. */
    void respond(Call call, CometResponse response) {
        if (isShort(response)) {
            call.respond(response);
        } else {
            respondCounted(call, response, true);
        }
    }

    /**
     * Answers with messages: if they are long and nothing is free, with the first of them.
     *
     * @param body what they are as a whole
     */
    void respondOrShorten(Call call, CometBatch batch, byte[] body) {
        CometResponse whole = CometResponse.json(200, body);
        if (isShort(whole)) {
            call.respond(whole);
        } else if (!respondCounted(call, whole, false)) {
            respondWithFirst(call, batch);
        }
    }

    private static boolean isShort(CometResponse response) {
        return response.body().length <= SHORT_BYTES;
    }

    private void respondWithFirst(Call call, CometBatch batch) {
        faults.peer(
                "unread answers",
                "Answers that peers do not read take all "
                        + budget
                        + " bytes (unreadAnswerBytes): until some are read, or ended by the"
                        + " container's timeout for writes, polls are answered with "
                        + SHORT_BYTES
                        + " bytes at most, and refused for longer messages");
        byte[] first = PollEncoder.first(batch, SHORT_BYTES);
        if (first == null) {
            call.refuse(HttpErrorException.answersUnread(RETRY_SECONDS));
        } else {
            call.respond(CometResponse.json(200, first));
        }
    }

    /** Returns false, and has done nothing, if nothing is free and it is not to be sent always. */
    private boolean respondCounted(Call call, CometResponse response, boolean always) {
        Unread answer = new Unread(call.client(), response.body());
        if (!answer.begin(always)) {
            return false;
        }
        try {
            call.respond(response, answer);
        } catch (Throwable e) {
            answer.run();
            throw e;
        }
        return true;
    }

    /** One long answer. To run it is to say that its body is needed no more. */
    private final class Unread extends AtomicBoolean implements Runnable {

        private static final long serialVersionUID = 1L;

        private final transient CometClient client;
        private final transient Body body;

        Unread(CometClient client, byte[] bytes) {
            this.client = client;
            this.body = new Body(bytes);
        }

        /** Returns whether it is counted: always, or if something is free. */
        boolean begin(boolean always) {
            if (!countBody(always)) {
                return false;
            }
            boolean counted = false;
            try {
                countShare();
                counted = true;
            } finally {
                if (!counted) {
                    freeBody(); // no memory
                }
            }
            set(true);
            return true;
        }

        @Override
        public void run() {
            if (compareAndSet(true, false)) {
                free(shares, client, ONE_ANSWER + length());
                freeBody();
            }
        }

        private int length() {
            return body.bytes.length;
        }

        private boolean countBody(boolean always) {
            while (!addIfCounted(bodies, body, 1)) { // one that others are sent, too, costs nothing
                if (!reserve(always)) {
                    return false;
                }
                if (isFirst()) {
                    return true;
                }
            }
            return true;
        }

        private boolean reserve(boolean always) {
            long before = bytes.getAndUpdate(now -> always || now < budget ? now + length() : now);
            return always || before < budget;
        }

        /** Whether the bytes that were reserved are for this one; if not, gives them back. */
        private boolean isFirst() {
            boolean isFirst = false;
            try {
                isFirst = bodies.putIfAbsent(body, new AtomicLong(1)) == null;
            } finally {
                if (!isFirst) {
                    bytes.addAndGet(-length());
                }
            }
            return isFirst;
        }

        private void countShare() {
            long more = ONE_ANSWER + length();
            while (!addIfCounted(shares, client, more)
                    && shares.putIfAbsent(client, new AtomicLong(more)) != null) {}
        }

        private void freeBody() {
            if (free(bodies, body, 1)) {
                bytes.addAndGet(-length());
            }
        }
    }

    /** Returns false, and has added nothing, if nothing is counted there. */
    private static <K> boolean addIfCounted(
            ConcurrentHashMap<K, AtomicLong> counts, K key, long more) {
        AtomicLong known = counts.get(key);
        if (known == null) {
            return false;
        }
        if (known.getAndUpdate(now -> now == 0 ? 0 : now + more) != 0) {
            return true;
        }
        counts.remove(key, known);
        return false;
    }

    /** Takes no memory. Returns whether nothing is counted there any more. */
    private static <K> boolean free(ConcurrentHashMap<K, AtomicLong> counts, K key, long count) {
        AtomicLong known = counts.get(key);
        if (known == null || known.addAndGet(-count) != 0) {
            return false;
        }
        counts.remove(key, known);
        return true;
    }
}
