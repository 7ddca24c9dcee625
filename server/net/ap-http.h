/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "net/ap-http-request.h"
#include "net/ap-tokens.h"

/* The HTTP side of a worker: a listening socket, libsoup's server behind it, and routes. Belongs to the worker's
 * thread.
 *
 * A path is that of a route or has segments that any text stands for: `/api/calls/{callSid}/hangup`. The first route
 * added whose path fits decides; routes of the very same path differ by method. What no route takes is answered by 404,
 * 405 with Allow, 413, or 400. */
typedef struct _ApHttp ApHttp;

typedef void (*ApHttpHandler) (ApHttpRequest *request, gpointer data);

typedef struct {
  const char *method; /* GET answers HEAD too */
  const char *path;
  /* Answers, or keeps a reference and answers later. */
  ApHttpHandler handle;
  gsize max_body;    /* a larger one is answered by 413; 0: it takes none */
  gboolean no_token; /* open to everybody, whatever tokens are set */
  /* (nullable): sees a request whose headers are in order, before its body comes, and refuses it by answering; now, not
   * later */
  ApHttpHandler admit;
} ApHttpRoute;

typedef struct {
  const char *path;
  const char *const *protocols; /* see ap_http_handshake_choose() */
  /* (nullable): sees a handshake that is in order, and refuses it by answering; now, not later */
  ApHttpHandler admit;
  /* The socket after the handshake, which is the callee's. @early: (nullable): bytes that came with the request */
  void (*upgraded) (ApHttpRequest *request, int fd, GBytes *early, gpointer data);
  gboolean no_token;
} ApHttpWebSocket;

/**
 * ap_http_new:
 * @listen_fd: (transfer full): from ap_listener_open()
 * @request_seconds: usually AP_HTTP_REQUEST_SECONDS
 *
 * To be called on the worker's thread, whose context must be its thread-default one.
 */
ApHttp *ap_http_new (int listen_fd, guint request_seconds);
void ap_http_free (ApHttp *http);

/* What they point to must outlive @http; @data is passed to their functions. */
void ap_http_add_route (ApHttp *http, const ApHttpRoute *route, gpointer data);
void ap_http_add_websocket (ApHttp *http, const ApHttpWebSocket *websocket, gpointer data);

/* Every request must have one of @tokens, which must outlive @http; others get 401. NULL: none is asked for. */
void ap_http_set_tokens (ApHttp *http, const ApTokens *tokens);

/* Web pages of which origins may connect, beside those of the server's own host; see ap_origin_is_allowed(). Over HTTP
 * those may read the answers that are named; see ap_origin_is_named(). @origins must outlive @http. */
void ap_http_set_allowed_origins (ApHttp *http, const char *const *origins);

/* No new connections from now on; those that are there stay. */
void ap_http_stop_accepting (ApHttp *http);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApHttp, ap_http_free)
