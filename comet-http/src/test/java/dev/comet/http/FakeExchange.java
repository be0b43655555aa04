package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.security.Principal;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A request without a network. Refuses every call that breaks the rule of {@link CometExchange}, as
 * adapters do, and tells the {@link Protocol}, which then fails the test: also if the call was made
 * on another thread, or whoever made it caught the exception.
 */
final class FakeExchange implements CometExchange {

    private static final JsonMapper JSON = new JsonMapper();

    private final String method;
    private final String path;
    private final @Nullable String query;
    private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private byte[] body = {};
    private boolean bodyWasRead;
    private boolean isLater;
    private @Nullable Runnable later;
    private String scheme = "http";
    private String remoteAddress = "192.0.2.1";
    private @Nullable String acceptedHost;
    private @Nullable Principal principal;
    private @Nullable Runnable beforeHold;
    private @Nullable Runnable beforeStream;
    private @Nullable Runnable afterAnswer;
    private boolean readsLater;
    private volatile @Nullable Runnable written;

    private Consumer<AssertionError> broken = error -> {};
    private volatile @Nullable Thread handling;
    private volatile boolean streamed;
    private volatile boolean gone;
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

    /**
     * @param value a line break stands for another header of that name
     */
    FakeExchange header(String name, @Nullable String value) {
        if (value == null) {
            headers.remove(name);
        } else {
            headers.put(name, value);
        }
        return this;
    }

    /**
     * The host as a container or a filter takes it, that believes a proxy.
     *
     * @param accepted with its port unless that is the scheme's own
     */
    FakeExchange acceptedHost(String accepted) {
        this.acceptedHost = accepted;
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

    /** The body is not there yet; see {@link #bodyComes}. */
    FakeExchange bodyLater() {
        isLater = true;
        return this;
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

    /** To have a hold fail. */
    FakeExchange beforeHold(Runnable action) {
        this.beforeHold = action;
        return this;
    }

    /** The peer does not read its answer; see {@link #peerReads}. */
    FakeExchange readsLater() {
        readsLater = true;
        return this;
    }

    /** To have an answer fail that was begun. */
    FakeExchange afterAnswer(Runnable action) {
        this.afterAnswer = action;
        return this;
    }

    /** To have the beginning of a stream fail. */
    FakeExchange beforeStream(Runnable action) {
        this.beforeStream = action;
        return this;
    }

    // ---- what the rule of CometExchange needs

    /**
     * The exchange is being handled by this thread, from now on.
     *
     * @param broken is told of calls that break the rule
     */
    FakeExchange handling(Consumer<AssertionError> broken) {
        this.broken = broken;
        handling = Thread.currentThread();
        return this;
    }

    void handled() {
        handling = null;
    }

    /** The rest of a late body comes, and this thread goes on with it. */
    void bodyComes() {
        Runnable comes = later;
        assertThat(comes).as("somebody waits for the body").isNotNull();
        handling = Thread.currentThread();
        try {
            comes.run();
        } finally {
            handled();
        }
    }

    private void requireHandling(String call) {
        require(handling == Thread.currentThread(), call + " not by the thread that handles it");
    }

    private void requireUnanswered(String call) {
        require(!streamed && !response.isDone(), call + " after the answer");
    }

    private void require(boolean kept, String otherwise) {
        if (!kept) {
            AssertionError error = new AssertionError(method + " " + path + ": " + otherwise);
            broken.accept(error);
            throw error;
        }
    }

    private <T extends @Nullable Object> T read(T value) {
        require(handling != null, "is read after it has been handled");
        return value;
    }

    // ---- what became of it

    boolean isHeld() {
        return peerGone != null && !response.isDone();
    }

    boolean bodyWasRead() {
        return bodyWasRead;
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
        gone = true;
        report.run();
    }

    /** The answer is written, or never will be. */
    void peerReads() {
        Runnable over = written;
        assertThat(over).as("is not read yet").isNotNull();
        written = null;
        over.run();
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
        return read(method);
    }

    @Override
    public String path() {
        return read(path);
    }

    @Override
    public String basePath() {
        return read("/app/comet");
    }

    @Override
    public @Nullable String query() {
        return read(query);
    }

    @Override
    public @Nullable String header(String name) {
        List<String> values = headers(name);
        return values.isEmpty() ? null : values.get(0);
    }

    @Override
    public List<String> headers(String name) {
        String value = read(headers.get(name));
        return value == null ? List.of() : List.of(value.split("\n"));
    }

    @Override
    public @Nullable String host() {
        return header("Host");
    }

    @Override
    public @Nullable String acceptedHost() {
        return read(acceptedHost == null ? headers.get("Host") : acceptedHost);
    }

    @Override
    public String scheme() {
        return read(scheme);
    }

    @Override
    public String remoteAddress() {
        return read(remoteAddress);
    }

    @Override
    public @Nullable Principal principal() {
        return read(principal);
    }

    @Override
    public void readBody(BodyLimits limits, BodyReceiver receiver) {
        requireHandling("readBody");
        requireUnanswered("readBody");
        bodyWasRead = true;
        Runnable comes =
                () ->
                        receiver.received(
                                Arrays.copyOf(body, Math.min(body.length, limits.bytes() + 1)));
        if (isLater) {
            later = comes;
        } else {
            comes.run();
        }
    }

    @Override
    public void hold(Runnable peerGone) {
        requireHandling("hold");
        requireUnanswered("hold");
        require(this.peerGone == null, "hold a second time");
        run(beforeHold);
        this.peerGone = peerGone;
    }

    @Override
    public CometOutput stream(CometResponse head, Runnable canTakeMore) {
        requireHandling("stream");
        requireUnanswered("stream");
        require(peerGone != null, "stream without hold");
        run(beforeStream);
        streamed = true;
        FakeOutput opened = new FakeOutput(head, canTakeMore);
        output = opened;
        return opened;
    }

    private static void run(@Nullable Runnable action) {
        if (action != null) {
            action.run();
        }
    }

    @Override
    public void respond(CometResponse answer, Runnable written) {
        if (peerGone == null) {
            requireHandling("respond without hold");
        }
        requireUnanswered("respond");
        if (gone || !readsLater) {
            written.run();
        } else {
            this.written = written;
        }
        if (!gone) {
            require(response.complete(answer), "respond a second time");
        }
        run(afterAnswer);
    }
}
