package dev.comet.postgresql;

import com.zaxxer.hikari.HikariDataSource;
import dev.comet.ICometStateProvider;
import dev.comet.testkit.internal.ProviderFigures;
import dev.comet.testkit.internal.RecordingListener;
import dev.comet.testkit.internal.RecordingListener.Call;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/** What a call costs: not a test, and not run as one; see docs/postgresql.md. */
class PostgresFigures {

    private final RecordingListener told = new RecordingListener(Duration.ofSeconds(5));

    @Test
    void print() throws IOException {
        EmbeddedPostgres.Builder server = EmbeddedPostgres.builder();
        if (Boolean.getBoolean("durable")) {
            server.setServerConfig("fsync", "on").setServerConfig("synchronous_commit", "on");
        }
        try (EmbeddedPostgres postgres = server.start();
                HikariDataSource pool =
                        TestPostgres.newPool(postgres, ProviderFigures.THREADS + 2);
                ICometStateProvider a = node(pool, new RecordingListener(Duration.ofSeconds(1)));
                ICometStateProvider b = node(pool, told)) {
            ProviderFigures figures =
                    new ProviderFigures(a, b, () -> Double.NaN, System.out::println);
            latency(figures::send, Call.clientGrew(figures.client()));
            figures.take();
        }
    }

    private ICometStateProvider node(DataSource pool, RecordingListener listener) {
        ICometStateProvider node =
                PostgresCometStateProvider.builder(pool)
                        .commandTimeout(Duration.ofSeconds(10))
                        .build();
        node.start(ProviderFigures.context(listener));
        return node;
    }

    /** From the call until the other node is told. */
    private void latency(Runnable send, Call call) {
        long[] micros = new long[300];
        for (int i = 0; i < micros.length; i++) {
            told.clear();
            long begin = System.nanoTime();
            send.run();
            told.await(call);
            micros[i] = (System.nanoTime() - begin) / 1_000;
        }
        Arrays.sort(micros);
        System.out.printf(
                "another node is told: half within %,d \u00b5s, 99 of 100 within %,d \u00b5s%n",
                micros[micros.length / 2], micros[micros.length * 99 / 100]);
    }
}
