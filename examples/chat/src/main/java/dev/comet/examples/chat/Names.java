package dev.comet.examples.chat;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;
import com.ibm.icu.text.SpoofChecker;
import com.ibm.icu.text.SpoofChecker.CheckResult;
import dev.comet.CometException;
import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What nicknames and rooms may be called: names that can be told apart by eye. Nothing invisible,
 * one alphabet (or those that are written together, such as Latin and Han), no marks that hide in
 * others.
 *
 * <p>Source: UTS 39, Unicode Security Mechanisms; its tables are ICU's. Safe for use by any number
 * of threads.
 */
final class Names {

    private static final Pattern NICKNAME =
            Pattern.compile("[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S} ]{1,24}");
    private static final Pattern ROOM = Pattern.compile("[\\p{Ll}\\p{Lo}\\p{M}\\p{N}_-]{1,32}");
    private static final Pattern SPACES = Pattern.compile(" +");
    private static final Pattern BAD_MARKS = Pattern.compile("^\\p{M}|\\p{M}{5}");

    /** Shown as a space, and yet a sign. */
    private static final int EMPTY_BRAILLE = 0x2800;

    private static final SpoofChecker SPOOFS =
            new SpoofChecker.Builder()
                    .setChecks(
                            SpoofChecker.RESTRICTION_LEVEL
                                    | SpoofChecker.MIXED_NUMBERS
                                    | SpoofChecker.INVISIBLE
                                    | SpoofChecker.HIDDEN_OVERLAY)
                    .setRestrictionLevel(SpoofChecker.RestrictionLevel.HIGHLY_RESTRICTIVE)
                    .build();

    private Names() {}

    /**
     * The nickname as it is shown.
     *
     * @throws CometException REFUSED, with what is wrong with it
     */
    static String nickname(String asked) {
        String compatible = Normalizer.normalize(asked, Normalizer.Form.NFKC).strip();
        requireVisible("a nickname", compatible);
        String nickname = SPACES.matcher(compatible).replaceAll(" ");
        if (!NICKNAME.matcher(nickname).matches()) {
            throw refused("a nickname has 1 to 24 letters, digits, signs and spaces");
        }
        requireReadable("a nickname", nickname);
        return nickname;
    }

    /**
     * The name of a room, as it came.
     *
     * @throws CometException REFUSED, with what is wrong with it
     */
    static String room(@Nullable String asked) {
        String room = asked == null ? "" : asked;
        requireVisible("a room's name", room);
        if (!ROOM.matcher(room).matches() || !Normalizer.isNormalized(room, Normalizer.Form.NFKC)) {
            throw refused("a room is named with 1 to 32 small letters, digits, - and _");
        }
        requireReadable("a room's name", room);
        return room;
    }

    /**
     * How a name looks: names that have one of these in common look alike. There are two, since
     * letters look like others in small (rn and m) and as they are written (I and l).
     */
    static Set<String> looks(String name) {
        return new TreeSet<>(List.of(look(name.toLowerCase(Locale.ROOT)), look(name)));
    }

    /** How the name of a room, which has no capitals, looks. */
    static String look(String name) {
        return SPOOFS.getSkeleton(name).toLowerCase(Locale.ROOT);
    }

    /**
     * What people are told: a sentence. By its full stop the page knows it from what Comet says to
     * whoever runs the server, which it does not show.
     */
    static CometException refused(String text) {
        return new CometException(CometException.Reason.REFUSED, text + ".");
    }

    private static void requireVisible(String what, String name) {
        name.codePoints()
                .filter(Names::isInvisible)
                .findFirst()
                .ifPresent(
                        codePoint -> {
                            throw refused(
                                    "%s has no invisible characters; leave out U+%04X"
                                            .formatted(what, codePoint));
                        });
    }

    private static boolean isInvisible(int codePoint) {
        return codePoint == EMPTY_BRAILLE
                || Character.getType(codePoint) == Character.FORMAT
                || UCharacter.hasBinaryProperty(codePoint, UProperty.DEFAULT_IGNORABLE_CODE_POINT);
    }

    private static void requireReadable(String what, String name) {
        CheckResult result = new CheckResult();
        SPOOFS.failsChecks(name, result);
        if ((result.checks & SpoofChecker.RESTRICTION_LEVEL) != 0) {
            throw refused(
                    what
                            + " has one alphabet; this one mixes "
                            + String.join(" and ", scripts(name)));
        }
        if ((result.checks & SpoofChecker.MIXED_NUMBERS) != 0) {
            throw refused(what + " has digits of one kind; this one mixes several");
        }
        if (result.checks != 0 || BAD_MARKS.matcher(name).find()) {
            throw refused(what + " has marks on letters only, none twice and few at a time");
        }
    }

    private static Set<String> scripts(String name) {
        Set<String> scripts = new TreeSet<>();
        name.codePoints()
                .map(UScript::getScript)
                .filter(script -> script != UScript.COMMON && script != UScript.INHERITED)
                .forEach(script -> scripts.add(UScript.getName(script).replace('_', ' ')));
        return scripts;
    }
}
