package dev.comet.client.http;

import java.net.URI;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * HTTP, as much of it as the client needs: for those who bring another implementation than {@link
 * JdkHttp}, such as OkHttp on Android. Used by any number of clients and threads at a time.
 *
 * <p>It adds no timeouts (an answer may take minutes to begin, and never end), repeats nothing,
 * follows no redirects, decodes no {@code Content-Encoding} that it did not ask for.
 */
public interface CometHttp {

    /**
     * Sends a request; returns at once.
     *
     * @param receiver is told what comes, from whatever threads, one call at a time, and possibly
     *     before this method returns
     */
    Exchange start(Request request, Receiver receiver);

    /**
     * What is asked.
     *
     * @param method {@code GET} or {@code POST}
     * @param body null for none. Not to be changed
     */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares requests
    record Request(String method, URI uri, Map<String, String> headers, byte @Nullable [] body) {

        /** Without the headers and the body: they may be secret. */
        @Override
        public String toString() {
            return method + " " + uri;
        }
    }

    /** Is told what comes. Its methods return soon. */
    interface Receiver {

        /**
         * The answer begins.
         *
         * @param header gives the value of a header, in whatever case its name, or null
         */
        void head(int status, UnaryOperator<@Nullable String> header);

        /** A piece of the body; comes only when asked for with {@link Exchange#more}. */
        void piece(byte[] bytes);

        /** The body is complete. The last call. */
        void end();

        /** There is no answer, or its body is cut off. The last call. */
        void failed(Throwable cause);
    }

    /** A request that is under way. */
    interface Exchange {

        /** Asks for one more piece of the body. Called once before each piece, from any thread. */
        void more();

        /**
         * Gives it up: the connection is closed or reset at once. What the receiver is told after
         * that is ignored. Idempotent.
         */
        void abort();
    }
}
