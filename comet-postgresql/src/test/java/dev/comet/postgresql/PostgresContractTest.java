package dev.comet.postgresql;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometStateProviderContract;
import java.time.Duration;

/** Everything that a provider promises, of the one over PostgreSQL. */
class PostgresContractTest extends CometStateProviderContract {

    private static final String SCHEMA = TestPostgres.newSchema();

    @Override
    protected ICometStateProvider newProvider() {
        TestPostgres.empty(SCHEMA);
        return reopenProvider();
    }

    @Override
    protected ICometStateProvider reopenProvider() {
        return PostgresCometStateProvider.builder(TestPostgres.dataSource())
                .schema(SCHEMA)
                .commandTimeout(Duration.ofSeconds(20)) // of a machine that is busy
                .timeOfTheManager()
                .build();
    }
}
