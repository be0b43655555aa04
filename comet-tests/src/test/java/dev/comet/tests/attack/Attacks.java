package dev.comet.tests.attack;

import dev.comet.tests.held.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * {@code mvn -Pattack}: attacks a server in each container while honest users go on, and prints
 * what that does to them (docs/security.md). Exits with 1 if an honest user is refused or loses a
 * message, or if the server ends; never because of a time.
 */
final class Attacks {

    private static final Duration WARM_UP = Duration.ofSeconds(10);
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /** Of a server, beyond the attacks themselves. */
    private static final long MORE_SECONDS = 300;

    private Attacks() {}

    /**
     * Attacks, and exits.
     *
     * @param args the container, or {@code all}; the seconds of each attack; the attacks, with
     *     commas between them, or {@code all}
     */
    public static void main(String[] args) throws Exception {
        Duration time = Duration.ofSeconds(Long.parseLong(args[1]));
        List<Attack> attacks =
                args[2].equals("all")
                        ? List.of(Attack.values())
                        : Arrays.stream(args[2].split(",")).map(Attack::valueOf).toList();
        boolean clean = true;
        for (Container container : Container.values()) {
            if (args[0].equals("all") || container.name().equalsIgnoreCase(args[0])) {
                clean &= attack(container, time, attacks);
            }
        }
        System.exit(clean ? 0 : 1);
    }

    private static boolean attack(Container container, Duration time, List<Attack> attacks)
            throws Exception {
        System.out.println("\n### " + container + "\n");
        System.out.println(
                "| attack | the attacker was answered | echo p50 / p99 / max ms | max before that | honest: refused"
                        + " / twice | newcomers admitted | heap, MB | lines logged / of"
                        + " stack traces |");
        System.out.println("|---|---|---|---|---|---|---|---|");
        long seconds = attacks.size() * time.toSeconds() + MORE_SECONDS;
        Path directory = Files.createTempDirectory("comet-attack");
        try (Target target = new Target(container, directory, seconds);
                HonestUsers users = new HonestUsers(target)) {
            users.begin();
            warmUp(target);
            boolean clean = true;
            for (Attack attack : attacks) {
                Attack.NOTHING.run(target, PAUSE, () -> {}); // the last one's connections end
                Target.Logged before = target.logged();
                long ready = System.nanoTime();
                users.seen(ready, ready);
                AtomicLong begun = new AtomicLong();
                Map<String, LongAdder> answers =
                        attack.run(target, time, () -> begun.set(System.nanoTime()));
                if (!target.isAlive()) {
                    System.out.println("| " + attack.what() + " | **the server has ended** |");
                    return false;
                }
                clean &= print(attack, answers, users.seen(ready, begun.get()), target, before);
            }
            int lost = users.lost();
            System.out.printf(
                    Locale.ROOT,
                    "%nEchoes accepted that never arrived: %d. A drain of 2 s with two clients"
                            + " connected took %.1f s.%n",
                    lost,
                    target.drainNanos() / 1e9);
            return clean && lost == 0;
        }
    }

    /** The paths that honest users take, so that no row pays for the compiler. */
    private static void warmUp(Target target) throws InterruptedException {
        AtomicReference<Attacker.Tokens> client = new AtomicReference<>();
        Attacker.run(
                target,
                WARM_UP,
                4,
                100,
                attacker -> {
                    Attacker.Tokens tokens = client.get();
                    if (tokens == null) {
                        client.set(attacker.connect());
                    } else {
                        attacker.ask("send", tokens.privateToken(), Attack.message("echo", "1"));
                        attacker.ask("poll?hold=0", tokens.privateToken(), "", "");
                    }
                });
    }

    private static boolean print(
            Attack attack,
            Map<String, LongAdder> answers,
            HonestUsers.Seen seen,
            Target target,
            Target.Logged before)
            throws IOException {
        Target.Logged after = target.logged();
        System.out.printf(
                Locale.ROOT,
                "| %s | %s | %.1f / %.1f / %.1f | %s | %d / %d | %d of %d | %.0f | %d / %d |%n",
                attack.what(),
                answers,
                seen.echoes().millis(50),
                seen.echoes().millis(99),
                seen.echoes().millis(100),
                seen.early().size() == 0
                        ? ""
                        : String.format(Locale.ROOT, "%.1f", seen.early().millis(100)),
                seen.refused(),
                seen.twice(),
                seen.admitted(),
                seen.newcomers(),
                target.heapAfterGc() / 1e6,
                after.lines() - before.lines(),
                after.frames() - before.frames());
        return seen.refused() == 0 && seen.twice() == 0;
    }
}
