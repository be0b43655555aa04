package dev.comet.http;

/**
 * Where a handler says how it is doing: one reference for each {@link Call} in the place of two.
 */
record Reports(FaultLog faults, HttpCounters counters) {}
