package dev.comet.postgresql;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Clients as the store keeps them: any characters in what an application describes them by. */
final class Description {

    private Description() {}

    /** In place of a private token: who reads the store cannot subscribe with it. */
    static byte[] hash(String privateToken) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(privateToken.getBytes(UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    /** All of a client but its tokens and its incarnation. */
    static byte[] of(CometClient client) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream to = new DataOutputStream(bytes)) {
            to.writeUTF(client.displayName());
            to.writeInt(client.connectionTimeoutSeconds());
            to.writeInt(client.connectionIdleSeconds());
            to.writeBoolean(client.user() != null);
            to.writeUTF(client.user() == null ? "" : client.user());
            to.writeInt(client.attributes().size());
            for (Map.Entry<String, String> attribute : client.attributes().entrySet()) {
                to.writeUTF(attribute.getKey());
                to.writeUTF(attribute.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /**
     * @param row one of a client
     * @param privateToken null if it is not known: the store has but its hash
     */
    static CometClient client(Answer row, @Nullable String privateToken) {
        CometClient.Builder client =
                CometClient.builder().publicToken(row.text()).incarnation(row.other());
        try (DataInputStream from = new DataInputStream(new ByteArrayInputStream(row.bytes()))) {
            client.displayName(from.readUTF())
                    .connectionTimeoutSeconds(from.readInt())
                    .connectionIdleSeconds(from.readInt());
            boolean hasUser = from.readBoolean();
            String user = from.readUTF();
            if (hasUser) {
                client.user(user);
            }
            for (int left = from.readInt(); left > 0; left--) {
                client.attribute(from.readUTF(), from.readUTF());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return privateToken == null
                ? client.withoutPrivateToken().build()
                : client.privateToken(privateToken).build();
    }
}
