/** What authors of state providers and transports implement. */
@NullMarked
package dev.comet.spi;

import org.jspecify.annotations.NullMarked;
