package dev.comet.benchmarks.server;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.ReadOnlyHttpHeaders;
import io.netty.util.AsciiString;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * What the JVM can do without a servlet container: {@link BareServer}'s rings and cursors on Netty,
 * with its HTTP codec and one event loop, to which everything but the tokens belongs. One loop, for
 * the server has one processor. Over epoll where that is to be had, for it is Netty's best.
 */
final class BareNettyServer implements PushServer {

    private static final int BACKLOG = 1_024;
    private static final int MAX_POST_BYTES = 64 << 10;
    private static final boolean EPOLL = Epoll.isAvailable();

    private final BareClients<Room> clients = new BareClients<>(Room::new, Room::top);
    private final EventLoopGroup loop =
            new MultiThreadIoEventLoopGroup(
                    1, EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
    private final int port;

    BareNettyServer() throws InterruptedException {
        Class<? extends ServerChannel> channels =
                EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
        Channel listening =
                new ServerBootstrap()
                        .group(loop)
                        .channel(channels)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childHandler(new Pipeline())
                        .bind(InetAddress.getLoopbackAddress(), 0)
                        .sync()
                        .channel();
        port = ((InetSocketAddress) listening.localAddress()).getPort();
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public List<String> newClients(List<String> roomNames) {
        return clients.add(roomNames);
    }

    @Override
    public void broadcast(String payload) {
        loop.execute(() -> clients.everyone().send(payload));
    }

    private final class Pipeline extends ChannelInitializer<Channel> {

        @Override
        protected void initChannel(Channel channel) {
            channel.pipeline()
                    .addLast(
                            new HttpServerCodec(),
                            new HttpObjectAggregator(MAX_POST_BYTES),
                            new Polls());
        }
    }

    private final class Polls extends SimpleChannelInboundHandler<FullHttpRequest> {

        private static final String POLL = "/push/poll?lastMessageId=";
        private static final String STREAM = "/push/stream";
        private static final HttpHeaders NOTHING =
                new ReadOnlyHttpHeaders(
                        false, HttpHeaderNames.CONTENT_LENGTH, HttpHeaderValues.ZERO);

        @Override
        protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
            BareClients.Member<Room> member =
                    clients.of(request.headers().get(HttpHeaderNames.AUTHORIZATION));
            if (request.uri().startsWith(POLL)) {
                long cursor = member.cursor(request.uri().substring(POLL.length()));
                member.room().answerOrWait(new Waiter(context, cursor));
                return;
            }
            if (request.uri().startsWith(STREAM)) {
                beginStream(context);
                member.room().streams.add(context);
                return;
            }
            member.room().send(BareClients.payload(request.content().toString(US_ASCII)));
            context.writeAndFlush(
                    new DefaultFullHttpResponse(
                            HttpVersion.HTTP_1_1,
                            HttpResponseStatus.ACCEPTED,
                            Unpooled.EMPTY_BUFFER,
                            NOTHING,
                            EmptyHttpHeaders.INSTANCE));
        }

        private static void beginStream(ChannelHandlerContext context) {
            DefaultHttpResponse head =
                    new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
            head.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream;charset=utf-8")
                    .set(HttpHeaderNames.CACHE_CONTROL, "no-store, no-transform")
                    .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
            context.write(head);
            context.writeAndFlush(event(": here\n\n".getBytes(US_ASCII)));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // The peer has gone away.
            context.close();
        }
    }

    private static DefaultHttpContent event(byte[] bytes) {
        return new DefaultHttpContent(Unpooled.wrappedBuffer(bytes));
    }

    /** A held request. */
    private record Waiter(ChannelHandlerContext context, long cursor) {

        private static final AsciiString X_CONTENT_TYPE_OPTIONS =
                AsciiString.cached("x-content-type-options");
        private static final AsciiString NO_SNIFF = AsciiString.cached("nosniff");

        void complete(ByteBuf body) {
            context.writeAndFlush(
                    new DefaultFullHttpResponse(
                            HttpVersion.HTTP_1_1,
                            HttpResponseStatus.OK,
                            body,
                            new ReadOnlyHttpHeaders(
                                    false,
                                    HttpHeaderNames.CONTENT_TYPE,
                                    HttpHeaderValues.APPLICATION_JSON,
                                    HttpHeaderNames.CACHE_CONTROL,
                                    HttpHeaderValues.NO_STORE,
                                    X_CONTENT_TYPE_OPTIONS,
                                    NO_SNIFF,
                                    HttpHeaderNames.CONTENT_LENGTH,
                                    Integer.toString(body.readableBytes())),
                            EmptyHttpHeaders.INSTANCE));
        }
    }

    /** A ring of messages, and who waits for the next. The event loop's own, but for its top. */
    private static final class Room {

        private final MessageRing ring = new MessageRing();
        private List<Waiter> waiting = new ArrayList<>();
        private final List<ChannelHandlerContext> streams = new ArrayList<>();

        long top() {
            return ring.top();
        }

        void send(String payload) {
            ring.append(payload);
            List<Waiter> woken = waiting;
            waiting = new ArrayList<>(woken.size());
            for (Waiter waiter : woken) {
                waiter.complete(above(waiter));
            }
            if (!streams.isEmpty()) {
                byte[] bytes = ring.event(ring.top());
                streams.forEach(stream -> stream.writeAndFlush(event(bytes)));
            }
        }

        void answerOrWait(Waiter waiter) {
            if (ring.top() > waiter.cursor()) {
                waiter.complete(above(waiter));
            } else {
                waiting.add(waiter);
            }
        }

        private ByteBuf above(Waiter waiter) {
            int length = ring.lengthAbove(waiter.cursor());
            ByteBuf body = waiter.context().alloc().buffer(length).writeByte('[');
            for (long id = waiter.cursor() + 1; id <= ring.top(); id++) {
                body.writeBytes(ring.get(id)).writeByte(',');
            }
            return body.setByte(length - 1, ']');
        }
    }
}
