package dev.comet.postgresql;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometNodesContract;
import java.time.Duration;

/** What providers of several nodes promise, of those over one PostgreSQL. */
class PostgresNodesContractTest extends CometNodesContract {

    private static final Duration LEASE = Duration.ofSeconds(2);

    private static final String SCHEMA = TestPostgres.newSchema();

    @Override
    protected ICometStateProvider firstNode() {
        TestPostgres.empty(SCHEMA);
        return anotherNode();
    }

    @Override
    protected ICometStateProvider anotherNode() {
        return PostgresCometStateProvider.builder(TestPostgres.dataSource())
                .schema(SCHEMA)
                .commandTimeout(Duration.ofSeconds(20)) // of a machine that is busy
                .lease(LEASE)
                .timeOfTheManager()
                .build();
    }

    @Override
    protected void crash(ICometStateProvider node) {
        ((PostgresCometStateProvider) node).crash();
    }

    @Override
    protected Duration lease() {
        return LEASE;
    }
}
