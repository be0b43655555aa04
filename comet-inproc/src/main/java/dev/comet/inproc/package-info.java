/** The state provider that keeps clients and messages in memory. */
@NullMarked
package dev.comet.inproc;

import org.jspecify.annotations.NullMarked;
