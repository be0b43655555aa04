package dev.comet.client;

/**
 * The server's rule for the names of messages: 1 to 128 whole characters, not blank, none of them a
 * control character, not beginning with {@code comet.}.
 */
final class Names {

    private static final int MAX_LENGTH = 128;
    private static final String PREFIX = "comet.";

    private Names() {}

    /**
     * @throws CometClientException {@code parameters-invalid}
     */
    static String checked(String name) {
        String fault = null;
        if (name.isBlank()) {
            fault = "is blank; use 1 to " + MAX_LENGTH + " characters";
        } else if (name.length() > MAX_LENGTH) {
            fault = "has " + name.length() + " characters; use 1 to " + MAX_LENGTH;
        } else if (name.chars().anyMatch(Character::isISOControl)) {
            fault = "has control characters; use none";
        } else if (name.codePoints().anyMatch(c -> Character.getType(c) == Character.SURROGATE)) {
            fault = "has half a surrogate pair; use whole characters";
        } else if (name.startsWith(PREFIX)) {
            fault =
                    "is \""
                            + name
                            + "\"; names that begin with \""
                            + PREFIX
                            + "\" are the library's own, choose another";
        }
        if (fault != null) {
            throw new CometClientException(
                    CometClientException.PARAMETERS_INVALID, "name " + fault);
        }
        return name;
    }
}
