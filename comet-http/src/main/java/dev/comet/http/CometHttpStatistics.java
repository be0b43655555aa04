package dev.comet.http;

import java.time.Duration;
import java.util.Map;

/**
 * What the protocol has refused and what the application's hooks have taken, as running totals, and
 * what it keeps for its peers. What the manager counts is in {@link dev.comet.CometStatistics}.
 *
 * @param refusals how often each error was the answer, by status and code as docs/protocol.md has
 *     them, such as {@code 429 too-many-requests}; those that never occurred are left out. Rising
 *     404 and 429 mean that somebody guesses or floods; 408 and 413 that bodies are slow or long.
 *     What a hook refuses later, by a message, counts as if it had been the answer
 * @param limits which limits the {@code 429 too-many-requests} of these were for, by the option of
 *     {@link CometApplication} that sets them, such as {@code sendsPerClient}, {@code
 *     pendingRepliesPerClient} or {@code pendingRepliesPerAddress}
 * @param hooks calls of the application's hooks
 * @param unreadAnswerBytes what long answers take now that peers have not read yet, of {@link
 *     CometApplication#unreadAnswerBytes}. Near that for long, readers stall: on purpose, if 429
 *     rises too
 */
public record CometHttpStatistics(
        Map<String, Long> refusals, Map<String, Long> limits, Hooks hooks, long unreadAnswerBytes) {

    /**
     * Calls of the connect, connected and message hooks.
     *
     * @param calls how many have ended
     * @param failures how many have thrown something other than a {@code CometException}, have
     *     replied what cannot be sent, or, of those that reply later, have failed so or not replied
     *     within five minutes
     * @param total how long all took together
     * @param longest how long the longest took; a hook keeps a thread of the container for as long
     */
    public record Hooks(long calls, long failures, Duration total, Duration longest) {}
}
