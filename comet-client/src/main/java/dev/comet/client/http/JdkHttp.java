package dev.comet.client.http;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * HTTP by a {@link HttpClient}. One is enough for thousands of clients: it has a few threads in
 * all, and a connection for each request that is under way.
 */
public final class JdkHttp implements CometHttp {

    private final HttpClient http;

    /**
     * @param http should speak HTTP/1.1, unless the server is known to take as many streams on one
     *     HTTP/2 connection as there are clients; must not follow redirects
     */
    public JdkHttp(HttpClient http) {
        this.http = http;
    }

    /**
     * HTTP/1.1 by one client that is shared by all who have none of their own. It connects for 10 s
     * at most, and has as many threads as there are processors: what runs on them never blocks.
     */
    public static JdkHttp shared() {
        return Shared.HTTP;
    }

    private static final class Shared {
        private static final int THREADS = Math.max(2, Runtime.getRuntime().availableProcessors());
        static final JdkHttp HTTP =
                new JdkHttp(
                        HttpClient.newBuilder()
                                .version(HttpClient.Version.HTTP_1_1)
                                .executor(Executors.newFixedThreadPool(THREADS, Shared::daemon))
                                .connectTimeout(Duration.ofSeconds(10))
                                .build());

        private static Thread daemon(Runnable work) {
            Thread thread = new Thread(work, "comet-client-http");
            thread.setDaemon(true);
            return thread;
        }
    }

    @Override
    public Exchange start(Request request, Receiver receiver) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri());
        request.headers().forEach(builder::header);
        byte[] body = request.body();
        builder.method(
                request.method(),
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body));
        Answer answer = new Answer(receiver);
        CompletableFuture<HttpResponse<Void>> sent =
                http.sendAsync(
                        builder.build(),
                        info -> {
                            receiver.head(
                                    info.statusCode(),
                                    name -> info.headers().firstValue(name).orElse(null));
                            return answer;
                        });
        answer.isSent(sent);
        return answer;
    }

    /** The body as it comes. */
    private static final class Answer implements BodySubscriber<Void>, Exchange {

        // more() may come before there is a subscription, for the receiver may ask at the head.
        private final Receiver receiver;
        private final CompletableFuture<Void> body = new CompletableFuture<>();
        private volatile @Nullable CompletableFuture<HttpResponse<Void>> sent;
        private Flow.@Nullable Subscription subscription; // guarded by this
        private boolean asked; // guarded by this
        private boolean aborted; // guarded by this
        private boolean ended; // guarded by this

        Answer(Receiver receiver) {
            this.receiver = receiver;
        }

        @Override
        public CompletionStage<Void> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription s) {
            boolean ask;
            boolean cancel;
            synchronized (this) {
                subscription = s;
                ask = asked;
                cancel = aborted;
            }
            if (cancel) {
                s.cancel();
            } else if (ask) {
                s.request(1);
            }
        }

        @Override
        public void more() {
            Flow.Subscription s;
            synchronized (this) {
                asked = true;
                s = subscription;
            }
            if (s != null) {
                s.request(1);
            }
        }

        @Override
        public void abort() {
            Flow.Subscription s;
            synchronized (this) {
                aborted = true;
                s = subscription;
            }
            if (s != null) {
                s.cancel();
            }
            CompletableFuture<HttpResponse<Void>> request = sent;
            if (request != null) {
                request.cancel(true);
            }
            body.cancel(false);
        }

        @Override
        public void onNext(List<ByteBuffer> buffers) {
            int length = 0;
            for (ByteBuffer buffer : buffers) {
                length += buffer.remaining();
            }
            byte[] bytes = new byte[length];
            int at = 0;
            for (ByteBuffer buffer : buffers) {
                int size = buffer.remaining();
                buffer.get(bytes, at, size);
                at += size;
            }
            receiver.piece(bytes);
        }

        @Override
        public void onError(Throwable failure) {
            end(failure);
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            end(null);
            body.complete(null);
        }

        /** That there is no answer shows here, and here alone. */
        void isSent(CompletableFuture<HttpResponse<Void>> request) {
            sent = request;
            CompletionStage<HttpResponse<Void>> end = request;
            end.whenComplete(
                    (response, failure) -> {
                        if (failure != null) {
                            end(failure);
                        }
                    });
        }

        private void end(@Nullable Throwable failure) {
            synchronized (this) {
                if (ended) {
                    return;
                }
                ended = true;
            }
            if (failure == null) {
                receiver.end();
            } else {
                receiver.failed(failure);
            }
        }
    }
}
