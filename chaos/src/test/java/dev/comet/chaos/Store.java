package dev.comet.chaos;

import java.util.List;

/** What Redis keeps when it is killed. */
enum Store {
    /** Everything that it has said it has. */
    AOF("AOF", "--appendonly", "yes", "--appendfsync", "always", "--save", ""),

    /** Nothing at all. */
    FORGETS("no persistence", "--appendonly", "no", "--save", "");

    private final String text;
    private final List<String> options;

    Store(String text, String... options) {
        this.text = text;
        this.options = List.of(options);
    }

    /** Of its command line. */
    String[] options() {
        return options.toArray(String[]::new);
    }

    boolean forgets() {
        return this == FORGETS;
    }

    @Override
    public String toString() {
        return text;
    }
}
