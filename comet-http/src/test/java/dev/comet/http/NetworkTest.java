package dev.comet.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("H6 whom limits per address count")
class NetworkTest {

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "::ffff:192.0.2.1, ::ffff:192.0.2.1",
        "2001:db8:0:1:0:0:0:1, 2001:db8:0:1:",
        "[2001:db8:0:1:0:0:0:1], 2001:db8:0:1:",
        "2001:db8:0:1::1, 2001:db8:0:1:",
        "2001:db8:0:1::, 2001:db8:0:1:",
        "2001:db8::1, 2001:db8:0:0:",
        "2001:db8::a:b:c:d, 2001:db8:0:0:",
        "2001:db8::1:a:b:c:d, 2001:db8:0:1:",
        "[2001:db8::1], 2001:db8:0:0:",
        "fe80::1%eth0, fe80:0:0:0:",
        "::1, 0:0:0:0:",
        "::2:3:4:5:6:7:8, 0:2:3:4:",
        "gateway:17, gateway:17",
        "1:2:3:4:5:6:7:8::, 1:2:3:4:5:6:7:8::",
        "unknown, unknown",
    })
    void of_anyAddress_isTheAddressOrTheNetwork(String address, String network) {
        assertThat(Network.of(address)).isEqualTo(network);
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.",
        "::ffff:192.0.2.1, ::ffff:192.0.2.",
        "2001:db8:0:1:0:0:0:1, 2001:db8:0:",
        "[2001:db8:0:1:0:0:0:1], 2001:db8:0:",
        "2001:db8:a:1::1, 2001:db8:a:",
        "2001:db8::1, 2001:db8:0:",
        "::1, 0:0:0:",
        "gateway:17, gateway:17",
        "a.b:17, a.b:17",
        "unknown, unknown",
    })
    void wider_anyAddress_isTheSiteOrTheAddress(String address, String network) {
        assertThat(Network.wider(address)).isEqualTo(network);
    }
}
