/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"

/* What the other files of HTTP do with a request. On the worker's thread, unless it is said. */

/* Belongs to @message, which it knows for as long as that lives. */
ApHttpRequest *ap_http_request_new (SoupServerMessage *message);
/* Returns: (nullable) */
ApHttpRequest *ap_http_request_from_message (SoupServerMessage *message);
/* NULL once it has gone. */
SoupServerMessage *ap_http_request_get_message (ApHttpRequest *request);
/* libsoup tells a request's @peer, and by that the connection that it came on is found. */
void ap_http_request_set_connection (GSocketAddress *peer, GSocketConnection *connection);
/* What it is for; the strings are names and values by turns, and (transfer full) (nullable). */
void ap_http_request_set_route (ApHttpRequest *request, gconstpointer route, char **parameters, char **query);
gconstpointer ap_http_request_get_route (ApHttpRequest *request);
void ap_http_request_set_has_token (ApHttpRequest *request, gboolean has_token);
/* The whole body is there. */
void ap_http_request_take_body (ApHttpRequest *request);
/* A header of the answer to come, whoever gives it. Before the handler has seen the request. */
void ap_http_request_add_standing_header (ApHttpRequest *request, const char *name, const char *value);
gboolean ap_http_request_is_answered (ApHttpRequest *request);
/* Holds the connection until there is an answer, or 503 after @seconds. */
void ap_http_request_wait (ApHttpRequest *request, guint seconds);

typedef void (*ApHttpBodyFunc) (SoupServerMessage *message, gpointer data);

/* An answer whose body comes piece by piece; from any thread. @begin is called on the worker, if this is the answer
 * that counts and somebody waits for a body of it. Whoever appends a piece then unpauses @message. */
void ap_http_request_respond_in_pieces (ApHttpRequest *request, guint status, const char *content_type, goffset length,
                                        ApHttpBodyFunc begin, gpointer data, GDestroyNotify destroy);
