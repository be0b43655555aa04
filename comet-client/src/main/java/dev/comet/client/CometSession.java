package dev.comet.client;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What the server gives a client when it is initialised, and where the client is. Save it to go on
 * after a restart; it contains a secret, which {@link #toString} leaves out. Immutable.
 *
 * @param publicToken the client's address
 * @param privateToken the client's secret
 * @param displayName how the client is shown
 * @param connectionTimeoutSeconds how long the server holds a poll, above 0
 * @param lastMessageId the id of the last message that was handled; 0: everything since the client
 *     was initialised
 */
public record CometSession(
        String publicToken,
        String privateToken,
        String displayName,
        int connectionTimeoutSeconds,
        long lastMessageId) {

    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9\\-._~+/=]{1,256}");
    private static final long MAX_ID = 1L << 53;

    /** Checks what could not work. */
    public CometSession {
        if (publicToken.isBlank()) {
            throw invalid("publicToken is blank; use the one that the server gave");
        }
        if (!TOKEN.matcher(privateToken).matches()) {
            throw invalid(
                    "privateToken is malformed (not shown); use the one that the server gave");
        }
        if (connectionTimeoutSeconds < 1) {
            throw invalid(
                    "connectionTimeoutSeconds is "
                            + connectionTimeoutSeconds
                            + "; use the server's, above 0");
        }
        if (lastMessageId < 0 || lastMessageId >= MAX_ID) {
            throw invalid("lastMessageId is " + lastMessageId + "; use 0 or a message's id");
        }
    }

    /** The same session, after this message. */
    public CometSession at(long messageId) {
        return new CometSession(
                publicToken, privateToken, displayName, connectionTimeoutSeconds, messageId);
    }

    /** What {@code connect} is answered. */
    static CometSession of(JsonNode json) {
        JsonNode seconds = json.path("connectionTimeoutSeconds");
        JsonNode last = json.path("lastMessageId");
        if (!json.path("publicToken").isString()
                || !json.path("privateToken").isString()
                || !seconds.isIntegralNumber()) {
            throw new CometClientException(
                    CometClientException.ANSWER_INVALID,
                    "the answer to connect has no tokens; a server that puts them into cookies is for browsers");
        }
        return new CometSession(
                json.path("publicToken").stringValue(),
                json.path("privateToken").stringValue(),
                text(json.get("displayName")),
                seconds.intValue(),
                last.isIntegralNumber() ? last.longValue() : 0);
    }

    private static String text(@Nullable JsonNode node) {
        return node != null && node.isString() ? node.stringValue() : "";
    }

    private static CometClientException invalid(String text) {
        return new CometClientException(CometClientException.PARAMETERS_INVALID, text);
    }

    @Override
    public String toString() {
        return "CometSession[" + publicToken + ", after " + lastMessageId + "]";
    }
}
