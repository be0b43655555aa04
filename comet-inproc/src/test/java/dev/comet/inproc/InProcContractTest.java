package dev.comet.inproc;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometStateProviderContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("P1: the in-process provider passes the contract")
class InProcContractTest extends CometStateProviderContract {
    @Override
    protected ICometStateProvider newProvider() {
        return new InProcCometStateProvider();
    }
}
