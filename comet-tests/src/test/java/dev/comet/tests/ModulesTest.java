package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Comet in an application that is a module. Compiled as such an application compiles it: with the
 * run-time dependencies on its module path and nothing else.
 */
class ModulesTest {

    private static final String MODULE =
            """
            module app {
                requires dev.comet.servlet;
                requires dev.comet.inproc;
                requires dev.comet.redis;
                requires dev.comet.postgresql;
                requires dev.comet.client;
            }
            """;
    private static final String CLASS =
            """
            package app;

            class Main {
                dev.comet.servlet.CometServlet servlet(dev.comet.CometStateManager comet) {
                    return new dev.comet.servlet.CometServlet(
                            comet,
                            app -> app.onConnect(request -> request.principal() == null
                                    ? null
                                    : dev.comet.CometClient.builder().build()));
                }

                dev.comet.CometStateManager manager() {
                    return dev.comet.CometStateManager.builder(
                            new dev.comet.inproc.InProcCometStateProvider()).build();
                }

                dev.comet.ICometStateProvider several() {
                    return dev.comet.redis.RedisCometStateProvider.builder()
                            .uri("redis://localhost")
                            .build();
                }

                dev.comet.ICometStateProvider within(javax.sql.DataSource source) {
                    return dev.comet.postgresql.PostgresCometStateProvider.builder(source).build();
                }

                dev.comet.client.CometOptions options(java.net.http.HttpClient http) {
                    return dev.comet.client.CometOptions.builder()
                            .http(new dev.comet.client.http.JdkHttp(http))
                            .build();
                }
            }
            """;

    @Test
    @DisplayName("An application with a module-info compiles without jspecify")
    void compile_moduleWithoutJspecify_succeeds(@TempDir Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter said = new StringWriter();

        boolean compiled =
                compiler.getTask(
                                said,
                                null,
                                null,
                                List.of("-p", modulePath(), "-d", classes.toString()),
                                null,
                                List.of(
                                        source("module-info.java", MODULE),
                                        source("app/Main.java", CLASS)))
                        .call();

        assertThat(compiled).as(said.toString()).isTrue();
    }

    /** What Maven gives to such an application, found on the class path of this test. */
    private static String modulePath() {
        String separator = System.getProperty("path.separator");
        return Stream.of(System.getProperty("java.class.path").split(separator))
                .filter(path -> path.matches(".*(comet-|jackson-|slf4j-api|servlet-api|lettuce).*"))
                .filter(path -> !path.matches(".*(test-classes|comet-testkit|comet-tests).*"))
                .collect(Collectors.joining(separator));
    }

    private static JavaFileObject source(String name, String text) {
        return new SimpleJavaFileObject(
                URI.create("string:///" + name), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }
}
