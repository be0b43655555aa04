/** The state provider that keeps clients and messages in Redis, for any number of nodes. */
@NullMarked
package dev.comet.redis;

import org.jspecify.annotations.NullMarked;
