/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-tokens.h"

#include <libsoup/soup.h>

/* RFC 9110, section 15.5.22; libsoup does not name it. */
#define AP_HTTP_UPGRADE_REQUIRED 426

/* The HTTP side of a worker: a listening socket, libsoup's server behind it, and routes by exact path. Belongs to the
 * worker's thread. */
typedef struct _ApHttp ApHttp;

/* Answers a GET or HEAD by ap_http_respond(). */
typedef void (*ApHttpHandler) (SoupServerMessage *message, gpointer data);

/**
 * ApHttpUpgrade:
 * @fd: (transfer full): the socket after the handshake
 * @early: (nullable): bytes that came with the request
 */
typedef void (*ApHttpUpgrade) (int fd, GBytes *early, const char *peer, gconstpointer endpoint, gpointer data);

/**
 * ap_http_new:
 * @listen_fd: (transfer full): from ap_listener_open()
 *
 * To be called on the worker's thread, whose context must be its thread-default one.
 */
ApHttp *ap_http_new (int listen_fd);
void ap_http_free (ApHttp *http);

void ap_http_add_handler (ApHttp *http, const char *path, ApHttpHandler handler, gpointer data);
/* The same for a path that is open to who has no token. */
void ap_http_add_open_handler (ApHttp *http, const char *path, ApHttpHandler handler, gpointer data);
/* @endpoint is passed to @upgrade; it tells one path from another. @protocols: see ap_http_handshake_choose(). */
void ap_http_add_websocket (ApHttp *http, const char *path, const char *const *protocols, ApHttpUpgrade upgrade,
                            gconstpointer endpoint, gpointer data);

/* Every request must have one of @tokens, which must outlive @http; others get 401. */
void ap_http_set_tokens (ApHttp *http, const ApTokens *tokens);

/* Web pages of which origins may connect, beside those of the server's own host; see ap_origin_is_allowed(). @origins
 * must outlive @http. */
void ap_http_set_allowed_origins (ApHttp *http, const char *const *origins);

/* @refusal is asked before each handshake: NULL lets it pass, a reason refuses it with 503. */
void ap_http_set_admission (ApHttp *http, const char *(*refusal) (gpointer data), gpointer data);

/* No new connections from now on; those that are there stay. */
void ap_http_stop_accepting (ApHttp *http);

/* Answers with @status and a JSON body. */
void ap_http_respond (SoupServerMessage *message, guint status, const char *json);
/* The same with `{"error":"@text"}`. */
void ap_http_respond_error (SoupServerMessage *message, guint status, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApHttp, ap_http_free)
