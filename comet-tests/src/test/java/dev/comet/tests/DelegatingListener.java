package dev.comet.tests;

import dev.comet.CometClient;
import dev.comet.CometClientEventHandler.EndReason;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import org.jspecify.annotations.Nullable;

/** For tests that get between a provider and its manager. */
class DelegatingListener implements ICometStateProvider.Listener {

    private final ICometStateProvider.Listener to;

    DelegatingListener(ICometStateProvider.Listener to) {
        this.to = to;
    }

    @Override
    public void everyoneGrew() {
        to.everyoneGrew();
    }

    @Override
    public void groupGrew(String group) {
        to.groupGrew(group);
    }

    @Override
    public void clientGrew(CometClient client) {
        to.clientGrew(client);
    }

    @Override
    public void joined(CometClient client, String group) {
        to.joined(client, group);
    }

    @Override
    public void left(CometClient client, String group) {
        to.left(client, group);
    }

    @Override
    public void superseded(CometClient client, long generation, long instance) {
        to.superseded(client, generation, instance);
    }

    @Override
    public void ended(CometClient client, @Nullable EndReason reason) {
        to.ended(client, reason);
    }

    @Override
    public void replied(CometClient client, EncodedMessage reply) {
        to.replied(client, reply);
    }
}
