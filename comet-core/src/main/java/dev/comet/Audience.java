package dev.comet;

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
     * @param incarnation 0 for whoever has the tokens; otherwise the number of the one client that
     *     is meant: whoever has its token after it is not
     */
    record Recipients(List<String> publicTokens, long incarnation) implements Audience {
        public Recipients {
            publicTokens = List.copyOf(publicTokens);
            if (publicTokens.isEmpty()) {
                throw new IllegalArgumentException(
                        "publicTokens is empty; name at least one recipient");
            }
            if (incarnation != 0 && publicTokens.size() > 1) {
                throw new IllegalArgumentException(
                        "incarnation is that of one client; name one recipient");
            }
        }

        /** Whoever has these tokens. */
        public Recipients(List<String> publicTokens) {
            this(publicTokens, 0);
        }

        /** Whether the one who has this number is meant by its token. */
        public boolean means(long number) {
            return incarnation == 0 || incarnation == number;
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

    /** The one client that has this number: {@code CometClient.incarnation()}. */
    static Audience one(String publicToken, long incarnation) {
        return new Recipients(List.of(publicToken), incarnation);
    }

    /** These clients; repetitions count once. */
    static Audience each(Collection<String> publicTokens) {
        return new Recipients(List.copyOf(new LinkedHashSet<>(publicTokens)));
    }
}
