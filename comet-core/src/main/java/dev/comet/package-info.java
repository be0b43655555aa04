/** What applications use: clients, messages and the manager that brings them together. */
@NullMarked
package dev.comet;

import org.jspecify.annotations.NullMarked;
