package dev.comet.postgresql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.comet.CometClient;
import dev.comet.CometException;
import dev.comet.CometStateManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The schema: who makes it, and what is in it. */
@Timeout(60)
class SetupTest {

    private final String schema = TestPostgres.newSchema();

    private PostgresCometStateProvider.Builder builder() {
        return PostgresCometStateProvider.builder(TestPostgres.dataSource()).schema(schema);
    }

    private static CometStateManager manager(PostgresCometStateProvider.Builder builder) {
        return CometStateManager.builder(builder.build()).build();
    }

    @Test
    void start_manyNodesAtOnce_oneMakesTheSchema() {
        List<CompletableFuture<CometStateManager>> starting = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            starting.add(CompletableFuture.supplyAsync(() -> manager(builder())));
        }
        List<CometStateManager> managers = starting.stream().map(CompletableFuture::join).toList();
        CometClient ada = managers.get(0).initializeClient(CometClient.builder().build());
        assertThat(managers.get(3).findClientByPublicToken(ada.publicToken())).contains(ada);
        managers.forEach(CometStateManager::close);
    }

    @Test
    void close_rightAfterTheStart_givesAllConnectionsBack() {
        try (HikariDataSource pool = TestPostgres.newPool(TestPostgres.shared(), 3)) {
            for (int i = 0; i < 20; i++) {
                manager(PostgresCometStateProvider.builder(pool).schema(schema)).close();
            }
            await().until(() -> pool.getHikariPoolMXBean().getActiveConnections() == 0);
            assertThat(TestPostgres.number("select count(*) from " + schema + ".node"))
                    .isEqualTo(20);
        }
    }

    @Test
    void start_withoutSetup_needsTheSchema() {
        assertThatIllegalStateException()
                .isThrownBy(() -> manager(builder().withoutSetup()))
                .withStackTraceContaining(schema);
        manager(builder()).close();
        manager(builder().withoutSetup()).close();
        TestPostgres.execute("update " + schema + ".store set version = 999");
        assertThatIllegalStateException()
                .isThrownBy(() -> manager(builder()))
                .withMessageContaining("999");
    }

    @Test
    void schema_anyText_isRefused() {
        for (String name : List.of("", "Comet", "a\"; drop schema public; --", "1st")) {
            assertThatThrownBy(() -> builder().schema(name)).isInstanceOf(CometException.class);
        }
    }

    @Test
    void initializeClient_anyCharacters_comeBackAndNoSecretIsKept() {
        try (CometStateManager manager = manager(builder())) {
            CometClient ada =
                    manager.initializeClient(
                            CometClient.builder()
                                    .displayName("Ада 😀 '\"")
                                    .privateToken("c2VjcmV0")
                                    .user("a\0b\ud800")
                                    .attribute("k", "\0\n\udc00 ✓")
                                    .build());
            CometClient found = manager.findClientByPublicToken(ada.publicToken()).orElseThrow();
            assertThat(found.attributes()).isEqualTo(Map.of("k", "\0\n\udc00 ✓"));
            assertThat(found.user()).isEqualTo(ada.user());
            assertThat(found.displayName()).isEqualTo(ada.displayName());
            assertThat(manager.findClientByPublicToken("a\0")).isEmpty();
            assertThat(manager.findClientByPublicToken("\ud800")).isEmpty();
            assertThat(
                            TestPostgres.number(
                                    "select count(*) from "
                                            + schema
                                            + ".client c where c::text like '%c2VjcmV0%'"
                                            + " or position('c2VjcmV0'::bytea in description) > 0"))
                    .isZero();
        }
    }
}
