package dev.comet.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stream without a network, which takes as much as the test lets it. */
final class FakeOutput implements CometOutput {

    private final CometResponse head;
    private final Runnable canTakeMore;
    private final List<byte[]> pieces = new ArrayList<>(); // guarded by this
    private boolean full;
    private boolean told = true;
    private @Nullable String end;

    FakeOutput(CometResponse head, Runnable canTakeMore) {
        this.head = head;
        this.canTakeMore = canTakeMore;
    }

    @Override
    public synchronized boolean write(byte[] bytes) {
        assertThat(end).as("the end").isNull();
        assertThat(told).as("may be written to").isTrue();
        pieces.add(bytes);
        told = !full;
        return told;
    }

    @Override
    public synchronized void end(byte[] bytes) {
        assertThat(end).as("the end").isNull();
        pieces.add(bytes);
        end = "ended";
    }

    @Override
    public synchronized void cutOff() {
        assertThat(end).as("the end").isNull();
        end = "cut off";
    }

    synchronized void fill() {
        full = true;
    }

    void drain() {
        synchronized (this) {
            full = false;
            told = true;
        }
        canTakeMore.run();
    }

    CometResponse head() {
        return head;
    }

    synchronized @Nullable String end() {
        return end;
    }

    synchronized List<byte[]> pieces() {
        return List.copyOf(pieces);
    }

    String text() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        pieces().forEach(all::writeBytes);
        return all.toString(UTF_8);
    }
}
