package dev.comet.spi;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whom a message is for. A provider appends the message once to each log that the audience names:
 * the log of everyone, of a group, or the recipients' own.
 */
public sealed interface Audience {

    /**
     * Exactly these clients, each through its own log, all under the same message id.
     *
     * @param publicTokens at least one, without repetitions
     */
    record Recipients(List<String> publicTokens) implements Audience {
        public Recipients {
            publicTokens = List.copyOf(publicTokens);
            if (publicTokens.isEmpty()) {
                throw new IllegalArgumentException(
                        "publicTokens is empty; name at least one recipient");
            }
        }
    }

    /**
     * Every client that exists when the message is accepted, through the one log of everyone.
     *
     * @param exceptPublicToken a client that shall not get it, or null; a token that nobody has
     *     excludes nobody
     */
    record Everyone(@Nullable String exceptPublicToken) implements Audience {}

    /**
     * Every client that is in the group when the message is accepted, through the group's one log.
     *
     * @param group the group's name
     * @param exceptPublicToken a client that shall not get it, or null; a token that nobody has
     *     excludes nobody
     */
    record Group(String group, @Nullable String exceptPublicToken) implements Audience {}

    /** One client. */
    static Audience one(String publicToken) {
        return new Recipients(List.of(publicToken));
    }

    /** These clients; repetitions count once. */
    static Audience each(Collection<String> publicTokens) {
        return new Recipients(List.copyOf(new LinkedHashSet<>(publicTokens)));
    }
}
