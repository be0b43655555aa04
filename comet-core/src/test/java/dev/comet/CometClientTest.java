package dev.comet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.comet.CometException.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

class CometClientTest {

    private static final String SECRET = "s3cret-t0ken";

    record Broken(UnaryOperator<CometClient.Builder> value, String text) {
        @Override
        public String toString() {
            return text;
        }
    }

    static List<Broken> brokenValues() {
        String long257 = "x".repeat(257);
        List<Broken> values = new ArrayList<>();
        values.add(
                new Broken(
                        b -> b.publicToken(" "), "publicToken is blank; use 1 to 256 characters"));
        values.add(
                new Broken(
                        b -> b.publicToken(long257),
                        "publicToken has 257 characters; use 1 to 256"));
        values.add(
                new Broken(
                        b -> b.publicToken("a\nb"),
                        "publicToken has control characters; use none"));
        values.add(
                new Broken(
                        b -> b.publicToken("a\ud800b"),
                        "publicToken has half a surrogate pair; use whole characters"));
        values.add(
                new Broken(
                        b -> b.privateToken(""),
                        "privateToken is blank; leave it unset to get a random one"));
        values.add(
                new Broken(
                        b -> b.privateToken(long257),
                        "privateToken has 257 characters or characters outside A-Z a-z 0-9 - . _ ~ + / =; use 1 to 256 of these"));
        values.add(
                new Broken(
                        b -> b.displayName(""), "displayName is blank; use 1 to 256 characters"));
        values.add(
                new Broken(
                        b -> b.displayName("tail\udc00"),
                        "displayName has half a surrogate pair; use whole characters"));
        values.add(
                new Broken(
                        b -> b.connectionTimeoutSeconds(0),
                        "connectionTimeoutSeconds is 0; use 1 to 86400 seconds"));
        values.add(
                new Broken(
                        b -> b.connectionTimeoutSeconds(86_401),
                        "connectionTimeoutSeconds is 86401; use 1 to 86400 seconds"));
        values.add(
                new Broken(
                        b -> b.connectionIdleSeconds(-1),
                        "connectionIdleSeconds is -1; use 1 to 86400 seconds"));
        values.add(
                new Broken(
                        b -> {
                            for (int i = 0; i < 33; i++) {
                                b.attribute("key" + i, "value");
                            }
                            return b;
                        },
                        "attributes has 33 entries; use at most 32"));
        values.add(
                new Broken(
                        b -> b.attribute("", "value"),
                        "attribute key is blank; use 1 to 128 characters"));
        values.add(
                new Broken(
                        b -> b.attribute("k".repeat(129), "value"),
                        "attribute key has 129 characters; use 1 to 128"));
        values.add(
                new Broken(
                        b -> b.attribute("role", "v".repeat(1_025)),
                        "attribute role has 1025 characters; use at most 1024 characters"));
        values.add(
                new Broken(
                        b -> b.user("u".repeat(8_193)),
                        "user has 8193 characters; use at most 8192"));
        values.add(
                new Broken(
                        b -> b.publicToken("same").privateToken("same"),
                        "privateToken equals publicToken; a secret must differ from the address that others know"));
        return values;
    }

    @ParameterizedTest
    @MethodSource("brokenValues")
    @DisplayName("C1: a value that breaks its rule is refused with name, value and rule")
    void build_brokenValue_isRefusedByName(Broken broken) {
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> broken.value().apply(CometClient.builder()).build())
                .withMessage(broken.text())
                .matches(e -> e.reason() == Reason.PARAMETERS_INVALID);
    }

    @Test
    @DisplayName("C1: values at the edge of their rules are taken")
    void build_valuesAtTheEdge_areTaken() {
        CometClient client =
                CometClient.builder()
                        .publicToken("p".repeat(256))
                        .privateToken("AZaz09-._~+/=")
                        .displayName("Ada 😀")
                        .connectionTimeoutSeconds(1)
                        .connectionIdleSeconds(86_400)
                        .attribute("k".repeat(128), "v".repeat(1_024))
                        .attribute("empty", "")
                        .build();
        assertThat(client.connectionTimeoutSeconds()).isEqualTo(1);
        assertThat(client.connectionIdleSeconds()).isEqualTo(86_400);
        assertThat(client.attributes()).hasSize(2).containsEntry("empty", "");
        assertThat(client.displayName()).isEqualTo("Ada 😀");
    }

    @Test
    void build_nothingSet_hasTokensOfItsOwn() {
        CometClient one = CometClient.builder().build();
        CometClient two = CometClient.builder().build();
        assertThat(
                        List.of(
                                one.publicToken(),
                                one.privateToken(),
                                two.publicToken(),
                                two.privateToken()))
                .doesNotHaveDuplicates()
                .allMatch(token -> token.length() == 24);
        assertThat(one.displayName()).isEqualTo(one.publicToken());
    }

    @Test
    void attributes_builderChangedLater_stayAsBuilt() {
        CometClient.Builder builder = CometClient.builder().attribute("a", "1");
        CometClient client = builder.build();
        builder.attribute("b", "2");
        assertThat(client.attributes()).isEqualTo(Map.of("a", "1"));
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> client.attributes().put("c", "3"));
    }

    @ParameterizedTest
    @ValueSource(strings = {" s3cret-t0ken", "s3cret-t0ken\n", "s3cret-t0ken;"})
    @DisplayName("C4: a refused private token is not shown")
    void build_malformedPrivateToken_doesNotShowIt(String token) {
        assertThatExceptionOfType(CometException.class)
                .isThrownBy(() -> CometClient.builder().privateToken(token).build())
                .matches(e -> !e.getMessage().contains("s3cret"));
    }

    @Test
    @DisplayName("C4: neither toString nor Jackson shows the private token")
    void print_anyWay_doesNotShowThePrivateToken() {
        CometClient client =
                CometClient.builder()
                        .publicToken("ada")
                        .privateToken(SECRET)
                        .displayName("Ada")
                        .attribute("tenant", "7")
                        .user("a.lovelace")
                        .build();
        assertThat(client).hasToString("CometClient[ada, Ada]");
        JsonMapper mapper = new JsonMapper();
        assertThat(mapper.writeValueAsString(client))
                .isEqualTo("{\"displayName\":\"Ada\",\"publicToken\":\"ada\"}");
        assertThat(mapper.writeValueAsString(Map.of("from", List.of(client))))
                .doesNotContain(SECRET);
        assertThat(CometException.queueFull(List.of(client)))
                .hasMessageContaining("ada")
                .matches(e -> !e.toString().contains(SECRET));
    }

    @Test
    @DisplayName("H17 a description is of a client that has all that it says, and of no other")
    void describes_whatWasSet_counts() {
        CometClient ada =
                CometClient.builder().displayName("Ada").attribute("user", "7").build().born();

        assertThat(CometClient.builder().displayName("Ada").attribute("user", "7").build())
                .matches(description -> description.describes(ada))
                .matches(description -> !description.describes(CometClient.builder().build()));
        assertThat(CometClient.builder().displayName("Bob").attribute("user", "7").build())
                .matches(description -> !description.describes(ada));
        assertThat(CometClient.builder().displayName("Ada").build())
                .matches(description -> !description.describes(ada));
        assertThat(
                        CometClient.builder()
                                .publicToken("ada")
                                .displayName("Ada")
                                .attribute("user", "7")
                                .build())
                .matches(description -> !description.describes(ada));
        assertThat(CometClient.builder().attribute("user", "7").build())
                .matches(description -> !description.describes(ada));
        assertThat(CometClient.builder().build())
                .matches(
                        description -> description.describes(CometClient.builder().build().born()));
        CometClient adas = CometClient.builder().user("ada").build().born();
        assertThat(adas.user()).isEqualTo("ada");
        assertThat(CometClient.builder().build())
                .matches(description -> !description.describes(adas))
                .matches(description -> description.withUser("ada").describes(adas))
                .matches(description -> !description.withUser("bob").describes(adas));
    }
}
