package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.comet.CometClient;
import dev.comet.CometLimits;
import dev.comet.ICometStateProvider;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

abstract class LifeRows extends ProviderRows {

    LifeRows(CometStateProviderContract contract) {
        super(contract);
    }

    @Test
    void start_again_isRefused() {
        ICometStateProvider.Context again =
                new ICometStateProvider.Context(CometLimits.defaults(), clock, listener);

        assertThatIllegalStateException().isThrownBy(() -> provider.start(again));

        CometClient ada = client("ada");
        long id = send(to(ada));
        assertThat(received(ada)).containsExactly(id);
    }

    @Test
    void close_again_doesNothing() {
        client("ada");

        provider.close();
        provider.close();
    }

    @Test
    @DisplayName("M1 ids rise over the end of a provider")
    void sendMessage_afterRestart_idsAreHigher() {
        CometClient ada = client("ada");
        send(999, to(ada));
        long before = send(EVERYONE);

        pass(Duration.ofSeconds(2));
        reopen();

        CometClient bob = client("bob");
        assertThat(provider.confirmedMessageId(bob)).isGreaterThanOrEqualTo(before);
        assertThat(send(to(bob))).isGreaterThan(before);
    }
}
