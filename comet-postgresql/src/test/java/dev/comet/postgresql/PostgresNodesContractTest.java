package dev.comet.postgresql;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometNodesContract;
import java.time.Duration;

/** What providers of several nodes promise, of those over one PostgreSQL. */
class PostgresNodesContractTest extends CometNodesContract {

    private static final Duration LEASE = Duration.ofSeconds(2);

    private String schema = "";

    @Override
    protected ICometStateProvider firstNode() {
        schema = TestPostgres.newSchema();
        return anotherNode();
    }

    @Override
    protected ICometStateProvider anotherNode() {
        return PostgresCometStateProvider.builder(TestPostgres.dataSource())
                .schema(schema)
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
