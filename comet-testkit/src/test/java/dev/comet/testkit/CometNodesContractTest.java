package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.comet.testkit.internal.SharedStore.Fault;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** The contract of nodes itself: a store without a fault passes it, and each fault is found. */
class CometNodesContractTest {

    static final class Right extends SharedStoreContract {}

    static final class SupersedesPerNodeOnly extends SharedStoreContract {
        SupersedesPerNodeOnly() {
            super(Fault.SUPERSEDES_PER_NODE_ONLY);
        }
    }

    static final class KillsByItsOwnClock extends SharedStoreContract {
        KillsByItsOwnClock() {
            super(Fault.KILLS_BY_ITS_OWN_CLOCK);
        }
    }

    static final class TellsNoOtherNodeOfAnEnd extends SharedStoreContract {
        TellsNoOtherNodeOfAnEnd() {
            super(Fault.TELLS_NO_OTHER_NODE_OF_AN_END);
        }
    }

    static final class ForgetsOrphans extends SharedStoreContract {
        ForgetsOrphans() {
            super(Fault.FORGETS_ORPHANS);
        }
    }

    static final class KillsOrphansTwice extends SharedStoreContract {
        KillsOrphansTwice() {
            super(Fault.KILLS_ORPHANS_TWICE);
        }
    }

    static final class RepeatsGenerations extends SharedStoreContract {
        RepeatsGenerations() {
            super(Fault.REPEATS_GENERATIONS);
        }
    }

    static final class PassesRepliesTwice extends SharedStoreContract {
        PassesRepliesTwice() {
            super(Fault.PASSES_REPLIES_TWICE);
        }
    }

    static final class RepeatsIds extends SharedStoreContract {
        RepeatsIds() {
            super(Fault.REPEATS_IDS);
        }
    }

    static final class LosesInSilence extends SharedStoreContract {
        LosesInSilence() {
            super(Fault.LOSES_IN_SILENCE);
        }
    }

    private static final Map<Class<?>, List<String>> FOUND_BY =
            Map.of(
                    RepeatsIds.class,
                    List.of(
                            "getMessages_storeHasLostItsLast_saysSo",
                            "getMessages_clientIsAheadOfTheStore_goesOn"),
                    LosesInSilence.class,
                    List.of("getMessages_storeHasLostItsLast_saysSo"),
                    SupersedesPerNodeOnly.class,
                    List.of(
                            "attach_atAnotherNode_tellsWhoHadIt",
                            "attach_storeHasLostIt_isAttachedAgain"),
                    KillsByItsOwnClock.class,
                    List.of("keepAlive_clientHasMoved_countsNoMore"),
                    TellsNoOtherNodeOfAnEnd.class,
                    List.of(
                            "removeClient_atAnotherNode_isToldWithItsReason",
                            "removeClient_nodeWaitsForItsReply_isTold"),
                    ForgetsOrphans.class,
                    List.of("killOrphans_nodeIsGone_killsOnce"),
                    KillsOrphansTwice.class,
                    List.of("killOrphans_nodeIsGone_killsOnce"),
                    RepeatsGenerations.class,
                    List.of(
                            "attach_atAnotherNode_tellsWhoHadIt",
                            "attach_storeHasLostIt_isAttachedAgain"),
                    PassesRepliesTwice.class,
                    List.of(
                            "awaitReplyNoMore_anotherNodeGetsOne_isRefused",
                            "passReply_anotherNodeWaits_isTold"));

    private static Events run(Class<?> contract) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(contract))
                .execute()
                .testEvents();
    }

    @Test
    @DisplayName("P1 a store without a fault passes the contract of nodes")
    void contract_noFault_passes() {
        Events right = run(Right.class);
        assertThat(right.failed().count()).isZero();
        assertThat(right.succeeded().count()).isGreaterThan(10);
    }

    @TestFactory
    @DisplayName("P1 every faulty store fails the contract of nodes, where it should")
    Stream<DynamicTest> contract_faultyStore_findsTheFault() {
        return FOUND_BY.entrySet().stream()
                .map(
                        fault ->
                                DynamicTest.dynamicTest(
                                        fault.getKey().getSimpleName(),
                                        () ->
                                                assertThat(failures(fault.getKey()))
                                                        .containsExactlyInAnyOrderElementsOf(
                                                                fault.getValue())));
    }

    private static List<String> failures(Class<?> contract) {
        return run(contract).failed().stream()
                .map(
                        failure ->
                                CometStateProviderContractTest.methodOf(
                                        failure.getTestDescriptor()))
                .toList();
    }

    @Test
    void faults_all_areTried() {
        assertThat(FOUND_BY).hasSize(Fault.values().length);
        assertThat(FOUND_BY.keySet())
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(CometNodesContractTest.class.getDeclaredClasses())
                                .filter(type -> type != Right.class)
                                .toList());
    }
}
