/** What Comet's own modules share; exported to them alone. */
@NullMarked
package dev.comet.internal;

import org.jspecify.annotations.NullMarked;
