package dev.comet.chaos;

import org.jspecify.annotations.Nullable;

/** What clients tell, in order for each. Any thread. */
interface ClientEvents {

    void connected(int slot, String token);

    void connectFailed(int slot, String code);

    void received(String token, long id, String key);

    void asked(String token, long id, String key);

    void gap(String token, long from, long to, String reason);

    /** The server does not know it any more; perhaps it is another client now. */
    void lost(String previous, @Nullable String current);

    void closed(String token, String reason);

    /** Whatever must not happen to a client. */
    void fault(String token, String text);

    void replied(String key, String value);

    void failed(String key, String code);
}
