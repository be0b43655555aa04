/** The contract of state providers, as tests to extend. */
@NullMarked
package dev.comet.testkit;

import org.jspecify.annotations.NullMarked;
