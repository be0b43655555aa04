package dev.comet.examples.relay;

import dev.comet.CometAnswer;
import dev.comet.CometAsyncResult;
import dev.comet.CometBatch;
import dev.comet.CometException;
import dev.comet.CometGap;
import dev.comet.CometMessage;
import dev.comet.CometStateManager;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Endpoints in plain text. {@code enrol} gives a device its key, against the pairing code, once.
 * Two are for devices that know nothing but frames: {@code connection} takes a frame, and the key
 * in the header {@code Device-Key}, once and answers at once with a session id; {@code data} takes
 * only that id, and is held until there is a frame.
 *
 * <p>Whoever may not come in yet, be it without a key or without the code, may ask so often from
 * one address, and pages of other servers not at all. Bodies are there when a request comes here:
 * {@link RelayServer} has them read without a thread.
 *
 * <p>A frame that waits for a reply has a header {@code Correlation-Id}: the device replies with
 * {@code POST /comet/reply}, the session id as bearer token, and {@code
 * {"correlationId":…,"contents":"AA…"}}.
 *
 * <p>Frames that were lost because the device did not fetch them are announced by a header {@code
 * Lost: from-to}, which numbers them.
 *
 * <p>The session id is the client's private token: it is a secret, and comes in the header {@code
 * SessionId} or in the form field {@code id}, never in a URL.
 *
 * <p><b>Non-guarantee.</b> A data request says nothing of what has arrived. What the last one was
 * answered counts as received when the next one comes: an answer that got lost on its way is lost.
 * A device that can speak Comet's own protocol (comet-client does) loses nothing.
 */
final class DeviceEndpoints extends HttpServlet {

    private static final long serialVersionUID = 1L;
    private static final String RESTARTING = "the cloud is restarting; ask again";
    private static final Logger LOG = LoggerFactory.getLogger(DeviceEndpoints.class);
    static final int MAX_FRAME_DIGITS = 8_192;
    private static final int FORBIDDEN = 403;
    private static final int TOO_MANY = 429;
    private static final Duration FOR_ANSWERS = Duration.ofMillis(500);

    private final transient CometStateManager comet;
    private final transient Relay relay;
    private final transient AddressRate knocks;
    private final transient AddressRate asks;
    private final transient OnceAMinute noFrames = new OnceAMinute();

    /** One permit for each data request that the container has not ended yet. */
    private final transient Semaphore open = new Semaphore(Integer.MAX_VALUE);

    /**
     * @param knocks of those who want to come in
     * @param asks for frames
     */
    DeviceEndpoints(CometStateManager comet, Relay relay, AddressRate knocks, AddressRate asks) {
        this.comet = comet;
        this.relay = relay;
        this.knocks = knocks;
        this.asks = asks;
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        response.setContentType("text/plain;charset=utf-8");
        response.setHeader("Cache-Control", "no-cache, no-store");
        response.setHeader("X-Content-Type-Options", "nosniff");
        String path = String.valueOf(request.getPathInfo());
        switch (path) {
            case "/enrol" -> {
                if (mayKnock(request, response)) {
                    enrol(request, response);
                }
            }
            case "/connection" -> {
                if (mayKnock(request, response)) {
                    connection(request, response);
                }
            }
            case "/data" -> {
                if (isInTime(asks, "too many requests", request, response)) {
                    data(request, response);
                }
            }
            default -> say(response, 404, "there is nothing here but enrol, connection and data");
        }
    }

    private boolean mayKnock(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        if (isForeign(request)) {
            say(response, FORBIDDEN, "pages of other servers may not connect devices");
            return false;
        }
        return isInTime(knocks, "too many newcomers", request, response);
    }

    private static boolean isInTime(
            AddressRate rate,
            String tooMany,
            HttpServletRequest request,
            HttpServletResponse response)
            throws IOException {
        long seconds = rate.knock(request.getRemoteAddr());
        if (seconds > 0) {
            response.setHeader("Retry-After", String.valueOf(seconds));
            say(response, TOO_MANY, tooMany + " from this address; try again later");
            return false;
        }
        return true;
    }

    /** A device says nothing of where it comes from; browsers do. */
    private static boolean isForeign(HttpServletRequest request) {
        String site = request.getHeader("Sec-Fetch-Site");
        String origin = request.getHeader("Origin");
        if (site != null) {
            return !site.equals("same-origin");
        }
        // Only an older browser; the scheme is not compared, since a proxy may have ended TLS.
        return origin != null
                && !origin.replaceFirst("^https?://", "").equals(request.getHeader("Host"));
    }

    // ---- enrol

    private void enrol(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        String mac = request.getParameter("mac");
        String code = request.getParameter("code");
        if (mac == null || code == null || request.getQueryString() != null) {
            say(response, 400, "mac or code is missing; send both as form fields, not in the URL");
            return;
        }
        try {
            say(response, 200, relay.keys().enrol(Device.normalised(mac), code));
        } catch (Frame.BadFrameException e) {
            say(response, 400, String.valueOf(e.getMessage()));
        } catch (CometException e) {
            say(response, status(e), String.valueOf(e.getMessage()));
        }
    }

    private static void say(HttpServletResponse response, int status, String text)
            throws IOException {
        response.setStatus(status);
        response.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    // ---- connection

    private void connection(HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        byte[] body = request.getInputStream().readNBytes(MAX_FRAME_DIGITS + 1);
        if (body.length == 0) {
            say(response, 500, "no frame; send one as hexadecimal digits");
            return;
        }
        if (body.length > MAX_FRAME_DIGITS) {
            say(response, 413, "the frame is longer than " + MAX_FRAME_DIGITS + " digits");
            return;
        }
        try {
            String key = request.getHeader("Device-Key");
            String frame = new String(body, StandardCharsets.US_ASCII);
            say(response, 200, relay.register(frame, key == null ? "" : key).privateToken());
        } catch (CometException e) {
            say(response, status(e), text(e));
        }
    }

    private static int status(CometException e) {
        return switch (e.reason()) {
            case PARAMETERS_INVALID -> 400;
            case REFUSED -> 401;
            case CLIENT_ALREADY_EXISTS -> 409;
            case CLIENT_DOES_NOT_EXIST -> 404;
            default -> 503;
        };
    }

    private static String text(CometException e) {
        return e.reason() == CometException.Reason.CLIENT_ALREADY_EXISTS
                ? "a device with this MAC is connected"
                : String.valueOf(e.getMessage());
    }

    // ---- data

    private void data(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String id = sessionId(request);
        if (id == null) {
            say(response, 500, "no session id; send the one that connection was answered");
            return;
        }
        long cursor;
        try {
            cursor = given(id);
        } catch (CometException e) {
            say(response, status(e), String.valueOf(e.getMessage()));
            return;
        }
        if (!open.tryAcquire()) { // taken by awaitAnswers
            say(response, 503, RESTARTING);
            return;
        }
        AsyncContext async = request.startAsync();
        async.setTimeout(0); // Comet's own hold ends it
        HeldData held = new HeldData(async, relay.ignoredFrames());
        CometAsyncResult result = comet.endpoint().beginSubscribe(id, cursor, null, 0);
        async.addListener(new Gone(comet, result, open));
        result.whenCompleted(answer -> answer(id, held, answer), async::start);
    }

    /** Up to where a session has been given frames: whatever it is given counts as received. */
    private long given(String id) {
        return comet.findClientByPrivateToken(id)
                .filter(Relay::knowsFramesOnly)
                .map(comet::confirmedMessageId)
                .orElseThrow(
                        () ->
                                new CometException(
                                        CometException.Reason.CLIENT_DOES_NOT_EXIST,
                                        "no such session; connect again"));
    }

    /**
     * Once everybody has been sent away, and before the container stops: waits until the answers to
     * data requests are written, for half a second at most, since a device may not read. The
     * container writes them, and {@code CometServlet.drain} waits for its own only.
     */
    void awaitAnswers() {
        try {
            if (!open.tryAcquire(
                    Integer.MAX_VALUE, FOR_ANSWERS.toMillis(), TimeUnit.MILLISECONDS)) {
                LOG.debug("A device has not read its answer; not waiting any longer");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static @Nullable String sessionId(HttpServletRequest request) {
        String header = request.getHeader("SessionId");
        String id = header != null ? header : request.getParameter("id");
        boolean inUrl = request.getQueryString() != null;
        return id == null || id.isBlank() || inUrl ? null : id;
    }

    private void answer(String id, HeldData held, CometAnswer answer) {
        switch (answer.outcome()) {
            case MESSAGES -> {
                try {
                    frame(id, held, answer.batch());
                } catch (CometException e) {
                    refuse(held, e);
                }
            }
            case TIMEOUT -> held.answer("", 200);
            case SUPERSEDED -> held.answer("a newer request took over", 409);
            case RECONNECT -> held.answer(RESTARTING, 503);
            case ERROR -> refuse(held, Objects.requireNonNull(answer.error()));
            case CLIENT_ENDED, ABANDONED -> held.answer("the session has ended", 404);
        }
    }

    private static void refuse(HeldData held, CometException why) {
        held.answer(String.valueOf(why.getMessage()), status(why));
    }

    /** One frame for each request; the others come with the next ones. */
    private void frame(String id, HeldData held, CometBatch batch) {
        for (CometMessage message : batch.messages()) {
            byte[] frame = frameIn(message);
            if (frame.length > 0) {
                gives(id, message.messageId(), held, batch.gaps());
                held.correlate(message.correlationId());
                held.send(frame, 0, frame.length);
                return;
            }
        }
        gives(id, batch.cursor(), held, batch.gaps());
        held.answer("", 200); // nothing for a device that knows nothing but frames
    }

    /** Before the answer: the next request may go to another node. */
    private void gives(String id, long upTo, HeldData held, List<CometGap> lost) {
        comet.endpoint().confirm(id, upTo);
        for (CometGap gap : lost) {
            held.lost(gap.from(), gap.to());
        }
    }

    /** Nothing if the message is no frame: the device could not read it. */
    private byte[] frameIn(CometMessage message) {
        try {
            return message.contents() instanceof String text ? Frame.verified(text) : new byte[0];
        } catch (Frame.BadFrameException e) {
            if (noFrames.isDue()) {
                LOG.warn(
                        "A device of frames is not given {}: {}; said once a minute",
                        message,
                        e.getMessage());
            }
            return new byte[0];
        }
    }

    /** The device went away while its request was held. */
    private record Gone(CometStateManager comet, CometAsyncResult result, Semaphore open)
            implements AsyncListener {

        @Override
        public void onComplete(AsyncEvent event) {
            open.release();
        }

        @Override
        public void onTimeout(AsyncEvent event) {
            comet.endpoint().endSubscribe(result);
        }

        @Override
        public void onError(AsyncEvent event) {
            comet.endpoint().endSubscribe(result);
        }

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }
}
