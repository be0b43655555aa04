package dev.comet.examples.relay;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** How a device that is new gets its key from the cloud. */
final class Pairing {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private Pairing() {}

    /**
     * Asks for the key of this device, which the device is to keep.
     *
     * @param comet where Comet is; the relay is beside it
     * @throws IOException if there is no answer, or a refusal, whose text says why
     */
    static String key(URI comet, String mac, String code) throws IOException, InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(comet.resolve("/relay/enrol"))
                        .timeout(TIMEOUT)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(
                                BodyPublishers.ofString(
                                        "mac=" + encoded(mac) + "&code=" + encoded(code)))
                        .build();
        HttpResponse<String> response =
                HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IOException(response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
