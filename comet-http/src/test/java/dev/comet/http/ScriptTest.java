package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScriptTest {

    private final Protocol protocol = new Protocol();

    @AfterEach
    void close() {
        protocol.close();
    }

    @Test
    void get_answersTheClient() throws Exception {
        FakeExchange get = protocol.handle(FakeExchange.get("/comet.js"));

        assertThat(get.status()).isEqualTo(200);
        assertThat(get.response().body())
                .isEqualTo(ScriptTest.class.getResourceAsStream("comet.js").readAllBytes());
        assertThat(get.responseHeader("Content-Type")).isEqualTo("text/javascript;charset=utf-8");
        assertThat(get.responseHeader("Cache-Control")).isEqualTo("no-cache");
        assertThat(get.responseHeader("ETag")).matches("\"[0-9a-f]{32}\"");
        assertThat(get.responseHeader("X-Content-Type-Options")).isEqualTo("nosniff");
    }

    @Test
    @DisplayName("every module of the client is served, as it is")
    void get_everyModule_isServed() throws Exception {
        Path sources = Path.of("../comet-js/src");
        List<String> files;
        try (Stream<Path> all = Files.walk(sources)) {
            files =
                    all.filter(file -> file.toString().endsWith(".js"))
                            .filter(file -> !file.startsWith(sources.resolve("test")))
                            .map(
                                    file ->
                                            "/"
                                                    + sources.relativize(file)
                                                            .toString()
                                                            .replace('\\', '/'))
                            .sorted()
                            .toList();
        }
        assertThat(ScriptEndpoint.FILES).containsExactlyElementsOf(files);
        for (String file : files) {
            FakeExchange get = protocol.handle(FakeExchange.get(file));
            assertThat(get.status()).as(file).isEqualTo(200);
            assertThat(get.text()).isEqualTo(Files.readString(sources.resolve(file.substring(1))));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"%s", "W/%s", "\"x\", %s", "*"})
    void get_known_isNotSentAgain(String condition) {
        String tag = protocol.handle(FakeExchange.get("/comet.js")).responseHeader("ETag");

        FakeExchange get =
                protocol.handle(
                        FakeExchange.get("/comet.js")
                                .header("If-None-Match", condition.formatted(tag)));

        assertThat(get.status()).isEqualTo(304);
        assertThat(get.response().body()).isEmpty();
        assertThat(get.responseHeader("ETag")).isEqualTo(tag);
        assertThat(get.responseHeader("Cache-Control")).isEqualTo("no-cache");
    }

    @Test
    void get_anotherKnown_isSent() {
        assertThat(
                        protocol.handle(
                                        FakeExchange.get("/comet.js")
                                                .header("If-None-Match", "\"x\""))
                                .status())
                .isEqualTo(200);
    }

    @Test
    void head_answersTheLengthWithoutTheBody() {
        FakeExchange get = protocol.handle(FakeExchange.get("/comet.js"));
        FakeExchange head = protocol.handle(FakeExchange.request("HEAD", "/comet.js"));

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.response().body()).isEmpty();
        assertThat(head.responseHeader("Content-Length"))
                .isEqualTo(Integer.toString(get.response().body().length));
        assertThat(head.responseHeader("ETag")).isEqualTo(get.responseHeader("ETag"));
    }

    @Test
    void post_isRefused() {
        FakeExchange post = protocol.handle(FakeExchange.post("/comet.js"));

        post.isError(405, "method-not-allowed");
        assertThat(post.responseHeader("Allow")).isEqualTo("GET, HEAD");
    }
}
