package dev.comet.http;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Whom limits per address count: of IPv4 the address, of IPv6 the first half of it, because a
 * single peer has the 2^64 addresses of a network to itself. And the wider network that one site
 * may have: of IPv4 the /24, of IPv6 the /48.
 */
final class Network {

    private static final int GROUPS = 8;

    /** Of a /64. */
    private static final int OF_ONE = 4;

    /** Of a /48, which is what a site is given (RFC 6177). */
    private static final int OF_SITE = 3;

    private static final Pattern IPV4 = Pattern.compile("(.*:)?(\\d+\\.\\d+\\.\\d+\\.)\\d+");

    private Network() {}

    /**
     * The network of an address as Java writes it (in full), as a container does (in brackets) or
     * as a proxy does (compressed). What is no address of IPv6 stays as it is.
     */
    static String of(String address) {
        return of(address, OF_ONE);
    }

    /** The network of the site that the address belongs to; what is no address stays as it is. */
    static String wider(String address) {
        Matcher ipv4 = IPV4.matcher(address);
        return ipv4.matches()
                ? address.substring(0, ipv4.end(2)) // mapped into IPv6 or not
                : of(address, OF_SITE);
    }

    private static String of(String address, int most) {
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
        for (int i = 0; i < most; i++) {
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
