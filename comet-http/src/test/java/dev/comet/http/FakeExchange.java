package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.Principal;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A request without a network. Fails the test if it is answered twice. */
final class FakeExchange implements CometExchange {

    private static final JsonMapper JSON = new JsonMapper();

    private final String method;
    private final String path;
    private final @Nullable String query;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private byte[] body = {};
    private String scheme = "http";
    private String remoteAddress = "192.0.2.1";
    private @Nullable Principal principal;

    private volatile @Nullable Runnable peerGone;
    private volatile @Nullable FakeOutput output;
    private final CompletableFuture<CometResponse> response = new CompletableFuture<>();

    private FakeExchange(String method, String target) {
        int question = target.indexOf('?');
        this.method = method;
        this.path = question < 0 ? target : target.substring(0, question);
        this.query = question < 0 ? null : target.substring(question + 1);
        header("Host", "push.example");
    }

    // ---- the request

    static FakeExchange request(String method, String target) {
        return new FakeExchange(method, target);
    }

    static FakeExchange get(String target) {
        return new FakeExchange("GET", target);
    }

    static FakeExchange post(String target) {
        return new FakeExchange("POST", target);
    }

    FakeExchange header(String name, @Nullable String value) {
        if (value == null) {
            headers.remove(name);
        } else {
            headers.put(name, value);
        }
        return this;
    }

    FakeExchange bearer(String token) {
        return header("Authorization", "Bearer " + token);
    }

    FakeExchange json(String json) {
        return body("application/json", json.getBytes(UTF_8));
    }

    FakeExchange form(String form) {
        return body("application/x-www-form-urlencoded", form.getBytes(UTF_8));
    }

    FakeExchange body(@Nullable String contentType, byte[] bytes) {
        this.body = bytes;
        return header("Content-Type", contentType)
                .header("Content-Length", Integer.toString(bytes.length));
    }

    FakeExchange from(String address) {
        this.remoteAddress = address;
        return this;
    }

    FakeExchange scheme(String scheme) {
        this.scheme = scheme;
        return this;
    }

    FakeExchange principal(String name) {
        this.principal = () -> name;
        return this;
    }

    // ---- what became of it

    boolean isHeld() {
        return peerGone != null && !response.isDone();
    }

    boolean isAnswered() {
        return response.isDone();
    }

    /** The answer that goes on. */
    FakeOutput output() {
        FakeOutput opened = output;
        assertThat(opened).as("streams").isNotNull();
        return opened;
    }

    boolean isStreaming() {
        return output != null;
    }

    void peerGoes() {
        Runnable report = peerGone;
        assertThat(report).as("is held").isNotNull();
        report.run();
    }

    /** The answer, which may be on its way. */
    CometResponse response() {
        try {
            return response.get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError("no answer within 10 s", e);
        }
    }

    int status() {
        return response().status();
    }

    @Nullable String responseHeader(String name) {
        return response().headers().stream()
                .filter(header -> header.name().equalsIgnoreCase(name))
                .map(CometResponse.Header::value)
                .reduce(
                        (a, b) -> {
                            throw new AssertionError(name + " is there twice");
                        })
                .orElse(null);
    }

    String text() {
        return new String(response().body(), UTF_8);
    }

    JsonNode json() {
        return JSON.readTree(response().body());
    }

    /** The contents of the only message of the answer. */
    JsonNode only(String name) {
        assertThat(json()).as(text()).hasSize(1);
        assertThat(json().path(0).path("id").longValue()).isZero();
        assertThat(json().path(0).path("name").stringValue()).isEqualTo(name);
        return json().path(0).path("contents");
    }

    void isError(int status, String code) {
        assertThat(status()).as(text()).isEqualTo(status);
        assertThat(only("comet.error").path("code").stringValue()).isEqualTo(code);
    }

    String reason() {
        return only("comet.error").path("reason").stringValue();
    }

    // ---- CometExchange

    @Override
    public String method() {
        return method;
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public String basePath() {
        return "/app/comet";
    }

    @Override
    public @Nullable String query() {
        return query;
    }

    @Override
    public @Nullable String header(String name) {
        return headers.get(name);
    }

    @Override
    public @Nullable String cookies() {
        return headers.get("Cookie");
    }

    @Override
    public @Nullable String host() {
        return headers.get("Host");
    }

    @Override
    public String scheme() {
        return scheme;
    }

    @Override
    public String remoteAddress() {
        return remoteAddress;
    }

    @Override
    public @Nullable Principal principal() {
        return principal;
    }

    @Override
    public void readBody(int limit, Consumer<byte[]> then) {
        then.accept(Arrays.copyOf(body, Math.min(body.length, limit + 1)));
    }

    @Override
    public void hold(Runnable peerGone) {
        assertThat(this.peerGone).as("is held already").isNull();
        this.peerGone = peerGone;
    }

    @Override
    public CometOutput stream(CometResponse head, Runnable canTakeMore, Runnable peerGone) {
        assertThat(this.peerGone).as("is held already").isNull();
        this.peerGone = peerGone;
        FakeOutput opened = new FakeOutput(head, canTakeMore);
        output = opened;
        return opened;
    }

    @Override
    public void respond(CometResponse answer) {
        assertThat(response.complete(answer)).as("answered a second time").isTrue();
    }
}
