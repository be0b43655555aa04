/** The wire protocol in a Jakarta Servlet container. */
@NullMarked
package dev.comet.servlet;

import org.jspecify.annotations.NullMarked;
