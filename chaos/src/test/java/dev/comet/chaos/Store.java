package dev.comet.chaos;

/** What Redis keeps when it is killed. */
enum Store {
    /** Everything that it has said it has. */
    AOF("AOF", "yes"),

    /** Nothing at all. */
    FORGETS("no persistence", "no");

    private final String text;
    private final String appendOnly;

    Store(String text, String appendOnly) {
        this.text = text;
        this.appendOnly = appendOnly;
    }

    /** Of Redis's command line. */
    String[] options() {
        return new String[] {
            "--appendonly", appendOnly, "--appendfsync", "always", "--save", "",
        };
    }

    boolean forgets() {
        return this == FORGETS;
    }

    @Override
    public String toString() {
        return text;
    }
}
