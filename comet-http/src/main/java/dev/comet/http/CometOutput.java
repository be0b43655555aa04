package dev.comet.http;

/**
 * An answer that goes on: the body of a {@linkplain CometExchange#stream stream}, piece by piece.
 *
 * <p>No method blocks on the network. One thread at a time calls them; a peer that has gone away in
 * the meantime is silently ignored.
 */
public interface CometOutput {

    /**
     * Takes a piece and sends it without waiting for more. At most one piece is kept that the
     * network does not take.
     *
     * @param bytes <b>shared</b>: write it, never change it
     * @return whether another piece can be taken at once. If not, none is given until the
     *     exchange's {@code canTakeMore} has been called, once
     */
    boolean write(byte[] bytes);

    /**
     * Sends the last piece, after what may be kept, and ends the answer. Also while nothing can be
     * taken. Nothing is called afterwards.
     */
    void end(byte[] bytes);

    /**
     * Throws away what is kept, and ends the connection as soon as the adapter can. Nothing is
     * called afterwards.
     */
    void cutOff();
}
