package dev.comet.examples.relay;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;

/** What devices that speak in frames say to the relay. */
final class RelayHttp {

    private RelayHttp() {}

    static HttpResponse<String> post(
            HttpClient http, RelayServer server, String path, String body, String... headers)
            throws IOException, InterruptedException {
        return post(http, server.uri(), path, body, headers);
    }

    static HttpResponse<String> post(
            HttpClient http, URI node, String path, String body, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(node.resolve(path)).POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }

    static String hello(String mac) {
        return Frame.of(Frame.Kind.GATEWAY_HELLO, Map.of("id", mac, "deviceid", "box")).hex();
    }
}
