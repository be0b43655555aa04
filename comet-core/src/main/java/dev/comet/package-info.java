/**
 * What applications use: clients, messages and the manager that brings them together; and all that
 * an author of a {@linkplain dev.comet.ICometStateProvider state provider} or a {@linkplain
 * dev.comet.CometEndpoint transport} needs.
 */
@NullMarked
package dev.comet;

import org.jspecify.annotations.NullMarked;
