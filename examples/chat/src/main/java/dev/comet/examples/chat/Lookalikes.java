package dev.comet.examples.chat;

import dev.comet.CometClient;
import dev.comet.CometStateManager;
import java.util.Optional;

/**
 * Those who are here, by how their nicknames look: for each look a group, so that Comet knows it,
 * at whichever node they came, and forgets it with them. Safe for use by any number of threads: of
 * those whose nicknames look alike, and who come at the same time, the first to join stays.
 */
final class Lookalikes {

    /** How many groups somebody is in for this. */
    static final int PER_CLIENT = 2;

    private final CometStateManager comet;

    Lookalikes(CometStateManager comet) {
        this.comet = comet;
    }

    private static String group(String look) {
        return "look/" + look;
    }

    /** Who is here, under another token, with a nickname that looks like this one. */
    Optional<CometClient> find(String nickname, String token) {
        return Names.looks(nickname).stream()
                .flatMap(look -> comet.groupMembers(group(look)).stream())
                .filter(other -> !other.publicToken().equals(token))
                .findFirst();
    }

    /**
     * Takes the newcomer in.
     *
     * @return who was faster; then the newcomer is to be disconnected
     */
    Optional<CometClient> add(CometClient newcomer) {
        for (String look : Names.looks(newcomer.displayName())) {
            comet.joinGroup(newcomer, group(look));
            CometClient first = comet.groupMembers(group(look)).get(0);
            if (!first.equals(newcomer)) {
                return Optional.of(first);
            }
        }
        return Optional.empty();
    }
}
