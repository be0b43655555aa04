package dev.comet.servlet;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.util.concurrent.RejectedExecutionException;

/** How asynchronous requests end, in containers that differ in what they allow. */
final class AsyncContexts {

    private AsyncContexts() {}

    /**
     * Ends a request whose answer cannot be written. Empty with status 200 would be a lie.
     *
     * @return as {@link #complete(AsyncContext)}
     */
    static boolean fail(AsyncContext context) {
        try {
            if (containersOwn(context) instanceof HttpServletResponse response
                    && !response.isCommitted()) {
                response.reset();
                response.setStatus(HttpServletResponse.SC_INTERNAL_SERVER_ERROR);
            }
        } catch (RuntimeException e) {
            // The container has closed the response itself.
        } catch (Error e) {
            complete(context);
            throw e;
        }
        return complete(context);
    }

    /** What a listener throws then: Tomcat leaves a request as it is for which it gets an Error. */
    static RuntimeException unwritten(Throwable failure) {
        return new IllegalStateException("the answer could not be written", failure);
    }

    /**
     * Completes the request.
     *
     * @return false if the container has done so itself, because of its peer, or because it is
     *     going away: it may never say that the request has ended
     */
    static boolean complete(AsyncContext context) {
        try {
            context.complete();
            return true;
        } catch (IllegalStateException | RejectedExecutionException e) {
            return false;
        }
    }

    /** Undertow's startAsync() keeps what filters have put around it. */
    static ServletResponse containersOwn(AsyncContext context) {
        ServletResponse own = context.getResponse();
        while (own instanceof ServletResponseWrapper wrapper) {
            own = wrapper.getResponse();
        }
        return own;
    }
}
