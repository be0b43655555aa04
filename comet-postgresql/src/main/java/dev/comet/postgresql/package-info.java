/** The state provider that keeps clients and messages in PostgreSQL. */
@NullMarked
package dev.comet.postgresql;

import org.jspecify.annotations.NullMarked;
