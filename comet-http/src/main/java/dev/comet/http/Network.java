package dev.comet.http;

/**
 * Whom limits per address count: of IPv4 the address, of IPv6 the first half of it, because a
 * single peer has the 2^64 addresses of a network to itself.
 */
final class Network {

    private static final int GROUPS = 8;

    private Network() {}

    /**
     * The network of an address as Java writes it (in full), as a container does (in brackets) or
     * as a proxy does (compressed). What is no address of IPv6 stays as it is.
     */
    static String of(String address) {
        // A dot: IPv4, perhaps mapped into IPv6, where all of it would be one network.
        if (address.indexOf(':') < 0 || address.indexOf('.') >= 0) {
            return address;
        }
        String bare = address.startsWith("[") ? address.substring(1) : address;
        int gap = bare.indexOf("::");
        String[] head = groups(gap < 0 ? bare : bare.substring(0, gap));
        String[] tail = groups(gap < 0 ? "" : bare.substring(gap + 2));
        if (gap < 0 ? head.length != GROUPS : head.length + tail.length >= GROUPS) {
            return address;
        }
        StringBuilder network = new StringBuilder();
        for (int i = 0; i < GROUPS / 2; i++) {
            int inTail = i - (GROUPS - tail.length);
            network.append(i < head.length ? head[i] : inTail >= 0 ? tail[inTail] : "0");
            network.append(':');
        }
        return network.toString();
    }

    private static String[] groups(String text) {
        return text.isEmpty() ? new String[0] : text.split(":", -1);
    }
}
