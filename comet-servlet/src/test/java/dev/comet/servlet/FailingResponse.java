package dev.comet.servlet;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;

/** A response for which the memory does not suffice, once, in the place that the test wants. */
final class FailingResponse extends HttpServletResponseWrapper {

    /** Where it fails. */
    enum Place {
        STATUS,
        HEADER,
        LENGTH,
        OUTPUT,
        LISTENER,
        WRITE
    }

    private final AtomicReference<Place> next;

    FailingResponse(HttpServletResponse response, AtomicReference<Place> next) {
        super(response);
        this.next = next;
    }

    private void failAt(Place place) {
        if (next.compareAndSet(place, null)) {
            throw new OutOfMemoryError("as the test wants: " + place);
        }
    }

    @Override
    public void setStatus(int status) {
        failAt(Place.STATUS);
        super.setStatus(status);
    }

    @Override
    public void setHeader(String name, String value) {
        failAt(Place.HEADER);
        super.setHeader(name, value);
    }

    @Override
    public void setContentLength(int length) {
        failAt(Place.LENGTH);
        super.setContentLength(length);
    }

    @Override
    public ServletOutputStream getOutputStream() throws IOException {
        failAt(Place.OUTPUT);
        return new Output(super.getOutputStream());
    }

    private final class Output extends ServletOutputStream {

        private final ServletOutputStream out;

        Output(ServletOutputStream out) {
            this.out = out;
        }

        @Override
        public boolean isReady() {
            return out.isReady();
        }

        @Override
        public void setWriteListener(WriteListener listener) {
            failAt(Place.LISTENER);
            out.setWriteListener(listener);
        }

        @Override
        public void write(int b) throws IOException {
            out.write(b);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            failAt(Place.WRITE);
            out.write(bytes, from, length);
        }

        @Override
        public void flush() throws IOException {
            out.flush();
        }
    }
}
