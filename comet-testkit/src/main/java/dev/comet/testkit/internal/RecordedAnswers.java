package dev.comet.testkit.internal;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import java.util.ArrayList;
import java.util.List;

/**
 * Watches held requests: each one is to be answered exactly once.
 *
 * <pre>{@code
 * RecordedAnswers answers = new RecordedAnswers();
 * RecordedAnswers.Request poll = answers.watch(manager.endpoint().beginSubscribe(token, 0, null, 0));
 * …
 * assertThat(poll.await().outcome()).isEqualTo(Outcome.MESSAGES);
 * answers.assertEachAnsweredOnce();
 * }</pre>
 *
 * <p>Safe for use by any number of threads. Waits are bounded by 10 s of real time and then fail.
 */
public final class RecordedAnswers {

    private final List<Request> requests = new ArrayList<>(); // guarded by this

    /** Watches nothing yet. */
    public RecordedAnswers() {}

    /** Watches one more request; its answer is recorded on the thread that completes it. */
    public Request watch(CometAsyncResult result) {
        Request request = new Request();
        synchronized (this) {
            requests.add(request);
        }
        result.whenCompleted(request.answers::add);
        return request;
    }

    /** All requests, in the order in which they were given to {@link #watch}. */
    public synchronized List<Request> requests() {
        return List.copyOf(requests);
    }

    /** How many answers there are by now, of all requests. */
    public int count() {
        return requests().stream().mapToInt(Request::count).sum();
    }

    /** Waits until every request has its answer. */
    public void awaitAll() {
        requests().forEach(Request::await);
    }

    /** Fails unless every request has exactly one answer by now. */
    public void assertEachAnsweredOnce() {
        List<Request> all = requests();
        for (int i = 0; i < all.size(); i++) {
            List<CometAnswer> answers = all.get(i).answers.all();
            if (answers.size() != 1) {
                throw new AssertionError(
                        "request %d of %d was answered %d times: %s"
                                .formatted(i + 1, all.size(), answers.size(), answers));
            }
        }
    }

    /** One watched request. */
    public static final class Request {

        private final Recording<CometAnswer> answers = new Recording<>();

        private Request() {}

        /** The answer, once there is one. */
        public CometAnswer await() {
            return answers.await(1, any -> true, "the answer of a held request").get(0);
        }

        /** Whether there is an answer by now. */
        public boolean isAnswered() {
            return count() > 0;
        }

        /** How often the request was answered by now: more than once is a fault. */
        public int count() {
            return answers.all().size();
        }
    }
}
