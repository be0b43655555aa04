/** The wire protocol without a container. */
@NullMarked
package dev.comet.http;

import org.jspecify.annotations.NullMarked;
