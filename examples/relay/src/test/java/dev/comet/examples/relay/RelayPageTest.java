package dev.comet.examples.relay;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import dev.comet.CometClock;
import dev.comet.js.Chromium;
import dev.comet.redis.TestRedis;
import dev.comet.testkit.internal.NginxProxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The test page in a real browser; its pictures are in target/screenshots. */
@Timeout(90)
class RelayPageTest {

    private static final Path ROOT =
            Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent().getParent();
    private static final Path FOLDER = Path.of("target", "screenshots");

    @Test
    @DisplayName("R9 live devices, the round trip of a command, and pushes appear")
    void page_commandsAndPushes_appear() throws Exception {
        Jobs.Intervals often = new Jobs.Intervals(Duration.ofMinutes(5), Duration.ofMillis(300));
        try (Chromium chromium = Chromium.launch("the relay's page");
                RelayServer server =
                        RelayServer.start("127.0.0.1", 0, "code", Relay.Options.DEFAULT, often)) {
            server.simulate(3);
            Page page = chromium.open(server.uri().toString());
            assertThat(page.locator("#state")).hasText("not paired");
            page.locator("#code").fill("guess");
            page.keyboard().press("Enter");
            assertThat(page.locator("#pairing-problem")).containsText("Wrong pairing code");
            shoot(page, 390, ColorScheme.LIGHT, "phone-light-pairing");
            page.locator("#code").fill("code");
            page.keyboard().press("Enter");
            assertThat(page.locator("#state")).hasText("connected");
            page.reload();
            assertThat(page.locator("#state")).hasText("connected");
            page.setViewportSize(1_100, 844);
            assertThat(page.locator("#devices li")).hasCount(3);

            page.locator("button[name=on]").click();
            assertThat(page.locator("#log li")).hasCount(1);
            assertThat(page.locator("#log li").first()).containsText("kitchen is on");
            assertThat(page.locator("#round-trip")).hasText(Pattern.compile("[0-9.]+"));
            page.locator("#light").fill("garden");
            page.locator("button[name=state]").click();
            assertThat(page.locator("#log li").first()).containsText("garden is off");
            assertThat(page.locator("#pushes")).hasText(Pattern.compile("[1-9][0-9]*"));

            shoot(page, 1_100, ColorScheme.LIGHT, "desktop-light");
            shoot(page, 1_100, ColorScheme.DARK, "desktop-dark");
            shoot(page, 390, ColorScheme.LIGHT, "phone-light");
            shoot(page, 390, ColorScheme.DARK, "phone-dark");
            assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                    .isEqualTo(true);
            assertThat(server.relay().commands().all()).hasSize(2);

            server.manager().clients().stream()
                    .filter(client -> client.displayName().equals("gateway-2"))
                    .forEach(client -> server.manager().disconnect(client));
            assertThat(page.locator("#devices li")).hasCount(2);
        }
    }

    @Test
    @DisplayName("R9 the time since a gateway was last active goes on while it is silent")
    void page_nothingIsHeard_timesGoOn() throws Exception {
        try (Chromium chromium = Chromium.launch("the relay's page");
                RelayServer server =
                        RelayServer.start(
                                "127.0.0.1",
                                0,
                                "code",
                                Relay.Options.DEFAULT,
                                Jobs.Intervals.DEFAULT)) {
            server.simulate(1);
            Page page = chromium.open(server.uri() + "#code=code");
            assertThat(page.locator("#devices li")).containsText("active");
            assertThat(page.url()).doesNotContain("code");
            page.clock().install();
            assertThat(page.locator("#devices li")).containsText(Pattern.compile("now|s ago"));

            page.clock().fastForward(125_000);
            assertThat(page.locator("#devices li")).containsText("active 2 min ago");
        }
    }

    @Test
    @DisplayName("R9 a gateway that has just replied is active now; the list said 16 s ago")
    void page_gatewayReplies_isActiveNow() throws Exception {
        try (Chromium chromium = Chromium.launch("the relay's page");
                RelayServer server =
                        RelayServer.start(
                                "127.0.0.1",
                                0,
                                "code",
                                Relay.Options.DEFAULT,
                                Jobs.Intervals.DEFAULT)) {
            server.simulate(2);
            Page page = chromium.open(server.uri() + "#code=code");
            assertThat(page.locator("#devices li")).hasCount(2);
            page.clock().install();
            page.clock().fastForward(16_000);
            for (int row = 0; row < 2; row++) {
                assertThat(page.locator("#devices li").nth(row))
                        .containsText(Pattern.compile("active [0-9]+ s ago"));
            }

            page.locator("button[name=on]").click();

            assertThat(page.locator("#log li").first()).containsText("kitchen is on");
            assertThat(page.locator("#devices li").first()).containsText("active now");
            assertThat(page.locator("#devices li").last())
                    .containsText(Pattern.compile("active [0-9]+ s ago"));
        }
    }

    @Test
    @DisplayName("R9 what went wrong is said for people, not for whoever runs the server")
    void page_commandFails_saysSoForPeople() throws Exception {
        Relay.Options impatient =
                new Relay.Options(Duration.ofMillis(200), 25, 60, 20, Duration.ZERO);
        try (Chromium chromium = Chromium.launch("the relay's page");
                RelayServer server =
                        RelayServer.start(
                                "127.0.0.1", 0, "code", impatient, Jobs.Intervals.DEFAULT);
                SimulatedGateway gateway =
                        SimulatedGateway.start(
                                server.comet(),
                                1,
                                server.relay().keys().issue(SimulatedGateway.mac(1)))) {
            Page page = chromium.open(server.uri().toString());
            page.locator("#code").fill("guess");
            page.keyboard().press("Enter");
            assertThat(page.locator("#pairing-problem"))
                    .hasText("Wrong pairing code: use the one that the relay printed.");
            page.locator("#code").fill("code");
            page.keyboard().press("Enter");
            assertThat(page.locator("#devices li")).hasCount(1);

            gateway.comet().toCompletableFuture().join().unsubscribe(); // it does not hear
            page.locator("button[name=on]").click();
            assertThat(page.locator("#log li").first())
                    .containsText("kitchen on: no reply in time");
        }
    }

    @Test
    @DisplayName("R9 a relay that was started anew does not know the phone: the page asks to pair")
    void page_relayKnowsThePhoneNoMore_asksToPair() throws Exception {
        RelayServer server = start(0, "code");
        try (Chromium chromium = Chromium.launch("the relay's page")) {
            Page page = chromium.open(server.uri() + "#code=code");
            assertThat(page.locator("#state")).hasText("connected");
            int port = server.uri().getPort();
            server.close();
            server = start(port, "another code");

            assertThat(page.locator("#pairing-problem")).containsText("Pair it again");
            assertThat(page.locator("#state")).hasText("not paired");
            assertThat(page.locator("button[name=on]")).isDisabled();
            shoot(page, 390, ColorScheme.LIGHT, "phone-light-pair-again");

            page.locator("#code").fill("another code");
            page.keyboard().press("Enter");
            assertThat(page.locator("#state")).hasText("connected");
            assertThat(page.locator("#pairing")).isHidden();
            assertThat(server.relay().devices().all(Device.Kind.PHONE)).hasSize(1);
        } finally {
            server.close();
        }
    }

    @Test
    @DisplayName("R13 the page behind nginx, which sends each request to another of two relays")
    void page_eachRequestToAnotherNode_isAsOne() throws Exception {
        String namespace = UUID.randomUUID().toString();
        try (Chromium chromium = Chromium.launch("the relay's page");
                RelayServer one = node(namespace);
                RelayServer other = node(namespace);
                NginxProxy nginx =
                        NginxProxy.start(
                                ROOT.resolve("docs/cluster.md"),
                                "",
                                List.of(one.uri().getPort(), other.uri().getPort()))) {
            other.simulate(2);
            Page page = chromium.open("http://127.0.0.1:" + nginx.port() + "/#code=code");
            assertThat(page.locator("#state")).hasText("connected");
            assertThat(page.locator("#devices li")).hasCount(2);
            for (int i = 1; i <= 3; i++) {
                page.locator("button[name=on]").click();
                assertThat(page.locator("#log li")).hasCount(i);
                assertThat(page.locator("#log li").first()).containsText("kitchen is on");
            }
            page.reload();
            assertThat(page.locator("#state")).hasText("connected");
            assertThat(one.relay().devices().all(Device.Kind.PHONE)).hasSize(1);
            page.locator("button[name=state]").click();
            assertThat(page.locator("#log li").first()).containsText("kitchen is on");
            assertThat(page.locator("#pushes")).hasText(Pattern.compile("[1-9][0-9]*"));
            shoot(page, 1_100, ColorScheme.LIGHT, "two-nodes");

            one.manager()
                    .findClientByPublicToken(SimulatedGateway.mac(2))
                    .ifPresent(one.manager()::disconnect);
            assertThat(page.locator("#devices li")).hasCount(1);
        }
    }

    private static RelayServer node(String namespace) throws Exception {
        return RelayServer.start(
                "127.0.0.1",
                0,
                "code",
                Relay.Options.DEFAULT,
                new Jobs.Intervals(Duration.ofMinutes(5), Duration.ofMillis(300)),
                Storage.inRedis(TestRedis.shared().uri(), namespace),
                CometClock.system());
    }

    private static RelayServer start(int port, String code) throws Exception {
        return RelayServer.start(
                "127.0.0.1", port, code, Relay.Options.DEFAULT, Jobs.Intervals.DEFAULT);
    }

    private static void shoot(Page page, int width, ColorScheme scheme, String name) {
        page.setViewportSize(width, 844);
        page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
        page.screenshot(
                new Page.ScreenshotOptions()
                        .setFullPage(true)
                        .setPath(FOLDER.resolve(name + ".png")));
    }
}
