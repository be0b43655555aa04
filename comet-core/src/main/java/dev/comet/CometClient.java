package dev.comet;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Who is connected. The <b>public token</b> is the client's address and may be known to others; the
 * <b>private token</b> is the secret with which it fetches its messages.
 *
 * <p>Immutable. Neither {@link #toString()} nor Jackson ever shows the private token: sent as a
 * message's contents, a client is {@code {"publicToken":…,"displayName":…}}.
 *
 * <p><b>Incarnations.</b> Tokens can be used again when their client has ended. What {@link
 * CometStateManager#initializeClient} returns is one client from its beginning to its end, and
 * equal to no other with the same tokens: whatever is done to it, however late, never touches the
 * one that follows.
 */
@JsonAutoDetect(
        fieldVisibility = JsonAutoDetect.Visibility.NONE,
        getterVisibility = JsonAutoDetect.Visibility.NONE,
        isGetterVisibility = JsonAutoDetect.Visibility.NONE)
public final class CometClient {

    private static final int ANY_PUBLIC_TOKEN = 1;
    private static final int ANY_PRIVATE_TOKEN = 2;
    private static final int ANY_DISPLAY_NAME = 4;

    private final String publicToken;
    private final String privateToken;
    private final String displayName;
    private final int connectionTimeoutSeconds;
    private final int connectionIdleSeconds;
    private final Map<String, String> attributes;
    private final @Nullable String user;

    /**
     * Of a client that was born, its number, above 0. Of a description what its builder left to
     * chance, as bits, negated: there are many clients, and three fields more would make each
     * bigger.
     */
    private final long number;

    private CometClient(Builder builder) {
        this.publicToken =
                Arguments.publicToken(
                        builder.publicToken == null ? randomToken() : builder.publicToken);
        this.privateToken =
                builder.withoutPrivateToken
                        ? ""
                        : Arguments.privateToken(
                                builder.privateToken == null
                                        ? randomToken()
                                        : builder.privateToken);
        if (publicToken.equals(privateToken)) {
            throw Arguments.invalid(
                    "privateToken equals publicToken; a secret must differ from the address that others know");
        }
        this.displayName =
                Arguments.displayName(
                        builder.displayName == null ? publicToken : builder.displayName);
        this.connectionTimeoutSeconds =
                Arguments.seconds("connectionTimeoutSeconds", builder.connectionTimeoutSeconds);
        this.connectionIdleSeconds =
                Arguments.seconds("connectionIdleSeconds", builder.connectionIdleSeconds);
        this.attributes = Arguments.attributes(builder.attributes);
        this.user = builder.user == null ? null : Arguments.user(builder.user);
        this.number =
                builder.incarnation > 0
                        ? builder.incarnation
                        : -((builder.publicToken == null ? ANY_PUBLIC_TOKEN : 0)
                                + (builder.privateToken == null ? ANY_PRIVATE_TOKEN : 0)
                                + (builder.displayName == null ? ANY_DISPLAY_NAME : 0));
    }

    private CometClient(CometClient description, @Nullable String user, long number) {
        this.publicToken = description.publicToken;
        this.privateToken = description.privateToken;
        this.displayName = description.displayName;
        this.connectionTimeoutSeconds = description.connectionTimeoutSeconds;
        this.connectionIdleSeconds = description.connectionIdleSeconds;
        this.attributes = description.attributes;
        this.user = user;
        this.number = number;
    }

    /** A client yet to be described; what is not set gets a default. */
    public static Builder builder() {
        return new Builder();
    }

    /** The address for senders. */
    @JsonProperty("publicToken")
    public String publicToken() {
        return publicToken;
    }

    /**
     * The secret to subscribe with: hand it to this client alone. Empty if the client was found by
     * something else than this token in a store that keeps but its hash, as that of Redis does.
     */
    public String privateToken() {
        return privateToken;
    }

    /** A name for people. */
    @JsonProperty("displayName")
    public String displayName() {
        return displayName;
    }

    /** How long one request is held while there is nothing to say, in seconds. */
    public int connectionTimeoutSeconds() {
        return connectionTimeoutSeconds;
    }

    /**
     * How long the client may stay away after its last answered request before it is ended, in
     * seconds.
     */
    public int connectionIdleSeconds() {
        return connectionIdleSeconds;
    }

    /** What the application wants to remember of the client; in the order in which it was set. */
    public Map<String, String> attributes() {
        return attributes;
    }

    /**
     * Who is logged in at this client, or null if nobody is: the name of the principal, as the
     * container gives it. No peer is ever told. What tells requests by cookie of one user from
     * those of another.
     */
    public @Nullable String user() {
        return user;
    }

    /**
     * This description, for a client of this {@linkplain #user() user}.
     *
     * @throws CometException {@link CometException.Reason#PARAMETERS_INVALID} if it has more than
     *     8,192 characters
     */
    public CometClient withUser(String user) {
        return new CometClient(this, Arguments.user(user), Math.min(0, number));
    }

    /**
     * Which of the clients that have had these tokens it is: a number above 0 that no other of them
     * has. 0 for a description that was never initialised.
     */
    public long incarnation() {
        return Math.max(0, number);
    }

    /**
     * Whether the other client is what initialising this description would make: it has the user,
     * the attributes and times, the tokens that the description was given, and its display name. A
     * token that was left to chance may be any.
     */
    public boolean describes(CometClient other) {
        return (isAny(ANY_PUBLIC_TOKEN) || publicToken.equals(other.publicToken))
                && (isAny(ANY_PRIVATE_TOKEN) || privateToken.equals(other.privateToken))
                && other.displayName.equals(
                        isAny(ANY_DISPLAY_NAME) ? other.publicToken : displayName)
                && connectionTimeoutSeconds == other.connectionTimeoutSeconds
                && connectionIdleSeconds == other.connectionIdleSeconds
                && attributes.equals(other.attributes)
                && Objects.equals(user, other.user);
    }

    private boolean isAny(int bit) {
        return number < 0 && (-number & bit) != 0;
    }

    /** A client of this description that has not been before. */
    CometClient born() {
        return new CometClient(this, user, ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE));
    }

    Duration connectionTimeout() {
        return Duration.ofSeconds(connectionTimeoutSeconds);
    }

    Duration connectionIdle() {
        return Duration.ofSeconds(connectionIdleSeconds);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || (other instanceof CometClient client
                        && client.incarnation() == incarnation()
                        && client.publicToken.equals(publicToken));
    }

    @Override
    public int hashCode() {
        return 31 * publicToken.hashCode() + Long.hashCode(incarnation());
    }

    @Override
    public String toString() {
        return "CometClient[" + publicToken + ", " + displayName + "]";
    }

    /** 144 bits: unguessable, and a multiple of 24 so that Base64 needs no padding. */
    static String randomToken() {
        byte[] bits = new byte[18];
        Randomness.SECURE.nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    private static final class Randomness {
        static final SecureRandom SECURE = new SecureRandom();
    }

    /** Describes a client. Not safe for use by several threads. */
    public static final class Builder {

        private @Nullable String publicToken;
        private @Nullable String privateToken;
        private @Nullable String displayName;
        private int connectionTimeoutSeconds = 25;
        private int connectionIdleSeconds = 60;
        private final Map<String, String> attributes = new LinkedHashMap<>();
        private @Nullable String user;
        private long incarnation;
        private boolean withoutPrivateToken;

        private Builder() {}

        /**
         * The address for senders: 1–256 characters without control characters. Default: 144 random
         * bits.
         */
        public Builder publicToken(String publicToken) {
            this.publicToken = publicToken;
            return this;
        }

        /**
         * The secret to subscribe with: 1–256 characters of {@code A–Z a–z 0–9 - . _ ~ + / =}. An
         * application that brings its own makes it unguessable. Default: 144 random bits.
         */
        public Builder privateToken(String privateToken) {
            this.privateToken = privateToken;
            return this;
        }

        /**
         * For providers that keep but a hash of the private token: it is not known, and nobody can
         * subscribe with what is in its place.
         */
        public Builder withoutPrivateToken() {
            this.withoutPrivateToken = true;
            return this;
        }

        /**
         * A name for people, 1–256 characters without control characters. Default: the public
         * token.
         */
        public Builder displayName(String displayName) {
            this.displayName = displayName;
            return this;
        }

        /**
         * How long one request is held, in seconds, 1 to 86,400. Default 25: below the 30 s and 60
         * s after which common proxies cut a silent request.
         */
        public Builder connectionTimeoutSeconds(int connectionTimeoutSeconds) {
            this.connectionTimeoutSeconds = connectionTimeoutSeconds;
            return this;
        }

        /**
         * How long the client may stay away after its last answered request, in seconds, 1 to
         * 86,400. Default 60: long enough for a change of network or a page that is reloaded.
         */
        public Builder connectionIdleSeconds(int connectionIdleSeconds) {
            this.connectionIdleSeconds = connectionIdleSeconds;
            return this;
        }

        /**
         * Remembers something with the client: at most 32 attributes, keys of 1–128 and values of
         * up to 1,024 characters.
         */
        public Builder attribute(String key, String value) {
            attributes.put(key, value);
            return this;
        }

        /**
         * Who is logged in at this client, up to 8,192 characters. Default: nobody; of a client
         * that connects over HTTP, the principal that the container names. What a log-in of the
         * application's own calls its users, if the container knows nothing of them, is an
         * attribute: this one is compared with the principal of requests.
         */
        public Builder user(String user) {
            this.user = user;
            return this;
        }

        /**
         * For state providers: the number of a client that they have stored, at least 1.
         *
         * @throws CometException {@link CometException.Reason#PARAMETERS_INVALID} if it is less
         */
        public Builder incarnation(long incarnation) {
            if (incarnation < 1) {
                throw Arguments.invalid("incarnation is " + incarnation + "; use 1 or more");
            }
            this.incarnation = incarnation;
            return this;
        }

        /**
         * The finished value.
         *
         * @throws CometException {@link CometException.Reason#PARAMETERS_INVALID} if a value breaks
         *     its rule
         */
        public CometClient build() {
            return new CometClient(this);
        }
    }
}
