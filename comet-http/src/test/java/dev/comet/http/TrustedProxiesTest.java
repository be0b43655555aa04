package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.comet.CometException;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("H9 whose address it is behind proxies")
class TrustedProxiesTest {

    private final Function<CometExchange, String> forwardedFor =
            TrustedProxies.xForwardedFor("127.0.0.1", "::1", "10.0.0.0/8", "2001:db8:1::/48");
    private final Function<CometExchange, String> forwarded =
            TrustedProxies.forwarded("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48");

    private static String find(
            Function<CometExchange, String> proxies, String peer, String header) {
        FakeExchange exchange =
                FakeExchange.get("/poll")
                        .from(peer)
                        .header("X-Forwarded-For", header)
                        .header("Forwarded", header)
                        .handling(error -> {});
        return proxies.apply(exchange);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "10.1.2.3 | 198.51.100.7 | 198.51.100.7",
                "10.1.2.3 | 6.6.6.6, 198.51.100.7 | 198.51.100.7",
                "10.1.2.3 | 6.6.6.6, 198.51.100.7 , 10.9.9.9,127.0.0.1 | 198.51.100.7",
                "10.1.2.3 | junk, 198.51.100.7 | 198.51.100.7",
                "10.1.2.3 | 10.0.0.9, 10.0.0.8 | 10.0.0.9",
                "10.1.2.3 | 198.51.100.7:4711 | 198.51.100.7",
                "10.1.2.3 | [2001:db8::7]:4711 | 2001:db8:0:0:0:0:0:7",
                "10.1.2.3 | 2001:db8::7 | 2001:db8:0:0:0:0:0:7",
                "10.1.2.3 | 2001:db8::7, 2001:db8:1:2::3 | 2001:db8:0:0:0:0:0:7",
                "10.1.2.3 | ::ffff:198.51.100.7 | 198.51.100.7",
                "0:0:0:0:0:0:0:1 | 198.51.100.7 | 198.51.100.7",
                "[::1] | 198.51.100.7 | 198.51.100.7",
                "10.1.2.3 | fe80::1%eth0 | fe80:0:0:0:0:0:0:1",
            })
    void xForwardedFor_behindProxies_isTheLastThatIsNone(
            String peer, String header, String address) {
        assertThat(find(forwardedFor, peer, header)).isEqualTo(address);
    }

    @Test
    void xForwardedFor_aLineForEachProxy_areReadAsOne() {
        assertThat(find(forwardedFor, "10.1.2.3", "6.6.6.6\n198.51.100.7\n10.0.0.8"))
                .isEqualTo("198.51.100.7");
    }

    @Test
    void xForwardedFor_peerIsNoProxy_isNotBelieved() {
        assertThat(find(forwardedFor, "198.51.100.9", "6.6.6.6")).isNull();
        assertThat(find(forwardedFor, "11.0.0.1", "6.6.6.6")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ",",
                "unknown",
                "_hidden",
                "198.51.100.7,",
                "localhost",
                "cafe",
                "1.2.3",
                "1.2.3.4.5",
                "256.1.1.1",
                "01.2.3.4",
                "1.2.3.4:x",
                "1.2.3.4:",
                "[2001:db8::7",
                "[2001:db8::7]x",
                "1:2",
                "::g",
                ":::",
                "2001:db8::7::8"
            })
    void xForwardedFor_malformed_isThePeer(String header) {
        assertThat(find(forwardedFor, "10.1.2.3", header)).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "for=198.51.100.7 | 198.51.100.7",
                "For=198.51.100.7;proto=https;by=10.0.0.1 | 198.51.100.7",
                "for=6.6.6.6, for=198.51.100.7;proto=http, for=10.0.0.1 | 198.51.100.7",
                "for=\"[2001:db8::7]:4711\" | 2001:db8:0:0:0:0:0:7",
                "for=\"198.51.100.7:80\" | 198.51.100.7",
                "proto=https; for=\"198.51.10\\0.7\" | 198.51.100.7",
                "host=\"a,b;for=6.6.6.6\";for=198.51.100.7 | 198.51.100.7",
            })
    void forwarded_behindProxies_isTheLastThatIsNone(String header, String address) {
        assertThat(find(forwarded, "10.1.2.3", header)).isEqualTo(address);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "for=unknown",
                "for=_secret",
                "proto=https",
                "198.51.100.7",
                "for=6.6.6.6;for=198.51.100.7",
                "for=\"198.51.100.7",
                "for=6.6.6.6;host=\", for=198.51.100.7",
                "for=6.6.6.6;host=\", for=\"[2001:db8::7]\""
            })
    void forwarded_malformed_isThePeer(String header) {
        assertThat(find(forwarded, "10.1.2.3", header)).isNull();
    }

    @Test
    void xForwardedFor_longHeader_isReadOnce() {
        assertThat(find(forwardedFor, "10.1.2.3", "10.0.0.1,".repeat(100_000) + "10.0.0.1"))
                .isEqualTo("10.0.0.1");
        assertThat(find(forwardedFor, "10.1.2.3", "1".repeat(1_000_000))).isNull();
        assertThat(find(forwarded, "10.1.2.3", "for=\"\\".repeat(100_000))).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "proxy.example", "10.0.0.0/33", "10.0.0.0/", "::1/129", "10.0.0/8"})
    void network_malformed_isRejected(String network) {
        assertThatThrownBy(() -> TrustedProxies.xForwardedFor(network))
                .isInstanceOf(CometException.class)
                .hasMessageContaining("network is \"" + network + "\"");
    }
}
