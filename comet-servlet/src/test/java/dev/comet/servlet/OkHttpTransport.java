package dev.comet.servlet;

import dev.comet.client.http.CometHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.BufferedSource;

/**
 * HTTP by OkHttp, for Android: to be copied. OkHttp blocks a thread for each request that is under
 * way, which is one for a client that has nothing to send: right for a phone, not for thousands of
 * clients in one program.
 */
final class OkHttpTransport implements CometHttp {

    private static final long PIECE_BYTES = 8_192;

    private final OkHttpClient http;

    /**
     * @param client shared with the rest of the application: its pool and certificates are used,
     *     its timeouts and its limits on requests are not
     */
    OkHttpTransport(OkHttpClient client) {
        Dispatcher dispatcher = new Dispatcher();
        dispatcher.setMaxRequests(Integer.MAX_VALUE); // a held one must not keep others waiting
        dispatcher.setMaxRequestsPerHost(Integer.MAX_VALUE);
        http =
                client.newBuilder()
                        .dispatcher(dispatcher)
                        .readTimeout(Duration.ZERO) // an answer may take minutes to begin
                        .callTimeout(Duration.ZERO) // and never end
                        .retryOnConnectionFailure(false) // nothing is sent twice unasked
                        .followRedirects(false)
                        .build();
    }

    @Override
    public Exchange start(Request request, Receiver receiver) {
        okhttp3.Request.Builder builder =
                new okhttp3.Request.Builder().url(request.uri().toString());
        request.headers().forEach(builder::header);
        builder.header("Accept-Encoding", "identity"); // nothing on the way collects to compress
        byte[] body = request.body();
        builder.method(request.method(), body == null ? null : RequestBody.create(body));
        Answer answer = new Answer(http.newCall(builder.build()), receiver);
        answer.call.enqueue(answer);
        return answer;
    }

    /** One call; the thread on which OkHttp answers is the one that reads. */
    private static final class Answer implements Exchange, Callback {

        final Call call;
        private final Receiver receiver;
        private final Semaphore asked = new Semaphore(0); // pieces

        Answer(Call call, Receiver receiver) {
            this.call = call;
            this.receiver = receiver;
        }

        @Override
        public void more() {
            asked.release();
        }

        @Override
        public void abort() {
            call.cancel();
            asked.release(); // whoever waits to be asked sees that it was cancelled
        }

        @Override
        public void onFailure(Call same, IOException failure) {
            receiver.failed(failure);
        }

        @Override
        public void onResponse(Call same, Response response) {
            try (response) {
                receiver.head(response.code(), response::header);
                BufferedSource source = response.body().source();
                Buffer piece = new Buffer();
                do {
                    asked.acquire();
                    if (source.read(piece, PIECE_BYTES) < 0) {
                        receiver.end();
                        return;
                    }
                    receiver.piece(piece.readByteArray());
                } while (true);
            } catch (IOException e) {
                receiver.failed(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                receiver.failed(e);
            }
        }
    }
}
