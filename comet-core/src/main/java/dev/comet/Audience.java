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
     * Which client is meant by the token that is named here: 0 for whoever has it; otherwise the
     * {@linkplain CometClient#incarnation() number} of the one client that is meant, and whoever
     * has its token after it is not.
     */
    long incarnation();

    /** Whether this client, who has a token that is named here, is meant by it. */
    default boolean means(CometClient client) {
        return incarnation() == 0 || incarnation() == client.incarnation();
    }

    /**
     * Exactly these clients, each through its own log, all under the same message id.
     *
     * @param publicTokens at least one, without repetitions; one, if it is with an incarnation
     * @param incarnation as {@link Audience#incarnation}
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
    }

    /**
     * Every client that exists when the message is accepted, through the one log of everyone.
     *
     * @param exceptPublicToken a client that shall not get it, or null; a token that nobody has
     *     excludes nobody
     * @param incarnation of that client, as {@link Audience#incarnation}
     */
    record Everyone(@Nullable String exceptPublicToken, long incarnation) implements Audience {
        public Everyone {
            requireOne(exceptPublicToken, incarnation);
        }

        /** All but whoever has this token. */
        public Everyone(@Nullable String exceptPublicToken) {
            this(exceptPublicToken, 0);
        }
    }

    /**
     * Every client that is in the group when the message is accepted, through the group's one log.
     *
     * @param group the group's name
     * @param exceptPublicToken as that of {@link Everyone}
     * @param incarnation of that client, as {@link Audience#incarnation}
     */
    record Group(String group, @Nullable String exceptPublicToken, long incarnation)
            implements Audience {
        public Group {
            requireOne(exceptPublicToken, incarnation);
        }

        /** All but whoever has this token. */
        public Group(String group, @Nullable String exceptPublicToken) {
            this(group, exceptPublicToken, 0);
        }
    }

    private static void requireOne(@Nullable String token, long incarnation) {
        if (token == null && incarnation != 0) {
            throw new IllegalArgumentException(
                    "incarnation is that of a client; name it by its public token, too");
        }
    }

    /** Whoever has this token. */
    static Audience one(String publicToken) {
        return new Recipients(List.of(publicToken));
    }

    /** This very client. */
    static Audience one(CometClient client) {
        return new Recipients(List.of(client.publicToken()), client.incarnation());
    }

    /** These clients; repetitions count once. */
    static Audience each(Collection<String> publicTokens) {
        return new Recipients(List.copyOf(new LinkedHashSet<>(publicTokens)));
    }
}
