package dev.comet.redis;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Calls that count once, and whose answer may be lost: whoever asks again uses the key of the call
 * that was not answered, and gets its answer. Safe for use by any number of threads.
 */
final class Unanswered {

    /** Of those that nobody asks again. */
    private static final int MOST = 10_000;

    private final Supplier<String> newKey;
    private final Map<String, String> keys = new LinkedHashMap<>(); // guarded by itself

    Unanswered(Supplier<String> newKey) {
        this.newKey = newKey;
    }

    /**
     * @param what says which calls are the same
     * @param call what to do, by its key
     */
    Reply run(String what, Function<String, Reply> call) {
        String key;
        synchronized (keys) {
            key = keys.remove(what);
        }
        if (key == null) {
            key = newKey.get();
        }
        boolean isAnswered = false;
        try {
            Reply reply = call.apply(key);
            isAnswered = true;
            return reply;
        } finally {
            if (!isAnswered) {
                keep(what, key);
            }
        }
    }

    private void keep(String what, String key) {
        synchronized (keys) {
            keys.put(what, key);
            if (keys.size() > MOST) {
                keys.remove(keys.keySet().iterator().next());
            }
        }
    }
}
