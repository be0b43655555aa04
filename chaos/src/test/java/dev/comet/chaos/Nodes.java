package dev.comet.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * Three places for nodes. Whoever asks goes to one of them at random; for a while also to one whose
 * node is dead, since no load balancer knows at once.
 */
final class Nodes implements AutoCloseable {

    static final int COUNT = 3;

    /** While Redis is away none starts. */
    private static final int ATTEMPTS = 20;

    private final String redis;
    private final Path directory;
    private final Consumer<String[]> lines;
    private final Consumer<int[]> moved;
    private final AtomicReferenceArray<Node> nodes = new AtomicReferenceArray<>(COUNT);
    private final AtomicIntegerArray ports = new AtomicIntegerArray(COUNT);

    /**
     * @param lines is told what nodes say
     * @param moved is told the ports whenever one is another
     */
    Nodes(String redis, Path directory, Consumer<String[]> lines, Consumer<int[]> moved) {
        this.redis = redis;
        this.directory = directory;
        this.lines = lines;
        this.moved = moved;
    }

    /** All of them, at the same time. */
    void start() throws InterruptedException {
        List<Node> started = new ArrayList<>();
        for (int i = 0; i < COUNT; i++) {
            started.add(launch(i));
        }
        for (int i = 0; i < COUNT; i++) {
            await(i, started.get(i));
        }
    }

    private Node launch(int place) {
        try {
            return new Node(redis, directory.resolve("node-" + place + ".log"), lines);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void await(int place, Node first) throws InterruptedException {
        Node node = first;
        for (int attempt = 1; ; attempt++) {
            try {
                ports.set(place, node.awaitPort());
                nodes.set(place, node);
                moved.accept(ports());
                return;
            } catch (ExecutionException | TimeoutException e) {
                node.kill();
                if (attempt == ATTEMPTS) {
                    throw new IllegalStateException("node " + place + " does not start", e);
                }
                node = launch(place);
            }
        }
    }

    /** Who goes there finds nobody, until it is started again. */
    void kill(int place) {
        nodes.get(place).kill();
    }

    /** Until that is done, who would go there goes to another one. */
    void restart(int place) throws InterruptedException {
        for (int i = 1; i < COUNT; i++) {
            int other = (place + i) % COUNT;
            if (!nodes.get(other).isGone()) {
                ports.set(place, ports.get(other));
                moved.accept(ports());
            }
        }
        await(place, launch(place));
    }

    /** One that lives, for all that is known. */
    Node any(Random random) {
        int first = random.nextInt(COUNT);
        for (int i = 0; i < COUNT; i++) {
            Node node = nodes.get((first + i) % COUNT);
            if (!node.isGone()) {
                return node;
            }
        }
        return nodes.get(first);
    }

    int[] ports() {
        int[] all = new int[COUNT];
        Arrays.setAll(all, ports::get);
        return all;
    }

    int anyPort(Random random) {
        return ports.get(random.nextInt(COUNT));
    }

    @Override
    public void close() {
        for (int i = 0; i < COUNT; i++) {
            Node node = nodes.get(i);
            if (node != null) {
                node.kill();
            }
        }
    }
}
