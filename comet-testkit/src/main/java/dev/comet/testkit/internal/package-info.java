/** What the contract and Comet's own tests check with; not for applications. */
@NullMarked
package dev.comet.testkit.internal;

import org.jspecify.annotations.NullMarked;
