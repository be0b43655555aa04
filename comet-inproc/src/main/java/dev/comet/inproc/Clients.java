package dev.comet.inproc;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Who exists, by either token. Changed under the {@link Sequencer}, looked up by anybody; one that
 * has been ended is found no more, even while it is being removed.
 */
final class Clients {

    private final ConcurrentHashMap<String, ClientRecord> byPrivateToken =
            new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, ClientRecord> byPublicToken = new ConcurrentHashMap<>();

    int count() {
        return byPublicToken.size();
    }

    Collection<ClientRecord> all() {
        return byPublicToken.values();
    }

    List<CometClient> snapshot() {
        return byPublicToken.values().stream()
                .filter(record -> !record.isEnded())
                .map(ClientRecord::client)
                .toList();
    }

    @Nullable ClientRecord findPrivate(String privateToken) {
        return unlessEnded(byPrivateToken.get(privateToken));
    }

    @Nullable ClientRecord findPublic(String publicToken) {
        return unlessEnded(byPublicToken.get(publicToken));
    }

    /** This very client, and none that has its tokens by now. */
    @Nullable ClientRecord find(CometClient client) {
        ClientRecord record = findPrivate(client.privateToken());
        return record != null && record.client().equals(client) ? record : null;
    }

    private static @Nullable ClientRecord unlessEnded(@Nullable ClientRecord record) {
        return record == null || record.isEnded() ? null : record;
    }

    /**
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    ClientRecord existing(CometClient client) {
        ClientRecord record = find(client);
        if (record == null) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST,
                    "this client has ended; connect again");
        }
        return record;
    }

    /**
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    ClientRecord byPublic(String publicToken) {
        // Not shown: what nobody has as a public token may be somebody's private one.
        return existing(findPublic(publicToken), "this public token");
    }

    /**
     * Who is meant by one of the tokens of an audience.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    ClientRecord receiver(String publicToken, Audience.Recipients recipients) {
        ClientRecord record = byPublic(publicToken);
        if (!recipients.means(record.client())) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST,
                    "this client has ended; another one has its public token");
        }
        return record;
    }

    private static ClientRecord existing(@Nullable ClientRecord record, String token) {
        if (record == null) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST, "no client has " + token);
        }
        return record;
    }

    /** Under the sequencer. */
    void requireUnused(CometClient client) {
        if (byPublicToken.containsKey(client.publicToken())) {
            throw exists("public token " + client.publicToken());
        }
        if (byPrivateToken.containsKey(client.privateToken())) {
            throw exists("private token of " + client.publicToken());
        }
    }

    private static CometException exists(String token) {
        return CometException.forDevelopers(
                CometException.Reason.CLIENT_ALREADY_EXISTS,
                "the " + token + " is in use; disconnect that client, or use another");
    }

    /** Under the sequencer. */
    void add(ClientRecord record) {
        boolean added = false;
        try {
            byPublicToken.put(record.client().publicToken(), record);
            byPrivateToken.put(record.client().privateToken(), record);
            added = true;
        } finally {
            if (!added) {
                remove(record); // for want of memory: by half nobody could end it
            }
        }
    }

    /** Under the sequencer. */
    void remove(ClientRecord record) {
        byPrivateToken.remove(record.client().privateToken(), record);
        byPublicToken.remove(record.client().publicToken(), record);
    }

    void clear() {
        byPrivateToken.clear();
        byPublicToken.clear();
    }
}
