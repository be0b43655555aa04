package dev.comet.servlet;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps a request's own thread for a while after the servlet has returned, so that what happens to
 * the request in between happens more often.
 */
final class WaitingFilter implements Filter {

    static void addTo(ServletContext context) {
        add(context, new WaitingFilter());
    }

    static void add(ServletContext context, Filter filter) {
        FilterRegistration.Dynamic registration = context.addFilter("before", filter);
        registration.setAsyncSupported(true);
        registration.addMappingForUrlPatterns(null, false, "/*");
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        chain.doFilter(request, response);
        pause(200_000);
    }

    /** For a while up to this long, or not at all. */
    static void pause(int maxNanos) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        if (random.nextBoolean()) {
            LockSupport.parkNanos(random.nextInt(maxNanos));
        }
    }
}
