/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The body of an answer to what cannot be read as a request, JSON. */
#define AP_HTTP_GUARD_UNREADABLE                                                                                       \
  "{\"error\":\"the request cannot be read; in its path and query a blank is written as %20, and % as %25\"}"

/**
 * ap_http_guard_connection:
 *
 * libsoup 3.2 loses the path of a request (up to 100 KB) whose Transfer-Encoding is not `chunked` or whose
 * Content-Length is not a number, so that any client could fill the memory. This is a connection that looks at the head
 * of its one request while it is read: at such a header, and at one that is folded over lines, it answers 400, and the
 * reader gets an error in place of the rest.
 *
 * Returns: (transfer full): a connection for libsoup
 */
GSocketConnection *ap_http_guard_connection (GSocket *socket);
