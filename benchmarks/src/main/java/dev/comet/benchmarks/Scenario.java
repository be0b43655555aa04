package dev.comet.benchmarks;

import java.util.Locale;

/**
 * What the clients and the server do while it is measured. In the order in which one server goes
 * through them.
 */
enum Scenario {
    CLOSED(
            "Closed, %clients clients",
            "One broadcast, the next when all have it: one delivery is one HTTP response, the true cost of a poll cycle."),
    SATURATED(
            "Saturated, %clients clients",
            "The highest rate of broadcasts with everything delivered and p99 below 1 s."),
    CLOSED_MANY("Closed, %many clients", "As closed, with more clients."),
    IDLE("Idle, %idle clients", "Every client's poll is held and nothing happens."),
    ROOMS(
            "Rooms of ten, %clients clients",
            "Clients post to their room and receive what is posted there: the most deliveries with p99 below 100 ms.");

    private final String title;
    private final String text;

    Scenario(String title, String text) {
        this.title = title;
        this.text = text;
    }

    String title(Plan plan) {
        return title.replace("%clients", "%,d".formatted(plan.clients()))
                .replace("%idle", "%,d".formatted(plan.idle()))
                .replace("%many", "%,d".formatted(plan.many()));
    }

    String text() {
        return text;
    }

    static Scenario named(String name) {
        return valueOf(name.strip().toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
