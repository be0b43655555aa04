package dev.comet.benchmarks;

import org.HdrHistogram.Histogram;

/**
 * What one run of one scenario on one server gave.
 *
 * @param perSecond deliveries per second; 0 if that was not measured
 * @param micros from the intended moment of sending to the last byte parsed
 * @param serverCpu processors used by the server
 * @param loadCpu processors used by the load client: near 1 it is the bottleneck, not the server
 * @param residentBytes of the server, afterwards
 * @param heapPerPoll bytes of heap per held poll after a full collection; NaN if not measured
 * @param residentPerPoll likewise in RAM
 */
record Result(
        double perSecond,
        Histogram micros,
        double serverCpu,
        double loadCpu,
        long residentBytes,
        double heapPerPoll,
        double residentPerPoll,
        Faults faults) {

    Result atRate(double deliveriesPerSecond) {
        return new Result(
                deliveriesPerSecond,
                micros,
                serverCpu,
                loadCpu,
                residentBytes,
                heapPerPoll,
                residentPerPoll,
                faults);
    }

    /** Of the server's processor: what a delivery costs, however busy the machine is otherwise. */
    double serverMicrosPerDelivery() {
        return perSecond == 0 ? Double.NaN : serverCpu * 1e6 / perSecond;
    }

    /** What a client was not given as it was promised. */
    record Faults(long lost, long duplicated, long reordered, long announced) {

        boolean none() {
            return lost == 0 && duplicated == 0 && reordered == 0;
        }

        Faults since(Faults before) {
            return new Faults(
                    lost - before.lost,
                    duplicated - before.duplicated,
                    reordered - before.reordered,
                    announced - before.announced);
        }

        Faults plus(Faults other) {
            return new Faults(
                    lost + other.lost,
                    duplicated + other.duplicated,
                    reordered + other.reordered,
                    announced + other.announced);
        }
    }
}
