package dev.comet.client;

import dev.comet.client.Exchanges.ResponseHandler;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** The transport that works everywhere: one held request after the other. */
final class Polling implements Transport {

    /** On top of the hold: the way there and back. */
    private static final long GRACE_MILLIS = 10_000;

    /** What fails sooner was not cut because it was held. */
    private static final long CUT_MILLIS = 3_000;

    /** Of what lived: what is cut at 30 s is asked to end after 21. */
    private static final double MARGIN = 0.7;

    private static final int CALM_CAP = 32;
    private static final Set<String> CUT =
            Set.of(
                    CometClientException.NETWORK,
                    CometClientException.SILENCE,
                    CometClientException.UNEXPECTED_STATUS);

    private final Platform platform;
    private final Exchanges exchanges;
    private final long instance;
    private final long full;
    private final boolean always;

    /*
     * How long a request is asked to be held, in seconds, as learned from those that were cut. Grows by half after calm of them have lived that long; a
     * request that is cut when it was to be longer than one that lived doubles calm.
     */
    private long hold;
    private long lived;
    private int calm = 1;
    private int quiet;
    private @Nullable Attempt current;

    /**
     * @param instance by which a client knows its own requests
     * @param full seconds, at most
     * @param always whether to ask for a hold of its own in any case: it is not the server's
     */
    Polling(Platform platform, Exchanges exchanges, long instance, long full, boolean always) {
        this.platform = platform;
        this.exchanges = exchanges;
        this.instance = instance;
        this.full = full;
        this.always = always;
        this.hold = full;
    }

    @Override
    public CometTransport name() {
        return CometTransport.POLL;
    }

    @Override
    public void next(long cursor, boolean prompt, ResponseHandler outcome) {
        long asked = prompt ? 0 : hold;
        String query =
                "/poll?lastMessageId="
                        + cursor
                        + "&instance="
                        + instance
                        + (prompt || always || hold < full ? "&hold=" + asked : "");
        Stopwatch held = new Stopwatch(platform);
        current =
                exchanges.get(
                        query,
                        asked * 1_000 + GRACE_MILLIS,
                        new ResponseHandler() {
                            @Override
                            public void answered(JsonNode body) {
                                if (!prompt && held.millis() >= asked * 900) {
                                    hasLived(asked);
                                }
                                outcome.answered(body);
                            }

                            @Override
                            public void failed(CometClientException error) {
                                long millis = held.millis();
                                if (!prompt && millis >= CUT_MILLIS && CUT.contains(error.code())) {
                                    wasCut(asked, millis);
                                }
                                outcome.failed(error);
                            }
                        });
    }

    @Override
    public boolean isUnderWay() {
        return current != null && !current.isOver();
    }

    @Override
    public void breakOff(String code, String reason) {
        if (current != null) {
            current.breakOff(code, reason);
        }
    }

    @Override
    public void close() {}

    private void hasLived(long held) {
        lived = Math.max(lived, held);
        if (held < full && ++quiet >= calm) {
            quiet = 0;
            hold = Math.min(full, (long) Math.ceil(held * 1.5));
        }
    }

    private void wasCut(long held, long millis) {
        quiet = 0;
        double seconds = Math.min(millis, held * 1_000) / 1_000.0;
        long longest = Math.max(1, (long) (seconds * MARGIN));
        if (held > lived && lived > 0) {
            calm = Math.min(CALM_CAP, calm * 2);
            hold = Math.min(lived, longest);
        } else {
            hold = longest;
        }
        lived = Math.min(lived, hold);
    }
}
