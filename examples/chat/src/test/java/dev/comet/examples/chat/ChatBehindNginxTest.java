package dev.comet.examples.chat;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import dev.comet.redis.TestRedis;
import dev.comet.testkit.internal.NginxProxy;
import dev.comet.testkit.internal.ServerProcess;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.core.JacksonException;

/**
 * Three chats in processes of their own over one Redis, behind the nginx of docs/cluster.md, which
 * sends each request to another one than the one before. Its pictures are in target/screenshots.
 */
@Timeout(300)
class ChatBehindNginxTest {

    private static final Path ROOT =
            Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent().getParent();
    private static final Path FOLDER = Path.of("target", "screenshots");
    private static final String NODE = "node";
    private static final String NUMBER = "number ";
    private static final int A_WHILE = 20;

    private final List<AutoCloseable> started = new ArrayList<>();
    private final List<ServerProcess> nodes = new ArrayList<>();
    private ChatBrowser browser;
    private URI chat;

    @BeforeEach
    void start() throws Exception {
        browser = started(ChatBrowser.launch());
        TestRedis redis = started(TestRedis.start("--save", "", "--appendonly", "no"));
        String option = "-Dredis=" + redis.uri().toURI();
        for (int i = 0; i < 3; i++) {
            nodes.add(started(ServerProcess.start(ChatServer.class, option)));
        }
        NginxProxy nginx =
                started(
                        NginxProxy.start(
                                ROOT.resolve("docs/cluster.md"),
                                "add_header " + NODE + " $upstream_addr always;",
                                nodes.stream().map(ServerProcess::port).toList()));
        chat = URI.create("http://127.0.0.1:" + nginx.port() + "/");
    }

    private <T extends AutoCloseable> T started(T what) {
        started.add(0, what);
        return what;
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable what : started) {
            what.close();
        }
    }

    @Test
    @DisplayName(
            "P3 a chat of three is killed while pages talk: no reload, nothing lost, nothing twice")
    void talk_aNodeIsKilled_goesOn() throws Exception {
        Window ada = new Window("Ada");
        Window bob = new Window("Bob");
        bob.reloadUntil(node -> !node.equals(ada.node()));
        ada.page.evaluate("window.sameAsEver = true");
        bob.page.evaluate("window.sameAsEver = true");
        ada.say("hello from Ada");
        bob.hears("hello from Ada");
        bob.say("hello from Bob");
        ada.hears("hello from Bob");

        Talker carol = started(new Talker());
        carol.start();
        ServerProcess killed = process(ada.node());
        killed.kill();
        bob.say("Ada, are you there?");
        ada.hears("Ada, are you there?");
        ada.say("yes");
        bob.hears("yes");
        assertThat(ada.node()).doesNotEndWith(":" + killed.port());

        carol.saysMore();
        List<String> said = carol.end();

        killed.startAgain();
        Window dora = new Window("Dora");
        dora.reloadUntil(node -> node.endsWith(":" + killed.port()));
        dora.say("hello from the one that is back");

        for (Window window : List.of(ada, bob)) {
            window.hears("hello from the one that is back");
            assertThat(window.messages().stream().filter(text -> text.startsWith(NUMBER)))
                    .isEqualTo(said);
            assertThat(window.page.evaluate("window.sameAsEver")).isEqualTo(true);
            assertThat(window.page.locator(".warning, .failed")).hasCount(0);
            assertThat(window.page.locator(".log:visible .notice").allTextContents())
                    .noneMatch(text -> text.contains("left"));
            window.shoot();
        }
        assertThat(ada.messages()).isEqualTo(bob.messages()).doesNotHaveDuplicates();
        assertThat(browser.complaints()).isEmpty();
    }

    private ServerProcess process(String address) {
        return nodes.stream()
                .filter(node -> address.endsWith(":" + node.port()))
                .findFirst()
                .orElseThrow();
    }

    /** Somebody's page. */
    private final class Window {

        private final Page page;
        private final String name;
        private String node = "";

        Window(String name) {
            this.name = name;
            page = browser.window(browser.person(), chat);
            page.onResponse(
                    response -> {
                        if (isStream(response)) {
                            note(response);
                        }
                    });
            ChatInBrowser.signIn(page, name);
        }

        static boolean isStream(Response response) {
            return response.url().contains("/comet/stream?");
        }

        private void note(Response stream) {
            String tried = stream.headers().getOrDefault(NODE, "");
            node = tried.substring(tried.lastIndexOf(' ') + 1); // the last one had it
        }

        /** The address of the one to which its newest stream went. */
        String node() {
            return node;
        }

        void reloadUntil(Predicate<String> isWanted) {
            while (!isWanted.test(node)) {
                page.request().get(chat.toString()); // it is the turn of another one
                note(page.waitForResponse(Window::isStream, page::reload));
            }
        }

        /** As a person does it who is told that a message was perhaps not sent. */
        void say(String text) {
            ChatInBrowser.say(page, text);
            waitUntil(
                    () -> {
                        if (!page.locator("#text").inputValue().isEmpty()) {
                            page.locator("#text").press("Enter"); // it was not connected
                        }
                        if (failed().count() > 0) {
                            failed().locator("[data-action=retry]").first().click();
                        }
                        return messages().contains(text);
                    });
        }

        private Locator failed() {
            return page.locator(".failed");
        }

        void hears(String text) {
            waitUntil(() -> messages().contains(text));
        }

        /** On this thread, whose the page is. */
        private void waitUntil(BooleanSupplier condition) {
            page.waitForCondition(condition, new Page.WaitForConditionOptions().setTimeout(30_000));
        }

        List<String> messages() {
            return ChatInBrowser.messages(page).allTextContents();
        }

        void shoot() {
            page.screenshot(
                    new Page.ScreenshotOptions()
                            .setPath(FOLDER.resolve("behind-nginx-" + name + ".png")));
        }
    }

    /** Somebody who talks without an end, and repeats what was not accepted, under the same key. */
    private final class Talker implements AutoCloseable {

        private final Visitor visitor = Visitor.named(chat, "Carol").in("lobby");
        private final List<String> said = new CopyOnWriteArrayList<>();
        private final Thread thread = new Thread(this::talk, "Carol");
        private volatile boolean ends;

        void start() {
            thread.start();
            saysMore();
        }

        void saysMore() {
            int before = said.size();
            await().atMost(Duration.ofSeconds(60)).until(() -> said.size() > before + A_WHILE);
        }

        private void talk() {
            while (!ends) {
                String text = NUMBER + said.size();
                if (isAccepted(() -> visitor.say("lobby", text))) {
                    said.add(text);
                }
                if (said.size() % A_WHILE == 0) {
                    isAccepted(visitor::poll); // or she counts as gone
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
            }
        }

        private boolean isAccepted(Supplier<Visitor.Answer> request) {
            try {
                return request.get().status() < 300;
            } catch (UncheckedIOException | JacksonException e) { // nginx speaks HTML
                return false;
            }
        }

        /** What was accepted, in this order. */
        List<String> end() throws InterruptedException {
            ends = true;
            thread.join();
            return said;
        }

        @Override
        public void close() {
            ends = true;
        }
    }
}
