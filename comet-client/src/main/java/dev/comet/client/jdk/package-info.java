/** HTTP by the JDK's own client. */
@NullMarked
package dev.comet.client.jdk;

import org.jspecify.annotations.NullMarked;
