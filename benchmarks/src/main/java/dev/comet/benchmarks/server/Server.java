package dev.comet.benchmarks.server;

import java.util.Locale;
import java.util.concurrent.Callable;

/** What is measured. The names are those of {@code -Dservers=}. */
public enum Server {
    BARE_JETTY(Language.COMET, () -> new BareServer(Containers.JETTY)),
    BARE_TOMCAT(Language.COMET, () -> new BareServer(Containers.TOMCAT)),
    BARE_UNDERTOW(Language.COMET, () -> new BareServer(Containers.UNDERTOW)),
    BARE_NETTY(Language.COMET, BareNettyServer::new),
    COMETD(Language.COMETD, () -> new CometdServer(Containers.JETTY, false)),
    COMETD_ACK(Language.COMETD_ACK, () -> new CometdServer(Containers.JETTY, true)),
    ATMOSPHERE(Language.ATMOSPHERE, Server::atmosphere),
    NCHAN(Language.NCHAN, NchanServer::new),
    BARE_JETTY_STREAM(Language.COMET_STREAM, () -> new BareServer(Containers.JETTY)),
    BARE_NETTY_STREAM(Language.COMET_STREAM, BareNettyServer::new),
    NCHAN_STREAM(Language.NCHAN_STREAM, NchanServer::new),
    COMET_JETTY_STREAM(Language.COMET_STREAM, () -> new CometServer(Containers.JETTY)),
    COMET_TOMCAT_STREAM(Language.COMET_STREAM, () -> new CometServer(Containers.TOMCAT)),
    COMET_UNDERTOW_STREAM(Language.COMET_STREAM, () -> new CometServer(Containers.UNDERTOW)),
    COMET_JETTY(Language.COMET, () -> new CometServer(Containers.JETTY)),
    COMET_TOMCAT(Language.COMET, () -> new CometServer(Containers.TOMCAT)),
    COMET_UNDERTOW(Language.COMET, () -> new CometServer(Containers.UNDERTOW));

    /** What a client has to speak. */
    public enum Language {
        COMET,
        COMET_STREAM,
        COMETD,
        COMETD_ACK,
        ATMOSPHERE,
        NCHAN,
        NCHAN_STREAM
    }

    private static final int ATMOSPHERE_JAVA = 21;

    private final Language language;

    @SuppressWarnings("ImmutableEnumChecker") // captures nothing
    private final Callable<PushServer> start;

    Server(Language language, Callable<PushServer> start) {
        this.language = language;
        this.start = start;
    }

    public Language language() {
        return language;
    }

    /** The container's own server, with which this one is compared. */
    public Server bare() {
        String name = name();
        if (isStream()) {
            return BARE_JETTY_STREAM;
        }
        return name.endsWith("TOMCAT")
                ? BARE_TOMCAT
                : name.endsWith("UNDERTOW") ? BARE_UNDERTOW : BARE_JETTY;
    }

    /** Whether its clients hold one answer that does not end, instead of polling. */
    public boolean isStream() {
        return name().endsWith("_STREAM");
    }

    /** What it takes that this machine does not have, or an empty string. */
    public String lacks() {
        return switch (this) {
            case NCHAN, NCHAN_STREAM ->
                    NchanServer.isInstalled() ? "" : "nginx with its module nchan";
            case ATMOSPHERE -> Runtime.version().feature() >= ATMOSPHERE_JAVA ? "" : "Java 21";
            default -> "";
        };
    }

    /** By name, for it is compiled only where Java is new enough for it. */
    private static PushServer atmosphere() throws ReflectiveOperationException {
        return Class.forName("dev.comet.benchmarks.server.AtmosphereServer")
                .asSubclass(PushServer.class)
                .getDeclaredConstructor(Containers.class)
                .newInstance(Containers.JETTY);
    }

    PushServer start() throws Exception {
        return start.call();
    }

    public static Server named(String name) {
        return valueOf(name.strip().toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
