package dev.comet.postgresql;

import dev.comet.CometMessage;
import dev.comet.EncodedMessage;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One row of what a step has returned; what its columns mean depends on its kind. */
@SuppressWarnings("ArrayRecordComponent") // nobody compares them
record Answer(
        String kind,
        long number,
        long other,
        @Nullable String name,
        @Nullable String detail,
        byte[] bytes) {

    static List<Answer> all(ResultSet rows) throws SQLException {
        List<Answer> all = new ArrayList<>();
        while (rows.next()) {
            byte[] bytes = rows.getBytes(6);
            all.add(
                    new Answer(
                            rows.getString(1),
                            rows.getLong(2),
                            rows.getLong(3),
                            rows.getString(4),
                            rows.getString(5),
                            bytes == null ? new byte[0] : bytes));
        }
        return all;
    }

    boolean is(String wanted) {
        return kind.equals(wanted);
    }

    String text() {
        return String.valueOf(name);
    }

    EncodedMessage encoded() {
        return new EncodedMessage(text(), detail, bytes);
    }

    CometMessage message() {
        return new CometMessage(number, encoded());
    }
}
