package dev.comet.benchmarks.load;

import dev.comet.benchmarks.server.Server.Language;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The clients of one run, and what they do together. */
public final class Clients {

    private final LoadClient load;
    private final Language language;
    private int count;

    public Clients(LoadClient load, Language language) {
        this.load = load;
        this.language = language;
    }

    /**
     * So many clients who listen to everyone's messages.
     *
     * @param lastNumber of the messages sent so far, which they are not to receive
     */
    public void connect(int more, List<String> tokens, long lastNumber) throws IOException {
        List<Conversation> conversations = new ArrayList<>();
        for (int i = 0; i < more; i++) {
            Conversation conversation = conversation(++count, 0, 1, "/all", tokens, i);
            conversation.lastNumbers[0] = lastNumber;
            conversations.add(conversation);
        }
        load.connect(conversations);
    }

    /** So many clients in rooms, who post in turn. */
    public Posting connectInRooms(int more, int roomSize, List<String> tokens) throws IOException {
        List<Conversation> conversations = new ArrayList<>();
        int first = count + 1;
        for (int i = 0; i < more; i++) {
            int room = i / roomSize;
            conversations.add(
                    conversation(
                            ++count,
                            first + room * roomSize,
                            roomSize,
                            "/rooms/" + room,
                            tokens,
                            i));
        }
        load.connect(conversations);
        Senders senders = new Senders(conversations, roomSize);
        return (posts, intervalNanos) -> load.post(senders, posts, intervalNanos);
    }

    /** Posts at a rate. */
    public interface Posting {
        void post(int posts, long intervalNanos) throws IOException;
    }

    private Conversation conversation(
            int client,
            int firstSender,
            int senders,
            String channel,
            List<String> tokens,
            int index) {
        return switch (language) {
            case COMET_STREAM ->
                    new StreamConversation(
                            "/push/stream",
                            "Authorization: Bearer " + tokens.get(index) + "\r\n",
                            new CometConversation(client, firstSender, senders, tokens.get(index)));
            case NCHAN_STREAM ->
                    new StreamConversation(
                            "/push/sub" + channel,
                            "",
                            new NchanConversation(client, firstSender, senders, channel));
            case COMET -> new CometConversation(client, firstSender, senders, tokens.get(index));
            case ATMOSPHERE -> new AtmosphereConversation(client, firstSender, senders, channel);
            case NCHAN -> new NchanConversation(client, firstSender, senders, channel);
            case COMETD -> new CometdConversation(client, firstSender, senders, channel, false);
            case COMETD_ACK -> new CometdConversation(client, firstSender, senders, channel, true);
        };
    }
}
