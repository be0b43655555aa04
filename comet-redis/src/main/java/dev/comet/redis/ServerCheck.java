package dev.comet.redis;

/** Whether the server is one that keeps what it is given. */
final class ServerCheck {

    private ServerCheck() {}

    /**
     * @param where for whoever reads what is wrong
     * @throws IllegalStateException what to set, if it is not
     */
    static void require(Connection connection, String where) {
        String version = value(connection.info("server"), "redis_version");
        String[] parts = version.split("\\.", -1);
        if (parts.length >= 2 && number(parts[0]) * 100 + number(parts[1]) < 602) {
            throw new IllegalStateException(
                    where + " has version " + version + "; use 6.2 or later, or Valkey");
        }
        String policy = value(connection.info("memory"), "maxmemory_policy");
        if (!policy.isEmpty() && !policy.equals("noeviction")) {
            throw new IllegalStateException(
                    where
                            + " has maxmemory-policy "
                            + policy
                            + ": it would drop messages and clients in silence; set noeviction");
        }
    }

    private static int number(String text) {
        return text.matches("\\d{1,4}") ? Integer.parseInt(text) : Integer.MAX_VALUE / 1000;
    }

    private static String value(String info, String name) {
        return info.lines()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).trim())
                .findFirst()
                .orElse("");
    }
}
