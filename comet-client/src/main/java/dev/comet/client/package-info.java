/**
 * A client of a Comet server for Java programs; {@link dev.comet.client.Comet} is where to begin.
 */
@NullMarked
package dev.comet.client;

import org.jspecify.annotations.NullMarked;
