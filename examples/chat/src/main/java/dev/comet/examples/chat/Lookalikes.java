package dev.comet.examples.chat;

import dev.comet.CometClient;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * Those who are here, by how their nicknames look. Safe for use by any number of threads: of two
 * whose nicknames look alike, and who come at the same time, at most one gets in.
 */
final class Lookalikes {

    private final ConcurrentHashMap<String, CometClient> byLook = new ConcurrentHashMap<>();
    private final Predicate<CometClient> isHere;

    /**
     * @param isHere whether somebody is still a client: ends are told later than they happen
     */
    Lookalikes(Predicate<CometClient> isHere) {
        this.isHere = isHere;
    }

    /** Who is here, under another token, with a nickname that looks like this one. */
    Optional<CometClient> find(String nickname, String token) {
        return Names.looks(nickname).stream()
                .flatMap(look -> Optional.ofNullable(byLook.get(look)).stream())
                .filter(other -> !other.publicToken().equals(token) && isHere.test(other))
                .findFirst();
    }

    /**
     * Takes the newcomer in.
     *
     * @return who was faster; then {@link #remove} is still to be called
     */
    Optional<CometClient> add(CometClient newcomer) {
        for (String look : Names.looks(newcomer.displayName())) {
            CometClient other;
            while ((other = byLook.putIfAbsent(look, newcomer)) != null
                    && !other.equals(newcomer)) {
                if (isHere.test(other)) {
                    return Optional.of(other);
                }
                byLook.remove(look, other);
            }
        }
        return Optional.empty();
    }

    void remove(CometClient client) {
        Names.looks(client.displayName()).forEach(look -> byLook.remove(look, client));
    }
}
