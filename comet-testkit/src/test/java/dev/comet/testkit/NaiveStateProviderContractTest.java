package dev.comet.testkit;

import dev.comet.ICometStateProvider;

class NaiveStateProviderContractTest extends CometStateProviderContract {

    @Override
    protected ICometStateProvider newProvider() {
        return new NaiveStateProvider();
    }
}
