package dev.comet.http;

import dev.comet.CometClient;
import dev.comet.CometException;
import java.security.Principal;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.InvalidDefinitionException;
import tools.jackson.databind.json.JsonMapper;

/** A newcomer that asks to become a client. Valid while the hook that gets it runs. */
public final class ConnectRequest {

    private final CometExchange exchange;
    private final String remoteAddress;
    private final JsonNode details;
    private final JsonMapper mapper;
    private final @Nullable CometClient client;

    ConnectRequest(
            CometExchange exchange,
            String remoteAddress,
            JsonNode details,
            JsonMapper mapper,
            @Nullable CometClient client) {
        this.exchange = exchange;
        this.remoteAddress = remoteAddress;
        this.details = details;
        this.mapper = mapper;
        this.client = client;
    }

    /**
     * The JSON object that the newcomer sent; an empty one if it sent nothing. Not to be trusted.
     */
    public JsonNode details() {
        return details;
    }

    /**
     * The details as the given type.
     *
     * @throws CometException PARAMETERS_INVALID if they do not fit: leave it to become the answer
     * @throws IllegalStateException if nothing would fit, because Jackson cannot make the type
     */
    public <T> T details(Class<T> type) {
        return converted(mapper, "details", details, type);
    }

    /** A text among the details, or the default if there is none of that name. */
    public String text(String name, String absent) {
        JsonNode value = details.get(name);
        return value != null && value.isString() ? value.stringValue() : absent;
    }

    /**
     * The client that this browser has already, by its cookie, or null if it has none: then it is a
     * newcomer in fact. So is who has logged in, or out, or in as somebody else since: the client
     * of another {@linkplain CometClient#user() user} is not shown. A hook that returns it keeps
     * it, whatever else may have changed.
     */
    public @Nullable CometClient client() {
        return client;
    }

    /** Who the container says is calling, or null if it has not asked. */
    public @Nullable Principal principal() {
        return exchange.principal();
    }

    /** The newcomer's network address, as {@link CometApplication#clientAddress} finds it. */
    public String remoteAddress() {
        return remoteAddress;
    }

    CometExchange exchange() {
        return exchange;
    }

    /** The first value of a header, or null. */
    public @Nullable String header(String name) {
        return exchange.header(name);
    }

    @Override
    public String toString() {
        return "ConnectRequest[" + remoteAddress + "]";
    }

    /** Whether no JSON at all would fit. */
    private static boolean isOfTheType(JacksonException e) {
        return e instanceof InvalidDefinitionException
                || e.getCause() instanceof IllegalAccessException;
    }

    static <T> T converted(JsonMapper mapper, String what, JsonNode json, Class<T> type) {
        try {
            return mapper.treeToValue(json, type);
        } catch (JacksonException e) {
            if (isOfTheType(e)) {
                throw new IllegalStateException(
                        what
                                + " cannot become a "
                                + type.getName()
                                + ", whatever a client sends; if its module is a named one, it needs"
                                + " \"opens "
                                + type.getPackageName()
                                + " to tools.jackson.databind;\"",
                        e);
            }
            // The mapper's own text names classes and quotes values; only the path is the peer's
            // business.
            StringBuilder path = new StringBuilder(what);
            for (JacksonException.Reference step : e.getPath()) {
                path.append(
                        step.getPropertyName() == null
                                ? "[" + step.getIndex() + "]"
                                : "." + step.getPropertyName());
            }
            throw new CometException(
                    CometException.Reason.PARAMETERS_INVALID,
                    path + " has not the form that the application expects",
                    e);
        }
    }
}
