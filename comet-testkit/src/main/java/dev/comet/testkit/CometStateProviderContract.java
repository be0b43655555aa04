package dev.comet.testkit;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.internal.Recording;
import java.time.Duration;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Timeout;

/**
 * What {@link ICometStateProvider} promises, as tests. A provider's author extends it:
 *
 * <pre>{@code
 * class MyProviderContractTest extends CometStateProviderContract {
 *     @Override
 *     protected ICometStateProvider newProvider() {
 *         return new MyProvider();
 *     }
 * }
 * }</pre>
 *
 * <p>Nothing is skipped: where providers may differ, a method says how this one does it. Every test
 * gets a provider of its own; the suite starts and closes it. Names of tests are {@code
 * operation_condition_outcome}; the ids of the guarantees that they prove stand before them.
 *
 * <p>A listener may be called late: the tests wait up to {@link #patience}. What a method has
 * returned must be visible to every call that begins afterwards.
 */
@Timeout(60)
public abstract class CometStateProviderContract {

    /** For subclasses. */
    protected CometStateProviderContract() {}

    /** A provider that has not been started, with an empty store. */
    protected abstract ICometStateProvider newProvider();

    /**
     * A provider that has not been started, as it comes up again after the last one that {@link
     * #newProvider} made was closed: on the same store, if that outlives the provider. By default a
     * new one.
     */
    protected ICometStateProvider reopenProvider() {
        return newProvider();
    }

    /**
     * Lets time pass for the provider. By default only the clock that it was started with moves; a
     * provider whose store has its own time moves that, too.
     */
    protected void pass(ManualClock clock, Duration duration) {
        clock.advance(duration);
    }

    /** How long a call of the listener may take to come, in real time. By default 10 s. */
    protected Duration patience() {
        return Recording.PATIENCE;
    }

    @Nested
    @DisplayName("Life of a provider")
    class Life extends LifeRows {
        Life() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Clients")
    class Clients extends ClientRows {
        Clients() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Idle clients")
    class Idle extends IdleRows {
        Idle() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Sending")
    class Sending extends SendingRows {
        Sending() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Reading and confirming")
    class Reading extends ReadingRows {
        Reading() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Streams: reading without confirming")
    class Streams extends StreamRows {
        Streams() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Own logs that are full")
    class OwnLogs extends OwnLogRows {
        OwnLogs() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Shared logs that turn over")
    class SharedLogs extends SharedLogRows {
        SharedLogs() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("All logs together")
    class Memory extends MemoryRows {
        Memory() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Groups")
    class Groups extends GroupRows {
        Groups() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("What the listener is told")
    class Listening extends ListenerRows {
        Listening() {
            super(CometStateProviderContract.this);
        }
    }

    @Nested
    @DisplayName("Everything at once")
    class Histories extends HistoryRows {
        Histories() {
            super(CometStateProviderContract.this);
        }
    }
}
