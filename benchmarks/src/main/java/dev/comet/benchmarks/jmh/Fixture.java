package dev.comet.benchmarks.jmh;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.benchmarks.Payload;
import dev.comet.inproc.InProcCometStateProvider;

/** What every benchmark begins with: Comet with its defaults, and clients that never time out. */
final class Fixture {

    static final String NAME = "bench";

    /** 100 bytes that need no escaping, as in the benchmark over HTTP. */
    static final String PAYLOAD = Payload.text(0, 1, 1);

    private static final int SECONDS = 86_400;

    private Fixture() {}

    static CometStateManager manager() {
        return CometStateManager.builder(new InProcCometStateProvider()).build();
    }

    static CometClient client(CometStateManager comet) {
        return comet.initializeClient(
                CometClient.builder()
                        .displayName(NAME)
                        .connectionTimeoutSeconds(SECONDS)
                        .connectionIdleSeconds(SECONDS)
                        .build());
    }
}
