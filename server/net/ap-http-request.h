/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libsoup/soup.h>

/* RFC 9110, section 15.5.22; libsoup does not name it. */
#define AP_HTTP_UPGRADE_REQUIRED 426

/* One request and its answer. A handler answers at once, or keeps a reference and answers later, from whatever thread;
 * meanwhile the connection waits, for 20 seconds at most: then it is answered with 503. Only the first
 * answer counts, and one to a client that has left goes nowhere, so that a handler need not ask.
 *
 * What was asked may be read by whoever has a reference, by one thread at a time; strings live as long as that. */
typedef struct _ApHttpRequest ApHttpRequest;

/* From any thread. */
ApHttpRequest *ap_http_request_ref (ApHttpRequest *request);
void ap_http_request_unref (ApHttpRequest *request);

const char *ap_http_request_get_method (ApHttpRequest *request);
/* As it came, with escapes and query: what a signature is made over. */
const char *ap_http_request_get_target (ApHttpRequest *request);
/* Of the route's `{name}`; NULL if it has none of that name. */
const char *ap_http_request_get_parameter (ApHttpRequest *request, const char *name);
/* Of the query: the first value of that name, valid UTF-8, or NULL. */
const char *ap_http_request_get_query (ApHttpRequest *request, const char *name);
/* Of the headers: all values of that name, with commas between, or NULL. */
const char *ap_http_request_get_header (ApHttpRequest *request, const char *name);
/* Returns: (nullable): the header Range, for a handler that answers with parts; for others it is not there */
const char *ap_http_request_get_range (ApHttpRequest *request);
/* Returns: (nullable) (transfer none): NULL when the route takes none */
GBytes *ap_http_request_get_body (ApHttpRequest *request);
/* The address of the client, or of the proxy before it, for the log. */
const char *ap_http_request_get_peer (ApHttpRequest *request);

/* Whether the server's token came with it, or none is asked for; else it has been answered with 401. For paths that are
 * open to who is known otherwise. */
gboolean ap_http_request_require_token (ApHttpRequest *request);

/* What the endpoint's admit() keeps for the session to come: once, on the worker. It is for the session to take; if
 * none comes of the request, @release is called in the end. */
void ap_http_request_set_aside (ApHttpRequest *request, GDestroyNotify release, gpointer data);
gboolean ap_http_request_take_aside (ApHttpRequest *request); /* returns: whether there was something */

/* Whether an answer would still go to somebody: for who is about to take time over it. From any thread. */
gboolean ap_http_request_is_awaited (ApHttpRequest *request);

/* A header of the answer to come. To be called by who answers, before it does. */
void ap_http_request_add_header (ApHttpRequest *request, const char *name, const char *value);

/**
 * ap_http_request_respond:
 * @content_type: (nullable): NULL without a body
 * @body: (nullable): not copied; may be long, as that of g_mapped_file_get_bytes(): the client has the more time
 *
 * From any thread, and from several at once.
 */
void ap_http_request_respond (ApHttpRequest *request, guint status, const char *content_type, GBytes *body);
/* The same with a body of JSON. */
void ap_http_request_respond_json (ApHttpRequest *request, guint status, const char *json);
/* The same with `{"error":"@text"}`. */
void ap_http_request_respond_error (ApHttpRequest *request, guint status, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApHttpRequest, ap_http_request_unref)
