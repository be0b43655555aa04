package dev.comet.client;

import org.jspecify.annotations.Nullable;

/**
 * Something that may take for ever, and ends once: with what it was for, with a failure, when its
 * time is over, or broken off. What comes after its end reaches nobody. Belongs to its strand.
 */
abstract class Attempt {

    private final Deadline deadline;
    private boolean over;

    Attempt(Platform platform, Strand strand, long millis) {
        deadline =
                new Deadline(
                        platform,
                        strand,
                        millis,
                        late ->
                                breakOff(
                                        late
                                                ? CometClientException.SLEPT
                                                : CometClientException.SILENCE,
                                        late
                                                ? "this machine was asleep"
                                                : "no answer for " + millis + " ms"));
    }

    /** Gives up what is under way; then {@link #ended} is called. */
    abstract void abort();

    /** It has failed. */
    abstract void ended(CometClientException error);

    final boolean isOver() {
        return over;
    }

    /** Returns whether it was not over: then it is now. */
    final boolean settle() {
        if (over) {
            return false;
        }
        over = true;
        deadline.cancel();
        return true;
    }

    final void fail(CometClientException error) {
        if (settle()) {
            ended(error);
        }
    }

    final void breakOff(String code, String reason) {
        breakOff(code, reason, null);
    }

    final void breakOff(String code, String reason, @Nullable Throwable cause) {
        if (settle()) {
            Log.failuresOf(this::abort);
            ended(new CometClientException(code, reason, cause));
        }
    }
}
