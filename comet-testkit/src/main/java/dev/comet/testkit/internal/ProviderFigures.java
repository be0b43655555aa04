package dev.comet.testkit.internal;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.comet.Audience;
import dev.comet.CometClient;
import dev.comet.CometClock;
import dev.comet.CometLimits;
import dev.comet.EncodedMessage;
import dev.comet.ICometStateProvider;
import dev.comet.LogLimits;
import dev.comet.OverflowPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;

/** What calls of a provider cost over two nodes: said, and compared with nothing. */
public final class ProviderFigures {

    /** So many call at once. */
    public static final int THREADS = 8;

    private static final int CLIENTS = 1_000;
    private static final long SECONDS = Long.getLong("seconds", 3);
    private static final long MINUTE = TimeUnit.MINUTES.toNanos(1);

    private final ICometStateProvider a;
    private final ICometStateProvider b;
    private final DoubleSupplier cpuMicros;
    private final Consumer<String> line;
    private final List<CometClient> clients = new ArrayList<>();
    private final EncodedMessage message =
            new EncodedMessage("n", ('"' + "x".repeat(100) + '"').getBytes(UTF_8));

    /**
     * Two nodes of one store, each started with {@link #context}.
     *
     * @param cpuMicros what the store has used of its processor; NaN if nobody knows
     * @param line is given a line for each kind of call
     */
    public ProviderFigures(
            ICometStateProvider a,
            ICometStateProvider b,
            DoubleSupplier cpuMicros,
            Consumer<String> line) {
        this.a = a;
        this.b = b;
        this.cpuMicros = cpuMicros;
        this.line = line;
        for (int i = 0; i < CLIENTS; i++) {
            CometClient one =
                    CometClient.builder().publicToken("client-" + i).incarnation(i + 1).build();
            a.initializeClient(one);
            b.attach(one.privateToken(), 0);
            clients.add(one);
        }
    }

    /** What a node is started with: no log is ever full. */
    public static ICometStateProvider.Context context(ICometStateProvider.Listener listener) {
        CometLimits limits =
                CometLimits.builder()
                        .clientLog(new LogLimits(100, 1 << 20, LogLimits.ANY_AGE))
                        .overflow(OverflowPolicy.DROP_OLDEST)
                        .build();
        return new ICometStateProvider.Context(limits, CometClock.system(), listener);
    }

    private CometClient client(long i) {
        return clients.get((int) (i % CLIENTS));
    }

    /** One of the clients, which the second node has. */
    public CometClient client() {
        return client(0);
    }

    /** A message to it, of the first node. */
    public long send() {
        return a.sendMessage(Audience.one(client()), message);
    }

    /** Takes some seconds for each kind of call. */
    public void take() {
        figure("send to one client of another node", this::sendToOne);
        figure("send to everyone", i -> a.sendMessage(new Audience.Everyone(null), message));
        figure("send to ten clients", this::sendToTen);
        long top = send();
        figure("read nothing", i -> b.getMessages(client(), top, 100, 1 << 20));
        long all = a.sendMessage(new Audience.Everyone(null), message);
        figure("read one message", i -> b.getMessages(client(), all - 1, 100, 1 << 20));
        figure("attach again", i -> b.attach(client().privateToken(), 0));
        figure("keep alive", i -> b.keepAlive(client(i), MINUTE));
    }

    private void sendToOne(long i) {
        a.sendMessage(Audience.one(client(i)), message);
    }

    private void sendToTen(long i) {
        int from = (int) (i % (CLIENTS - 10));
        List<String> tokens =
                clients.subList(from, from + 10).stream().map(CometClient::publicToken).toList();
        a.sendMessage(Audience.each(tokens), message);
    }

    private void figure(String what, LongConsumer call) {
        AtomicLong calls = new AtomicLong();
        double before = cpuMicros.getAsDouble();
        long begin = System.nanoTime();
        long end = begin + TimeUnit.SECONDS.toNanos(SECONDS);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(
                    new Thread(
                            () -> {
                                while (System.nanoTime() - end < 0) {
                                    call.accept(calls.getAndIncrement());
                                }
                            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        double micros = (System.nanoTime() - begin) / 1_000.0;
        double perSecond = calls.get() * 1e6 / micros;
        double cpu = (cpuMicros.getAsDouble() - before) / calls.get();
        String known =
                Double.isNaN(cpu) ? "" : ", %.1f \u00b5s of the store's processor".formatted(cpu);
        line.accept("%s: %,.0f/s%s".formatted(what, perSecond, known));
    }
}
