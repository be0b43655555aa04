package dev.comet.examples.relay;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Objects;
import org.eclipse.jetty.ee10.servlet.DefaultServlet;
import org.eclipse.jetty.ee10.servlet.ServletHolder;

/**
 * The page's files, from the class path. Browsers ask each time whether what they have is still
 * current, and allow the page nothing but what comes from this server.
 */
public final class PageServlet extends DefaultServlet {

    private static final long serialVersionUID = 1L;

    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    static ServletHolder holder() {
        ServletHolder holder = new ServletHolder("page", new PageServlet());
        holder.setInitParameter(
                "baseResource",
                Objects.requireNonNull(PageServlet.class.getResource("/page/")).toExternalForm());
        holder.setInitParameter("etags", "true");
        holder.setInitParameter("cacheControl", "no-cache");
        holder.setInitParameter("dirAllowed", "false");
        return holder;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        response.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "same-origin");
        super.doGet(request, response);
    }
}
