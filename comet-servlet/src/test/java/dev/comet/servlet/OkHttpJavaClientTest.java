package dev.comet.servlet;

import dev.comet.client.http.CometHttp;
import okhttp3.OkHttpClient;

/** The Java client by another transport than its own. */
class OkHttpJavaClientTest extends JavaClientContract {

    private final OkHttpTransport http = new OkHttpTransport(new OkHttpClient());

    @Override
    Container container() throws Exception {
        return new JettyContainer();
    }

    @Override
    CometHttp http() {
        return http;
    }
}
