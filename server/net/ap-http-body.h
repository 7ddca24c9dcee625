/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/* The body of a request, which libsoup reads to its end before it answers, as fast as it comes. On the worker's thread,
 * unless it is said. */

/* When the headers have come. @most: a longer one is answered 413. Not @wanted: it has been answered, and as much as
 * the path takes, or a little, is thrown away, so that the client sees the answer. Of bodies that may be long, all
 * requests of the process together hold no more than a budget; what comes beyond is answered 503. */
void ap_http_body_bound (SoupServerMessage *message, gsize most, gboolean wanted);

/* When the whole has come. Returns: (transfer full): it; part of the budget until it is freed, which may be on any
 * thread */
GBytes *ap_http_body_take (SoupServerMessage *message);

/* AP_HTTP_BODIES_BYTES at first. From any thread. */
void ap_http_body_set_budget (gsize bytes);
