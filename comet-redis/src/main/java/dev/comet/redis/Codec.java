package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import dev.comet.EncodedMessage;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Messages and clients as the store keeps them. */
final class Codec {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int NONE = -1;

    private Codec() {}

    /** Name and correlation id with their lengths before them, then the contents. */
    static byte[] message(EncodedMessage message) {
        byte[] name = message.name().getBytes(UTF_8);
        String correlationId = message.correlationId();
        byte[] correlation = correlationId == null ? new byte[0] : correlationId.getBytes(UTF_8);
        byte[] contents = message.contentsJson();
        return ByteBuffer.allocate(8 + name.length + correlation.length + contents.length)
                .putInt(name.length)
                .put(name)
                .putInt(correlationId == null ? NONE : correlation.length)
                .put(correlation)
                .put(contents)
                .array();
    }

    static EncodedMessage message(byte[] stored) {
        ByteBuffer from = ByteBuffer.wrap(stored);
        String name = text(from, from.getInt());
        int length = from.getInt();
        String correlationId = length == NONE ? null : text(from, length);
        byte[] contents = new byte[from.remaining()];
        from.get(contents);
        return new EncodedMessage(name, correlationId, contents);
    }

    private static String text(ByteBuffer from, int length) {
        byte[] bytes = new byte[length];
        from.get(bytes);
        return new String(bytes, UTF_8);
    }

    /** All of a client but its tokens and its incarnation. */
    static byte[] client(CometClient client) {
        ObjectNode node = JSON.createObjectNode();
        node.put("name", client.displayName());
        node.put("timeout", client.connectionTimeoutSeconds());
        node.put("idle", client.connectionIdleSeconds());
        if (client.user() != null) {
            node.put("user", client.user());
        }
        ObjectNode attributes = node.putObject("attributes");
        client.attributes().forEach(attributes::put);
        return JSON.writeValueAsBytes(node);
    }

    /**
     * @param privateToken null if it is not known: the store has but its hash
     */
    static CometClient client(
            String publicToken, @Nullable String privateToken, long incarnation, byte[] stored) {
        JsonNode node = JSON.readTree(stored);
        Map<String, String> attributes = new LinkedHashMap<>();
        node.path("attributes").forEachEntry((key, value) -> attributes.put(key, value.asString()));
        CometClient.Builder builder =
                CometClient.builder()
                        .publicToken(publicToken)
                        .displayName(node.path("name").asString())
                        .connectionTimeoutSeconds(node.path("timeout").asInt())
                        .connectionIdleSeconds(node.path("idle").asInt())
                        .incarnation(incarnation);
        attributes.forEach(builder::attribute);
        if (node.has("user")) {
            builder.user(node.path("user").asString());
        }
        return privateToken == null
                ? builder.withoutPrivateToken().build()
                : builder.privateToken(privateToken).build();
    }
}
