/** What carries the client's requests: the JDK's own client, or another implementation. */
@NullMarked
package dev.comet.client.http;

import org.jspecify.annotations.NullMarked;
