package dev.comet.examples.relay;

import dev.comet.client.http.CometHttp;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One device's network, which can be cut: what is under way breaks off, what comes later goes well.
 */
final class CuttableHttp implements CometHttp {

    private final CometHttp network;
    private final Set<Cuttable> underWay = ConcurrentHashMap.newKeySet();

    CuttableHttp(CometHttp network) {
        this.network = network;
    }

    void cut() {
        underWay.forEach(Cuttable::cut);
    }

    @Override
    public Exchange start(Request request, Receiver receiver) {
        Cuttable cuttable = new Cuttable(receiver);
        underWay.add(cuttable);
        Exchange exchange = network.start(request, cuttable);
        cuttable.exchange = exchange;
        return exchange;
    }

    private final class Cuttable implements Receiver {

        private final Receiver receiver;
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile @Nullable Exchange exchange;

        Cuttable(Receiver receiver) {
            this.receiver = receiver;
        }

        private void cut() {
            Exchange live = exchange;
            if (live != null) {
                live.abort();
                failed(new IOException("the network was cut"));
            }
        }

        @Override
        public void head(int status, UnaryOperator<@Nullable String> header) {
            if (!over.get()) {
                receiver.head(status, header);
            }
        }

        @Override
        public void piece(byte[] bytes) {
            if (!over.get()) {
                receiver.piece(bytes);
            }
        }

        @Override
        public void end() {
            underWay.remove(this);
            if (over.compareAndSet(false, true)) {
                receiver.end();
            }
        }

        @Override
        public void failed(Throwable cause) {
            underWay.remove(this);
            if (over.compareAndSet(false, true)) {
                receiver.failed(cause);
            }
        }
    }
}
