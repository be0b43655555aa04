package dev.comet.tests.attack;

import dev.comet.tests.held.Container;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * {@code mvn -Pattack}: attacks a server in each container while honest users go on, and prints
 * what that does to them (docs/security.md). Exits with 1 if an honest user is refused or loses a
 * message, or if the server ends; never because of a time.
 */
final class Attacks {

    private static final long WARM_UP_SECONDS = 10;
    private static final long MAX_SECONDS = 600;

    private Attacks() {}

    /**
     * Attacks, and exits.
     *
     * @param args the container, or {@code all}, and the seconds of each attack
     */
    public static void main(String[] args) throws Exception {
        Duration time = Duration.ofSeconds(Long.parseLong(args[1]));
        boolean clean = true;
        for (Container container : Container.values()) {
            if (args[0].equals("all") || container.name().equalsIgnoreCase(args[0])) {
                clean &= attack(container, time);
            }
        }
        System.exit(clean ? 0 : 1);
    }

    private static boolean attack(Container container, Duration time) throws Exception {
        System.out.println("\n### " + container + "\n");
        System.out.println(
                "| attack | the attacker was answered | echo p50 / p99 / max ms | honest: refused"
                        + " / twice | newcomers admitted | heap, MB | lines logged / of"
                        + " stack traces |");
        System.out.println("|---|---|---|---|---|---|---|");
        Path directory = Files.createTempDirectory("comet-attack");
        try (Target target = new Target(container, directory, MAX_SECONDS);
                HonestUsers users = new HonestUsers(target)) {
            users.begin();
            Attack.NOTHING.run(target, Duration.ofSeconds(WARM_UP_SECONDS));
            users.seen();
            boolean clean = true;
            for (Attack attack : Attack.values()) {
                Target.Logged before = target.logged();
                users.seen();
                Map<String, LongAdder> answers = attack.run(target, time);
                if (!target.isAlive()) {
                    System.out.println("| " + attack.what() + " | **the server has ended** |");
                    return false;
                }
                clean &= print(attack, answers, users.seen(), target, before);
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
                "| %s | %s | %.1f / %.1f / %.1f | %d / %d | %d of %d | %.0f | %d / %d |%n",
                attack.what(),
                answers,
                seen.echoes().millis(50),
                seen.echoes().millis(99),
                seen.echoes().millis(100),
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
