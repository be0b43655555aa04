package dev.comet.examples.relay;

import dev.comet.client.http.CometHttp;
import dev.comet.client.http.JdkHttp;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** A load balancer without a memory: each request of the device goes to the next node. */
final class AlternatingHttp implements CometHttp {

    private final List<URI> nodes;
    private final AtomicInteger next = new AtomicInteger();

    AlternatingHttp(List<URI> nodes) {
        this.nodes = new CopyOnWriteArrayList<>(nodes);
    }

    /** That one takes no requests any more. */
    void takeOut(URI node) {
        nodes.remove(node);
    }

    void putIn(URI node) {
        nodes.add(node);
    }

    @Override
    public Exchange start(Request request, Receiver receiver) {
        List<URI> now = List.copyOf(nodes);
        URI node = now.get(Math.floorMod(next.getAndIncrement(), now.size()));
        String rest = request.uri().getRawPath();
        String query = request.uri().getRawQuery();
        URI uri = node.resolve(query == null ? rest : rest + "?" + query);
        return JdkHttp.shared()
                .start(
                        new Request(request.method(), uri, request.headers(), request.body()),
                        receiver);
    }
}
