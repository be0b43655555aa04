package dev.comet.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import dev.comet.inproc.InProcCometStateProvider;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams over HTTP/2: many share one connection. */
@Timeout(60)
class JettyHttp2StreamTest {

    private static final String PASSWORD = "password";

    @TempDir Path folder;

    private final CometStateManager comet =
            CometStateManager.builder(new InProcCometStateProvider())
                    .heartbeat(Duration.ofSeconds(1))
                    .build();
    private final Server server = new Server();
    private final HttpConfiguration configuration = new HttpConfiguration();
    private HttpClient http;

    @BeforeEach
    void setUp() {
        configuration.addCustomizer(new SecureRequestCustomizer(false));
        ServletContextHandler context = new ServletContextHandler("/app");
        context.addServletContainerInitializer(
                (classes, servletContext) ->
                        new CometServlet(comet).addTo(servletContext, "/comet/*"));
        server.setHandler(context);
    }

    @AfterEach
    void stop() throws Exception {
        comet.close();
        server.stop();
    }

    private String start(String scheme) throws Exception {
        ServerConnector connector;
        HttpClient.Builder client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2);
        if (scheme.equals("https")) {
            Path keys = keys();
            SslContextFactory.Server tls = new SslContextFactory.Server();
            tls.setKeyStorePath(keys.toString());
            tls.setKeyStorePassword(PASSWORD);
            connector =
                    new ServerConnector(
                            server,
                            tls,
                            new ALPNServerConnectionFactory("h2"),
                            new HTTP2ServerConnectionFactory(configuration));
            client.sslContext(trusting(keys));
        } else {
            connector =
                    new ServerConnector(
                            server,
                            new HttpConnectionFactory(configuration),
                            new HTTP2CServerConnectionFactory(configuration));
        }
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
        server.start();
        http = client.build();
        return scheme + "://localhost:" + connector.getLocalPort() + "/app/comet";
    }

    /** A certificate for localhost, made by the JDK's own tool. */
    private Path keys() throws IOException, InterruptedException {
        Path keys = folder.resolve("keys.p12");
        Process tool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keystore",
                                keys.toString(),
                                "-storepass",
                                PASSWORD,
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=localhost",
                                "-ext",
                                "SAN=dns:localhost")
                        .inheritIO()
                        .start();
        assertThat(tool.waitFor()).as("keytool").isZero();
        return keys;
    }

    private static SSLContext trusting(Path keys) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (var in = Files.newInputStream(keys)) {
            store.load(in, PASSWORD.toCharArray());
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(
                "localhost", store.getCertificate(store.aliases().nextElement()));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private StreamPeer open(String base, CometClient client) throws Exception {
        return StreamPeer.open(
                http,
                HttpRequest.newBuilder(URI.create(base + "/stream"))
                        .header("Authorization", "Bearer " + client.privateToken())
                        .build());
    }

    private CometClient client(String name) {
        return comet.initializeClient(CometClient.builder().publicToken(name).build());
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    @DisplayName("M1 many streams over one connection, each in order; who goes is released at once")
    void stream_http2_works(String scheme) throws Exception {
        String base = start(scheme);
        List<StreamPeer> streams = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            streams.add(open(base, client("client-" + i)));
        }
        assertThat(streams.get(49).version()).isEqualTo(HttpClient.Version.HTTP_2);
        List<Long> sent = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            sent.add(comet.sendToAll("n", "x".repeat(i * 100)));
        }
        for (StreamPeer stream : streams) {
            stream.awaitMessages(50);
            assertThat(stream.ids()).isEqualTo(sent);
            stream.await("comet.heartbeat");
        }

        streams.subList(1, 50).forEach(StreamPeer::close);
        await().until(() -> comet.statistics().held().streams() == 1);
        long last = comet.sendToAll("n", "last");
        assertThat(streams.get(0).awaitMessages(51)).last().matches(e -> e.messageId() == last);
    }

    /** With TLS: a POST that asks for the upgrade to h2c is refused by Jetty itself. */
    @Test
    @DisplayName("H8 a body over HTTP/2, of known length or not, and one of a stranger")
    void ack_http2_bodyIsRead() throws Exception {
        String base = start("https");
        CometClient ada = client("ada");
        long id = comet.sendMessage("ada", "n", 1);
        HttpRequest.BodyPublisher known =
                HttpRequest.BodyPublishers.ofString("lastMessageId=" + id);
        for (HttpRequest.BodyPublisher body :
                List.of(known, HttpRequest.BodyPublishers.fromPublisher(known))) {
            HttpResponse<String> answer = ack(base, ada.privateToken(), body);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(204);
            assertThat(ack(base, "nobody", body).statusCode()).isEqualTo(404);
        }
    }

    private HttpResponse<String> ack(String base, String token, HttpRequest.BodyPublisher body)
            throws Exception {
        HttpRequest ack =
                HttpRequest.newBuilder(URI.create(base + "/ack"))
                        .header("Authorization", "Bearer " + token)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(body)
                        .build();
        return http.send(ack, HttpResponse.BodyHandlers.ofString());
    }
}
