package dev.comet.tests;

import dev.comet.inproc.InProcCometStateProvider;
import dev.comet.testkit.internal.ForwardingProvider;
import org.jspecify.annotations.Nullable;

/** The in-process provider, for tests that get between it and the manager. */
class DelegatingProvider extends ForwardingProvider {

    DelegatingProvider() {
        super(new InProcCometStateProvider());
    }

    @Override
    public @Nullable Attachment attach(String privateToken, long instance) {
        // By the look-up, which tests get between.
        return findClientByPrivateToken(privateToken) == null
                ? null
                : super.attach(privateToken, instance);
    }
}
