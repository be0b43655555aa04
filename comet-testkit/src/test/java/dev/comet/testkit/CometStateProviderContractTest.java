package dev.comet.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.testkit.engine.EngineTestKit;

/** The contract itself: each fault must be found, by the tests that are there for it. */
class CometStateProviderContractTest {

    private record Fault(Class<?> contract, List<String> foundBy) {}

    private static Fault fault(Class<?> contract, String... foundBy) {
        return new Fault(contract, List.of(foundBy));
    }

    private static Stream<Fault> faults() {
        return Stream.of(
                fault(
                        FaultyProviders.LosesOnRead.class,
                        "getMessages_sameCursor_findsTheSame",
                        "sendMessage_logFull_isAcceptedOnceSomeIsConfirmed",
                        "anything_oneByOne_isExactlyAnnounced"),
                fault(
                        FaultyProviders.ConfirmsWhatIsStreamed.class,
                        "peekMessages_anyTimes_confirmsNothing",
                        "sendMessage_streamedAndFull_gapIfAskedForAgain"),
                fault(
                        FaultyProviders.KeepsWhatWasDelivered.class,
                        "sendMessage_streamedAndFull_isAccepted",
                        "sendMessage_streamedAndFull_gapIfAskedForAgain"),
                fault(
                        FaultyProviders.NeverTakesDeliveryBack.class,
                        "getMessages_afterAStream_whatIsAskedForAgainIsKept"),
                fault(
                        FaultyProviders.MakesRoomForNothing.class,
                        "sendMessage_streamedAndAnotherFull_keepsTheWindow"),
                fault(
                        FaultyProviders.ForgetsTheTotal.class,
                        "sendMessage_groupsTakeAll_oldestGoAnnounced",
                        "sendMessage_sharedTakeAll_ownLogsLoseNothing",
                        "sendMessage_ownTakeAllAndReject_isRefused",
                        "sendMessage_ownTakeAllAndDropOldest_oldestGoAnnounced"),
                fault(
                        FaultyProviders.ForgetsTheShares.class,
                        "sendMessage_hogsAndReject_othersGetTheirs",
                        "sendMessage_listWithHogsAndReject_namesThem",
                        "sendMessage_hogHasAStream_isAccepted"),
                fault(
                        FaultyProviders.HasSharesAlways.class,
                        "sendMessage_hogsAndDisconnect_theOldestAreNamed"),
                fault(
                        FaultyProviders.MakesRoomSilently.class,
                        "sendMessage_groupsTakeAll_oldestGoAnnounced",
                        "sendMessage_ownTakeAllAndDropOldest_oldestGoAnnounced"),
                fault(
                        FaultyProviders.DropsTheNewest.class,
                        "sendMessage_groupsTakeAll_oldestGoAnnounced"),
                fault(
                        FaultyProviders.ConfirmsAnything.class,
                        "confirmMessages_noCursorOfTheClients_confirmsNothing"),
                fault(
                        FaultyProviders.RepeatsIds.class,
                        "sendMessage_anyAudience_idsRise",
                        "sendMessage_manySenders_everyReaderSeesAllInOrder"),
                fault(
                        FaultyProviders.Reorders.class,
                        "getMessages_cursorInBetween_findsWhatIsAbove",
                        "getMessages_moreThanMaxMessages_continuesInOrderAcrossLogs",
                        "sendMessage_manySenders_everyReaderSeesAllInOrder"),
                fault(
                        FaultyProviders.ForgetsWhoNeverPolled.class,
                        "killIdleCometClient_neverPolled_killsOnceItIsIdle",
                        "killIdleCometClient_askedAgainWhenItSays_killsInTime"),
                fault(
                        FaultyProviders.KillsTwice.class,
                        "killIdleCometClient_atOnce_oneKills",
                        "killIdleCometClient_racingKeepAlive_oneIsFirst",
                        "killIdleCometClient_racingRemoval_oneEndsIt"),
                fault(
                        FaultyProviders.TrustsTheClocksSign.class,
                        "killIdleCometClient_askedAgainWhenItSays_killsInTime",
                        "keepAlive_again_replaces"),
                fault(
                        FaultyProviders.EvictsSilently.class,
                        "sendMessage_logFull_oldestGoAnnounced",
                        "getMessages_everyonesLogTurnedOver_saysExactlyWhatIsLost",
                        "tidy_allTooOld_gapAlone",
                        "anything_oneByOne_isExactlyAnnounced",
                        "everything_atOnce_isAnnounced"),
                fault(
                        FaultyProviders.AnnouncesLate.class,
                        "getMessages_dropped_gapComesBeforeAnyLaterMessage",
                        "anything_oneByOne_isExactlyAnnounced"),
                fault(
                        FaultyProviders.DeliversToTheExcluded.class,
                        "sendMessage_everyone_arrivesAtThoseWhoExist",
                        "sendMessage_group_arrivesAtItsMembers",
                        "anything_oneByOne_isExactlyAnnounced"),
                fault(
                        FaultyProviders.TakesOthersLossForMine.class,
                        "getMessages_turnedOverByEveryoneButMe_isNoGap",
                        "getMessages_lostThenLeftOut_gapEndsAtTheLost",
                        "getMessages_turnedOverBetweenMemberships_isNoGap",
                        "anything_oneByOne_isExactlyAnnounced"),
                fault(
                        FaultyProviders.LosesWhatWasSentBeforeLeaving.class,
                        "leaveGroup_unread_stillArrives",
                        "joinGroup_leftAndJoinedAgain_getsWhatWasSentInBetween",
                        "anything_oneByOne_isExactlyAnnounced"),
                fault(
                        FaultyProviders.ConfirmsNothing.class,
                        "confirmedMessageId_afterReads_isTheHighestCursor",
                        "confirmMessages_some_freesThem"),
                fault(
                        FaultyProviders.ForgetsThatItWasConfirmed.class,
                        "getMessages_cursorBelowConfirmed_saysWhatWasFreed",
                        "getMessages_cursorBelowConfirmedInSharedLog_isNeverSilent",
                        "getMessages_cursorBelowConfirmedOfLeftGroup_isNeverSilent"),
                fault(
                        FaultyProviders.EndsClientsUnderTheirReaders.class,
                        "getMessages_racingRemoval_findsAllOrNoClient"),
                fault(
                        FaultyProviders.KeepsHistoryAtAnyPrice.class,
                        "joinGroup_groupsKeptForHistoryAlone_giveWay",
                        "joinGroup_leftGroupIsUnread_doesNotGiveWay"),
                fault(
                        FaultyProviders.GivesUnreadGroupsAway.class,
                        "joinGroup_leftGroupIsUnread_doesNotGiveWay"),
                fault(
                        FaultyProviders.TidiesGroupsInUse.class,
                        "tidy_groupWithMembersAndNothingElse_isKept"),
                fault(
                        FaultyProviders.TrustsAnyCursor.class,
                        "getMessages_cursorAboveTop_saysSoAndContinues",
                        "getMessages_cursorAboveTopAndNothingWaits_saysSo"),
                fault(
                        FaultyProviders.LeavesTheCursorBehind.class,
                        "getMessages_onlyOthersGetMessages_movesTheCursor"),
                fault(
                        FaultyProviders.SkipsTheRest.class,
                        "getMessages_moreThanMaxMessages_continuesInOrderAcrossLogs",
                        "getMessages_moreThanMaxBytes_continuesInOrderAcrossLogs",
                        "sendMessage_manySenders_everyReaderSeesAllInOrder"),
                fault(
                        FaultyProviders.SendsToSomeOfAList.class,
                        "sendMessage_recipients_arrivesAtThemAlone",
                        "sendMessage_oneRecipientUnknown_nobodyGetsIt",
                        "sendMessage_oneOfManyUnknown_nobodyGetsIt",
                        "sendMessage_someLogsFull_nobodyGetsIt",
                        "sendMessage_someOfManyFull_nobodyGetsIt"),
                fault(
                        FaultyProviders.PublishesTheIdFirst.class,
                        "getMessages_whileOthersSend_skipsNothing",
                        "sendMessage_manySenders_everyReaderSeesAllInOrder"),
                fault(
                        FaultyProviders.PublishesLongListsFirst.class,
                        "peekMessages_whileLongListsAreSent_skipsNothing",
                        // under DROP_OLDEST a gap for something else may hide it
                        "sendMessage_longListsAtOnceAndReject_nothingIsLost"),
                fault(
                        FaultyProviders.TellsUnderTheLock.class,
                        "listener_waitsForAnotherThread_thatThreadGetsIn"),
                fault(
                        FaultyProviders.ForgetsToTellAboutGroups.class,
                        "listener_logGrew_messageCanBeReadAlready"),
                fault(
                        FaultyProviders.RemembersTheDead.class,
                        "initializeClient_tokensOfRemovedClient_startsAfresh",
                        "initializeClient_tokensOfKilledClient_startsAfresh"),
                fault(
                        FaultyProviders.TakesTokensForIdentity.class,
                        "everyMethod_earlierClientOfTheTokens_isUnknownAndTheNewcomerUnharmed"),
                fault(
                        FaultyProviders.ForgetsIncarnations.class,
                        "everyMethod_earlierClientOfTheTokens_isUnknownAndTheNewcomerUnharmed"),
                fault(
                        FaultyProviders.ShowsPrivateTokens.class,
                        "everyMethod_clientNeverExisted_saysSo"),
                fault(
                        FaultyProviders.BeginsAgainAtOne.class,
                        "sendMessage_afterRestart_idsAreHigher"),
                fault(
                        FaultyProviders.ForgetsCorrelationIds.class,
                        "sendMessage_correlationId_arrivesUnchanged"),
                fault(
                        FaultyProviders.ManglesContents.class,
                        "sendMessage_anyContents_arrivesUnchanged"));
    }

    @TestFactory
    @DisplayName("P1 every faulty provider fails the contract, where it should")
    Stream<DynamicTest> contract_faultyProvider_findsTheFault() {
        return faults().map(
                        fault ->
                                DynamicTest.dynamicTest(
                                        fault.contract().getSimpleName(),
                                        () ->
                                                assertThat(failuresAmong(fault))
                                                        .containsExactlyInAnyOrderElementsOf(
                                                                fault.foundBy())));
    }

    @Test
    void faults_all_areTried() {
        assertThat(faults().<Class<?>>map(Fault::contract))
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(FaultyProviders.class.getDeclaredClasses())
                                .filter(
                                        type ->
                                                type.getSuperclass()
                                                        == FaultyProviders.Contract.class)
                                .toList());
    }

    /** Of the tests that are to find this fault, those that do. */
    private static List<String> failuresAmong(Fault fault) {
        PostDiscoveryFilter those =
                test ->
                        FilterResult.includedIf(
                                test.isContainer() || fault.foundBy().contains(methodOf(test)));
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(fault.contract()))
                .filters(those)
                .execute()
                .testEvents()
                .failed()
                .stream()
                .map(failure -> methodOf(failure.getTestDescriptor()))
                .toList();
    }

    static String methodOf(TestDescriptor test) {
        return ((MethodSource) test.getSource().orElseThrow()).getMethodName();
    }
}
