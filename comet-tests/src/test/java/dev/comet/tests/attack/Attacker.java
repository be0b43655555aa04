package dev.comet.tests.attack;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/** One thread's worth of requests, and how they were answered. */
final class Attacker {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Target target;
    private final HttpClient http;
    private final long endNanos;
    private final Map<String, LongAdder> answers;

    private Attacker(
            Target target, HttpClient http, long endNanos, Map<String, LongAdder> answers) {
        this.target = target;
        this.http = http;
        this.endNanos = endNanos;
        this.answers = answers;
    }

    /** What an attacker does; begun again and again until the time is up. */
    @FunctionalInterface
    interface Step {
        void take(Attacker attacker) throws Exception;
    }

    /**
     * Runs it on so many threads.
     *
     * @param perSecond steps of all threads together; 0 is as many as they can
     * @return how often each status was the answer
     */
    static Map<String, LongAdder> run(
            Target target, Duration time, int threads, int perSecond, Step step)
            throws InterruptedException {
        HttpClient http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(PATIENCE)
                        .build();
        Map<String, LongAdder> answers = new ConcurrentHashMap<>();
        long end = System.nanoTime() + time.toNanos();
        Thread[] running = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            long pause = perSecond == 0 ? 0 : 1_000_000_000L * threads / perSecond;
            Attacker attacker = new Attacker(target, http, end, answers);
            running[i] = new Thread(() -> attacker.repeat(step, pause), "attacker-" + i);
            running[i].setDaemon(true);
            running[i].start();
        }
        for (Thread thread : running) {
            thread.join(time.toMillis() + PATIENCE.toMillis());
        }
        return new TreeMap<>(answers);
    }

    private void repeat(Step step, long pauseNanos) {
        for (long due = System.nanoTime(); !isOver(); due += pauseNanos) {
            while (due - System.nanoTime() > 0) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            try {
                step.take(this);
            } catch (InterruptedException e) {
                return;
            } catch (Exception e) {
                count(e instanceof IOException ? "cut" : e.getClass().getSimpleName());
            }
        }
    }

    boolean isOver() {
        return endNanos - System.nanoTime() <= 0;
    }

    Target target() {
        return target;
    }

    void count(String answer) {
        answers.computeIfAbsent(answer, key -> new LongAdder()).increment();
    }

    /** Sends a GET, or with a body a POST, and counts the answer. */
    HttpResponse<String> ask(String endpoint, String token, String type, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(target.uri(endpoint)).timeout(PATIENCE);
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        if (!body.isEmpty()) {
            request.header("Content-Type", type).POST(HttpRequest.BodyPublishers.ofString(body));
        }
        HttpResponse<String> answer =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        count(String.valueOf(answer.statusCode()));
        return answer;
    }

    /** Sends JSON. */
    HttpResponse<String> ask(String endpoint, String token, String json)
            throws IOException, InterruptedException {
        return ask(endpoint, token, "application/json", json);
    }

    /** Connects. Returns the tokens, or null if that was refused. */
    Tokens connect() throws IOException, InterruptedException {
        HttpResponse<String> answer = ask("connect", "", "{}");
        return answer.statusCode() == 200
                ? new Tokens(
                        field(answer.body(), "publicToken"), field(answer.body(), "privateToken"))
                : null;
    }

    record Tokens(String publicToken, String privateToken) {}

    private static String field(String json, String name) {
        int begin = json.indexOf('"', json.indexOf(':', json.indexOf('"' + name + '"'))) + 1;
        return json.substring(begin, json.indexOf('"', begin));
    }
}
