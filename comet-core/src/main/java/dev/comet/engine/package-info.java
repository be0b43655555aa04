/** Held requests and the threads that own them. */
@NullMarked
package dev.comet.engine;

import org.jspecify.annotations.NullMarked;
