package dev.comet.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.CometException;
import dev.comet.CometMessage;
import java.util.ArrayList;
import java.util.List;

/** What a script has returned: first how it went, then numbers, texts, and lists of these. */
record Reply(List<?> parts) {

    /** The first part: 1 or more, it was done; 0, there is no such client; below, why not. */
    long status() {
        return number(0);
    }

    int size() {
        return parts.size();
    }

    long number(int index) {
        return (Long) parts.get(index);
    }

    byte[] bytes(int index) {
        return (byte[]) parts.get(index);
    }

    String text(int index) {
        return new String(bytes(index), UTF_8);
    }

    /** The escaped names that the parts from this one on are. */
    List<String> names(int from) {
        List<String> names = new ArrayList<>(size() - from);
        for (int i = from; i < size(); i++) {
            names.add(Names.unescaped(text(i)));
        }
        return names;
    }

    Reply list(int index) {
        return new Reply((List<?>) parts.get(index));
    }

    /** The messages that the parts from this one on are: an id, and the message. */
    List<CometMessage> messages(int from) {
        List<CometMessage> messages = new ArrayList<>((size() - from) / 2);
        for (int i = from; i < size(); i += 2) {
            messages.add(new CometMessage(number(i), Codec.message(bytes(i + 1))));
        }
        return messages;
    }

    /**
     * This one, if there is such a client.
     *
     * @throws CometException CLIENT_DOES_NOT_EXIST
     */
    Reply ofAClient() {
        if (status() == 0) {
            throw new CometException(
                    CometException.Reason.CLIENT_DOES_NOT_EXIST,
                    "this client has ended; connect again");
        }
        return this;
    }
}
