package dev.comet.tests;

import dev.comet.CometAnswer;
import dev.comet.CometBatch;
import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.CometStream;
import dev.comet.CometStreamSink;
import dev.comet.inproc.InProcCometStateProvider;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** Builds a manager, says so, and then does everything for the first time. */
final class ColdClassesMain {

    static final String BUILT = "the manager is built";

    private ColdClassesMain() {}

    public static void main(String[] args) throws InterruptedException {
        CometStateManager manager =
                CometStateManager.builder(new InProcCometStateProvider()).build();
        System.out.println(BUILT);
        CometClient ada = manager.initializeClient(CometClient.builder().build());
        CometClient bob = manager.initializeClient(CometClient.builder().build());
        CountDownLatch answered = new CountDownLatch(4);
        manager.endpoint()
                .beginSubscribe(ada.privateToken(), 0, null, 0)
                .whenCompleted(answer -> answered.countDown());
        manager.joinGroup(ada, "group");
        manager.sendToGroup("group", "name", "contents");
        manager.endpoint()
                .beginSubscribe(ada.privateToken(), Long.MAX_VALUE >> 20, Duration.ZERO, 0)
                .whenCompleted(answer -> answered.countDown());
        manager.endpoint()
                .beginSubscribe(bob.privateToken(), 0, null, 0)
                .whenCompleted(answer -> answered.countDown());
        manager.endpoint()
                .beginSubscribe(bob.privateToken(), 0, null, 0)
                .whenCompleted(answer -> answered.countDown());
        manager.sendMessage(bob.publicToken(), "name", "contents");
        answered.await();
        CountDownLatch ended = new CountDownLatch(1);
        manager.endpoint().openStream(ada.privateToken(), 0, new Sink(ended), 0);
        manager.sendToAll("name", "contents");
        manager.request(ada.publicToken(), "name", "contents", Duration.ofMillis(1));
        manager.disconnect(ada);
        ended.await();
        manager.disconnect(bob);
        System.exit(0);
    }

    private record Sink(CountDownLatch isEnded) implements CometStreamSink {

        @Override
        public void opened(CometStream stream) {}

        @Override
        public boolean messages(CometBatch batch) {
            return true;
        }

        @Override
        public boolean heartbeat(long cursor, long lastSentId, int nextInSeconds) {
            return true;
        }

        @Override
        public void ended(CometAnswer why) {
            isEnded.countDown();
        }
    }
}
