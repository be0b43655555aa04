/** A chat web application. */
@NullMarked
package dev.comet.examples.chat;

import org.jspecify.annotations.NullMarked;
