package dev.comet.chaos;

import dev.comet.client.http.CometHttp;
import dev.comet.client.http.JdkHttp;
import java.net.URI;
import java.util.function.IntSupplier;

/** Sends each request to another port: a load balancer without any stickiness. */
final class AnyNode implements CometHttp {

    private final IntSupplier ports;

    AnyNode(IntSupplier ports) {
        this.ports = ports;
    }

    @Override
    public Exchange start(Request request, Receiver receiver) {
        URI asked = request.uri();
        URI uri =
                URI.create(
                        "http://127.0.0.1:"
                                + ports.getAsInt()
                                + asked.getRawPath()
                                + (asked.getRawQuery() == null ? "" : "?" + asked.getRawQuery()));
        return JdkHttp.shared()
                .start(
                        new Request(request.method(), uri, request.headers(), request.body()),
                        receiver);
    }
}
