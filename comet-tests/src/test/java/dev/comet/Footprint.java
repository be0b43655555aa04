package dev.comet;

import dev.comet.engine.PoolFootprint;

/** The way to what a manager holds on to, which is nobody's but the tests' to see. */
public final class Footprint {

    private Footprint() {}

    /** What this manager's wait threads hold. */
    public static PoolFootprint of(CometStateManager manager) throws InterruptedException {
        return PoolFootprint.of(manager.pool());
    }
}
