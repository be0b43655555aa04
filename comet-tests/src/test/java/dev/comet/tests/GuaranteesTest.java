package dev.comet.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * docs/guarantees.md names the test of each row. A renamed test must not leave a promise without
 * one.
 */
class GuaranteesTest {

    private static final Path ROOT =
            Path.of(System.getProperty("basedir", ".")).toAbsolutePath().getParent();
    private static final Pattern TEST =
            Pattern.compile("`([A-Z]\\w+(?:Test|Contract|Rows))(?:#(\\w+))?`");
    private static final Pattern SCRIPT = Pattern.compile("`(\\w+\\.test\\.js)`");

    @Test
    @DisplayName("Every test that docs/guarantees.md names exists")
    void guarantees_testsNamed_exist() throws IOException {
        Map<String, String> sources = sources();
        String document = Files.readString(ROOT.resolve("docs/guarantees.md"));
        TreeSet<String> missing = new TreeSet<>();
        int named = 0;
        for (MatchResult test :
                (Iterable<MatchResult>) TEST.matcher(document).results()::iterator) {
            named++;
            String source = sources.getOrDefault(test.group(1) + ".java", "");
            if (source.isEmpty()
                    || (test.group(2) != null && !source.contains(" " + test.group(2) + "("))) {
                missing.add(test.group());
            }
        }
        SCRIPT.matcher(document)
                .results()
                .map(r -> r.group(1))
                .filter(s -> !sources.containsKey(s))
                .forEach(missing::add);

        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(60);
    }

    @Test
    @DisplayName("Every row of docs/guarantees.md names a test")
    void guarantees_everyRow_namesATest() throws IOException {
        Pattern row = Pattern.compile("(?m)^\\| [CWMPLHORE]\\d+ \\|.*$");
        assertThat(
                        row.matcher(Files.readString(ROOT.resolve("docs/guarantees.md")))
                                .results()
                                .map(MatchResult::group))
                .hasSizeGreaterThan(45)
                .allMatch(text -> TEST.matcher(text).find() || SCRIPT.matcher(text).find());
    }

    @Test
    @DisplayName("Every test method that a row names has the row's id in its display name")
    void guarantees_testOfARow_namesTheRow() throws IOException {
        Map<String, String> sources = sources();
        Pattern row = Pattern.compile("(?m)^\\| ([CWMPLHORE]\\d+) \\|.*$");
        TreeSet<String> silent = new TreeSet<>();
        row.matcher(Files.readString(ROOT.resolve("docs/guarantees.md")))
                .results()
                .forEach(
                        line ->
                                TEST.matcher(line.group())
                                        .results()
                                        .filter(test -> test.group(2) != null)
                                        .filter(
                                                test ->
                                                        !displayName(sources, test)
                                                                .matches(
                                                                        ".*\\b"
                                                                                + line.group(1)
                                                                                + "\\b.*"))
                                        .forEach(t -> silent.add(line.group(1) + " " + t.group())));

        assertThat(silent).isEmpty();
    }

    /** The last one above the method, or nothing. */
    private static String displayName(Map<String, String> sources, MatchResult test) {
        String source = sources.getOrDefault(test.group(1) + ".java", "");
        int method = Math.max(0, source.indexOf(" " + test.group(2) + "("));
        int annotation = source.lastIndexOf("@DisplayName(", method);
        int before = source.lastIndexOf("\n    }\n", method);
        return annotation > before ? source.substring(annotation, method).replace('\n', ' ') : "";
    }

    private static Map<String, String> sources() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(
                            file ->
                                    file.toString()
                                            .matches(
                                                    ".*/src/(main|test)/.*(Test|Contract|Rows)\\.java|.*\\.test\\.js"))
                    .collect(
                            Collectors.toMap(
                                    file -> file.getFileName().toString(),
                                    GuaranteesTest::read,
                                    String::concat));
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
