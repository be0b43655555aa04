package dev.comet;

import java.util.concurrent.ThreadFactory;

/** Lets tests make a manager's own threads: what a machine without any more does to it. */
public final class ManagerThreads {

    private ManagerThreads() {}

    public static CometStateManager.Builder madeBy(
            ThreadFactory factory, CometStateManager.Builder builder) {
        return builder.threadFactory(factory);
    }
}
