package dev.comet.benchmarks.load;

/** Takes the head, and the framing if there is one, off an HTTP/1.1 answer that does not end. */
final class Dechunker {

    private enum State {
        HEAD,
        SIZE,
        DATA,
        DATA_END,
        /** All that comes is data. */
        UNFRAMED
    }

    private State state = State.HEAD;
    private final StringBuilder line = new StringBuilder(); // of the head
    private boolean chunked;
    private int lineLength;
    private int size;

    /**
     * Moves what is data to the front.
     *
     * @param bytes from {@code from} on as they came
     * @return where the data ends
     */
    int remove(byte[] bytes, int from, int to) {
        int end = from;
        int at = from;
        while (at < to) {
            if (state == State.UNFRAMED) {
                System.arraycopy(bytes, at, bytes, end, to - at);
                return end + to - at;
            }
            if (state == State.DATA) {
                int count = Math.min(size, to - at);
                System.arraycopy(bytes, at, bytes, end, count);
                at += count;
                end += count;
                size -= count;
                state = size == 0 ? State.DATA_END : State.DATA;
                continue;
            }
            byte b = bytes[at++];
            if (b == '\n') {
                endOfLine();
            } else if (b != '\r') {
                lineLength++;
                if (state == State.SIZE) {
                    size = size * 16 + Character.digit(b, 16);
                } else if (state == State.HEAD) {
                    line.append((char) b);
                }
            }
        }
        return end;
    }

    private void endOfLine() {
        switch (state) {
            case HEAD -> {
                if (lineLength == 0) {
                    state = chunked ? State.SIZE : State.UNFRAMED;
                }
                chunked |= line.toString().equalsIgnoreCase("Transfer-Encoding: chunked");
                line.setLength(0);
            }
            case SIZE -> {
                if (size == 0) {
                    throw new IllegalStateException("the stream has ended");
                }
                state = State.DATA;
            }
            case DATA_END -> {
                state = State.SIZE;
                size = 0;
            }
            case DATA, UNFRAMED -> throw new IllegalStateException("in data there are no lines");
        }
        lineLength = 0;
    }
}
