package dev.comet.benchmarks;

import org.HdrHistogram.Histogram;

/**
 * What one run of one scenario on one server gave.
 *
 * @param perSecond deliveries per second; 0 if no rate was kept
 * @param perAnswer deliveries in one HTTP answer, on average
 * @param micros from the intended moment of sending to the last byte parsed
 * @param atHalf the same times when half as much was sent; empty if that was not measured
 * @param serverCpu processors used by the server
 * @param loadCpu processors used by the load client: near 1 it is the bottleneck, not the server
 * @param residentBytes of the server, afterwards
 * @param faults what was lost, and so on
 */
record Result(
        double perSecond,
        double perAnswer,
        Histogram micros,
        Histogram atHalf,
        double serverCpu,
        double loadCpu,
        long residentBytes,
        Faults faults,
        PerPoll perPoll) {

    /**
     * Memory of a held poll; NaN if not measured.
     *
     * @param heapBytes after a full collection
     * @param otherBytes in RAM, outside the heap
     */
    record PerPoll(double heapBytes, double otherBytes) {

        static final PerPoll NOT_MEASURED = new PerPoll(Double.NaN, Double.NaN);

        double bytes() {
            return Double.isNaN(heapBytes) ? otherBytes : heapBytes + otherBytes;
        }
    }

    /** This, for a server that kept no rate. */
    Result keptNothing() {
        return new Result(
                0, perAnswer, micros, atHalf, serverCpu, loadCpu, residentBytes, faults, perPoll);
    }

    Result withHalf(Histogram half) {
        return new Result(
                perSecond,
                perAnswer,
                micros,
                half,
                serverCpu,
                loadCpu,
                residentBytes,
                faults,
                perPoll);
    }

    Result with(PerPoll memory) {
        return new Result(
                perSecond,
                perAnswer,
                micros,
                atHalf,
                serverCpu,
                loadCpu,
                residentBytes,
                faults,
                memory);
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
