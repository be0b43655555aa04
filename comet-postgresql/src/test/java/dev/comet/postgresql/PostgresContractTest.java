package dev.comet.postgresql;

import dev.comet.ICometStateProvider;
import dev.comet.testkit.CometStateProviderContract;

/** Everything that a provider promises, of the one over PostgreSQL. */
class PostgresContractTest extends CometStateProviderContract {

    private String schema = "";

    @Override
    protected ICometStateProvider newProvider() {
        schema = TestPostgres.newSchema();
        return reopenProvider();
    }

    @Override
    protected ICometStateProvider reopenProvider() {
        return PostgresCometStateProvider.builder(TestPostgres.dataSource())
                .schema(schema)
                .timeOfTheManager()
                .build();
    }
}
