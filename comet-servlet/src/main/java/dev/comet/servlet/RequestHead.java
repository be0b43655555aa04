package dev.comet.servlet;

import dev.comet.http.CometExchange;
import jakarta.servlet.RequestDispatcher;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a servlet request says of itself: all of a {@link CometExchange} but its body and its
 * answer.
 */
abstract class RequestHead implements CometExchange {

    /** What may stand in a cookie's path as it is; no parameters, such as {@code ;jsessionid=…}. */
    private static final Pattern PLAIN_PATH = Pattern.compile("/[A-Za-z0-9/._~!$&'()*+=:@%-]*");

    /**
     * The request, which is this exchange's own for as long as it is being handled.
     *
     * @throws IllegalStateException afterwards
     */
    abstract HttpServletRequest request();

    @Override
    public String method() {
        return request().getMethod();
    }

    @Override
    public String path() {
        String path = request().getPathInfo();
        return path == null ? "" : path;
    }

    /**
     * As the peer has written it: what a filter has added that believes a proxy ({@code
     * X-Forwarded-Prefix}) is part of it, and where a forward has led from is what counts.
     */
    @Override
    public String basePath() {
        HttpServletRequest open = request();
        String below = path();
        String uri =
                open.getAttribute(RequestDispatcher.FORWARD_REQUEST_URI) instanceof String original
                        ? original
                        : open.getRequestURI();
        return uri != null && uri.endsWith(below) && PLAIN_PATH.matcher(uri).matches()
                ? uri.substring(0, uri.length() - below.length())
                : open.getServletContext().getContextPath() + open.getServletPath();
    }

    @Override
    public @Nullable String query() {
        return request().getQueryString();
    }

    @Override
    public @Nullable String header(String name) {
        return request().getHeader(name);
    }

    @Override
    public List<String> headers(String name) {
        Enumeration<String> values = request().getHeaders(name);
        return values == null ? List.of() : Collections.list(values);
    }

    @Override
    public @Nullable String host() {
        return header("Host");
    }

    @Override
    public @Nullable String acceptedHost() {
        HttpServletRequest open = request();
        String name = open.getServerName();
        if (name == null) {
            return null;
        }
        // Containers differ in whether an address of IPv6 keeps its brackets.
        String host = name.indexOf(':') < 0 || name.startsWith("[") ? name : '[' + name + ']';
        int port = open.getServerPort();
        boolean usual = port == (open.getScheme().equals("https") ? 443 : 80);
        return usual ? host : host + ':' + port;
    }

    @Override
    public String scheme() {
        return request().getScheme();
    }

    @Override
    public String remoteAddress() {
        return request().getRemoteAddr();
    }
}
