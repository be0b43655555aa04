package dev.comet.http;

import dev.comet.CometException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Finds the address of a client behind proxies of your own, for {@link
 * CometApplication#clientAddress}: the last address in a header that is none of theirs. What stands
 * to the left of it was written by the client itself, and is not believed.
 *
 * <pre>{@code
 * app.clientAddress(TrustedProxies.xForwardedFor("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"))
 * }</pre>
 *
 * <p>Choose the header that your proxies write: they pass the other one on as the client sent it. A
 * peer that is no proxy of yours, or a header that is malformed or hides an address, leaves it at
 * the address of whoever is connected. If every address is a proxy's, the first one counts.
 *
 * <p>Immutable. Never asks a name server; the time it takes is linear in the length of the header.
 * Source: RFC 7239 for {@code Forwarded}.
 */
public final class TrustedProxies {

    private static final int LONGEST_ADDRESS = 64;

    private final boolean standard;
    private final List<Range> ranges;

    private TrustedProxies(boolean standard, String... networks) {
        this.standard = standard;
        List<Range> all = new ArrayList<>();
        for (String network : networks) {
            all.add(Range.of(network));
        }
        this.ranges = List.copyOf(all);
    }

    /**
     * For proxies that write {@code X-Forwarded-For}, as nginx, HAProxy, Apache httpd and load
     * balancers do.
     *
     * @param networks the proxies: addresses, or networks such as {@code 10.0.0.0/8}
     * @throws CometException PARAMETERS_INVALID if one is neither
     */
    public static Function<CometExchange, @Nullable String> xForwardedFor(String... networks) {
        return new TrustedProxies(false, networks)::addressOf;
    }

    /**
     * For proxies that write {@code Forwarded}.
     *
     * @param networks the proxies: addresses, or networks such as {@code 10.0.0.0/8}
     * @throws CometException PARAMETERS_INVALID if one is neither
     */
    public static Function<CometExchange, @Nullable String> forwarded(String... networks) {
        return new TrustedProxies(true, networks)::addressOf;
    }

    private @Nullable String addressOf(CometExchange exchange) {
        InetAddress peer = address(exchange.remoteAddress());
        if (peer == null || !trusts(peer)) {
            return null;
        }
        List<String> hops = hops(exchange);
        InetAddress farthest = null;
        for (int i = hops.size() - 1; i >= 0; i--) {
            farthest = node(hops.get(i));
            if (farthest == null) {
                return null;
            }
            if (!trusts(farthest)) {
                break;
            }
        }
        return farthest == null ? null : farthest.getHostAddress();
    }

    /**
     * Whether an address is of this machine or of a private network, as that of a proxy mostly is.
     */
    static boolean isPrivate(String text) {
        InetAddress address = node(text);
        return address != null
                && (address.isLoopbackAddress()
                        || address.isSiteLocalAddress()
                        || (address.getAddress().length == 16
                                && (address.getAddress()[0] & 0xfe) == 0xfc)); // RFC 4193
    }

    private boolean trusts(InetAddress address) {
        byte[] bytes = address.getAddress();
        return ranges.stream().anyMatch(range -> range.contains(bytes));
    }

    /** Who has passed the request on, the client first. A proxy may add a line of its own. */
    private List<String> hops(CometExchange exchange) {
        List<String> hops = new ArrayList<>();
        for (String line : exchange.headers(standard ? "Forwarded" : "X-Forwarded-For")) {
            if (standard) {
                addForwarded(line, hops);
            } else {
                hops.addAll(List.of(line.split(",", -1)));
            }
        }
        return hops;
    }

    /** The {@code for} of each element; what is malformed adds a hop that is no address. */
    private static void addForwarded(String line, List<String> hops) {
        StringBuilder part = new StringBuilder();
        String hop = "";
        boolean quoted = false;
        for (int i = 0; i <= line.length(); i++) {
            char c = i < line.length() ? line.charAt(i) : ',';
            if (c == '"') {
                quoted = !quoted;
            } else if (quoted && c == '\\' && i + 1 < line.length()) {
                part.append(line.charAt(++i));
            } else if ((c == ',' || c == ';') && (!quoted || i == line.length())) {
                String pair = part.toString().strip();
                part.setLength(0);
                if (pair.regionMatches(true, 0, "for=", 0, 4)) {
                    hop = hop.isEmpty() ? pair.substring(4) : "twice";
                }
                if (c == ',') {
                    hops.add(hop);
                    hop = "";
                }
            } else {
                part.append(c);
            }
        }
        if (quoted) {
            hops.add("unclosed"); // it may have swallowed what a proxy has written
        }
    }

    /** An address that may have a port, and then brackets if it is one of IPv6; or null. */
    private static @Nullable InetAddress node(String text) {
        String node = text.strip();
        if (node.startsWith("[")) {
            int end = node.indexOf(']');
            return end > 0 && isPort(node.substring(end + 1))
                    ? address(node.substring(1, end))
                    : null;
        }
        int colon = node.indexOf(':');
        boolean hasPort = colon >= 0 && colon == node.lastIndexOf(':');
        if (hasPort && !isPort(node.substring(colon))) {
            return null;
        }
        return address(hasPort ? node.substring(0, colon) : node);
    }

    private static boolean isPort(String text) {
        return text.isEmpty()
                || (text.length() <= 6
                        && text.length() > 1
                        && text.startsWith(":")
                        && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9'));
    }

    /** What is no address must not reach {@link InetAddress}: it would ask a name server. */
    private static @Nullable InetAddress address(String text) {
        int zone = text.indexOf('%'); // of a link; means something on this machine only
        String bare = zone < 0 ? text : text.substring(0, zone);
        if (bare.startsWith("[") && bare.endsWith("]")) {
            bare = bare.substring(1, bare.length() - 1); // as some containers write it
        }
        if (bare.length() > LONGEST_ADDRESS) {
            return null;
        }
        try {
            byte[] ipv4 = ipv4(bare);
            if (ipv4 != null) {
                return InetAddress.getByAddress(ipv4);
            }
            boolean ipv6 =
                    bare.indexOf(':') >= 0
                            && bare.chars()
                                    .allMatch(
                                            c ->
                                                    c == ':'
                                                            || c == '.'
                                                            || Character.digit(c, 16) >= 0);
            return ipv6 ? InetAddress.getByName(bare) : null;
        } catch (java.net.UnknownHostException e) {
            return null;
        }
    }

    private static byte @Nullable [] ipv4(String text) {
        byte[] bytes = new byte[4];
        int at = 0;
        int number = -1;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : '.';
            if (c == '.' && number >= 0 && at < bytes.length) {
                bytes[at++] = (byte) number;
                number = -1;
            } else if (c >= '0' && c <= '9' && number != 0) {
                number = Math.max(number, 0) * 10 + (c - '0');
                if (number > 255) {
                    return null;
                }
            } else {
                return null;
            }
        }
        return at == bytes.length ? bytes : null;
    }

    /** Addresses that begin with the same bits. */
    @SuppressWarnings("ArrayRecordComponent") // nobody compares ranges
    private record Range(byte[] network, int bits) {

        static Range of(String text) {
            int slash = text.indexOf('/');
            InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
            int most = address == null ? -1 : address.getAddress().length * 8;
            int bits = slash < 0 ? most : bits(text.substring(slash + 1));
            if (address == null || bits < 0 || bits > most) {
                throw new CometException(
                        CometException.Reason.PARAMETERS_INVALID,
                        "network is \""
                                + text
                                + "\"; use an address such as 127.0.0.1 or ::1, or a network such as"
                                + " 10.0.0.0/8");
            }
            return new Range(address.getAddress(), bits);
        }

        private static int bits(String text) {
            return text.matches("[0-9]{1,3}") ? Integer.parseInt(text) : -1;
        }

        boolean contains(byte[] address) {
            if (address.length != network.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += 8) {
                int mask = 0xff << Math.max(0, 8 - (bits - bit)) & 0xff;
                if (((address[bit / 8] ^ network[bit / 8]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }
}
