package dev.comet.benchmarks.jmh;

import dev.comet.CometStateManager;
import java.util.LinkedHashMap;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import tools.jackson.databind.json.JsonMapper;

/** A message's contents become JSON when it is sent, once for all receivers. */
@State(Scope.Benchmark)
public class EncodeContents {

    /** What an application may send, by name. */
    public enum Contents {
        STRING_OF_100(Fixture.PAYLOAD),
        RECORD(new Position("GOOG", 171.25, 1_200, true)),
        MAP(position());

        private final Object value;

        Contents(Object value) {
            this.value = value;
        }
    }

    record Position(String symbol, double price, int amount, boolean open) {}

    private static Map<String, Object> position() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("symbol", "GOOG");
        map.put("price", 171.25);
        map.put("amount", 1_200);
        map.put("open", true);
        return map;
    }

    @Param public Contents contents;

    private final JsonMapper mapper = new JsonMapper();
    private CometStateManager comet;

    @Setup
    public void start() {
        comet = Fixture.manager();
    }

    /** What of it is Jackson's. */
    @Benchmark
    public byte[] jacksonAlone() {
        return mapper.writeValueAsBytes(contents.value);
    }

    /** A whole send to a group that nobody is in: encoded, given an id, and kept nowhere. */
    @Benchmark
    public long sendToNobody() {
        return comet.sendToGroup("nobody", Fixture.NAME, contents.value);
    }

    @TearDown
    public void close() {
        comet.close();
    }
}
