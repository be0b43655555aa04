/**
 * The smart-home relay: a phone outside the house commands a gateway inside it, through the cloud.
 */
@NullMarked
package dev.comet.examples.relay;

import org.jspecify.annotations.NullMarked;
