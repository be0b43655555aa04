package dev.comet.tests.held;

import java.util.Locale;

/** What was measured, as a Markdown table; each row is printed as soon as it is known. */
final class Table {

    Table() {
        row("what", "figure");
        System.out.println("|---|---|");
    }

    void row(String what, Object figure) {
        System.out.println("| " + what + " | " + figure + " |");
    }

    void row(String what, String format, Object... figures) {
        row(what, (Object) String.format(Locale.ROOT, format, figures));
    }
}
