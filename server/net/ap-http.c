/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "net"

#include "net/ap-http.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "net/ap-http-body.h"
#include "net/ap-http-cors.h"
#include "net/ap-http-guard.h"
#include "net/ap-http-handshake.h"
#include "net/ap-http-request-private.h"
#include "net/ap-http-target.h"
#include "net/ap-listener.h"
#include "net/ap-origin.h"

#include <errno.h>
#include <string.h>

/* A method of a path; of a WebSocket, GET. */
typedef struct {
  const char *path;
  char **pattern; /* @path in segments */
  ApHttpRoute plain;
  ApHttpWebSocket websocket; /* if it has @upgraded */
  gpointer data;
} Route;

struct _ApHttp {
  SoupServer *server;
  ApListener *listener;
  GPtrArray *routes; /* of Route, in the order in which they are tried */
  const char *const *allowed_origins;
  const ApTokens *tokens; /* NULL: none is asked for */
  guint request_seconds;
};

static gboolean
is_websocket (const Route *route)
{
  return route->websocket.upgraded != NULL;
}

static gboolean
needs_token (const Route *route)
{
  return route == NULL || !(is_websocket (route) ? route->websocket.no_token : route->plain.no_token);
}

/* The 101 is on its way: from here on the socket is ours. */
static void
on_handshake_sent (SoupServerMessage *message, gpointer data)
{
  const Route *route = data;
  ApHttpRequest *request = ap_http_request_from_message (message);
  g_autoptr (GBytes) early = NULL;
  int fd;

  if (soup_server_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return;
  fd = ap_http_handshake_take (request, &early);
  if (fd >= 0) {
    route->websocket.upgraded (request, fd, early, route->data);
    return;
  }
  ap_metrics_count_failure (AP_FAILURE_SOCKET);
  ap_warning ("a client is turned away: %s", g_strerror (errno));
}

/* A request for a WebSocket that has been answered instead. */
static void
count_refusal (SoupServerMessage *message)
{
  if (soup_server_message_get_status (message) != SOUP_STATUS_NONE)
    ap_metrics_count_refusal (soup_server_message_get_status (message));
}

static void
upgrade (SoupServerMessage *message, ApHttpRequest *request, const Route *route)
{
  const char *protocol = NULL;

  ap_http_handshake_choose (ap_http_request_get_header (request, "Sec-WebSocket-Protocol"), route->websocket.protocols,
                            &protocol);
  if (ap_http_handshake_accept (request, protocol))
    g_signal_connect (message, "wrote-informational", G_CALLBACK (on_handshake_sent), (gpointer)route);
  else
    count_refusal (message);
}

static gboolean
takes (const Route *route, const char *method)
{
  return g_str_equal (route->plain.method, method) ||
         (!is_websocket (route) && g_str_equal (method, "HEAD") && g_str_equal (route->plain.method, "GET"));
}

/* Returns: (nullable): a route of the path that a request is for: the one for its method, else any. */
static const Route *
find_route (ApHttp *http, const char *const *segments, const char *method, char ***parameters)
{
  const Route *found = NULL;

  for (guint i = 0; i < http->routes->len; i++) {
    const Route *route = g_ptr_array_index (http->routes, i);

    if (found == NULL ? !ap_http_path_match ((const char *const *)route->pattern, segments, parameters)
                      : !g_str_equal (route->path, found->path))
      continue;
    found = route;
    if (takes (route, method))
      break;
  }
  return found;
}

/* When a request has come as a whole and nobody has refused it. */
static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ApHttpRequest *request = ap_http_request_from_message (message);
  const Route *route = ap_http_request_get_route (request);

  if (is_websocket (route)) {
    upgrade (message, request, route);
    return;
  }
  if (route->plain.max_body > 0)
    ap_http_request_take_body (request);
  route->plain.handle (request, route->data);
  if (!ap_http_request_is_answered (request))
    ap_http_request_wait (request, ((ApHttp *)data)->request_seconds * 2 / 3);
}

/* Two programs in a row must not read one request in two ways (RFC 9112, sections 3.2 and 6.3). */
static gboolean
is_ambiguous (SoupMessageHeaders *headers)
{
  const char *host = soup_message_headers_get_list (headers, "Host");
  gboolean two_hosts = host != NULL && strchr (host, ',') != NULL;

  return two_hosts || (soup_message_headers_get_one (headers, "Content-Length") != NULL &&
                       soup_message_headers_get_one (headers, "Transfer-Encoding") != NULL);
}

static gboolean
has_body (SoupMessageHeaders *headers)
{
  SoupEncoding encoding = soup_message_headers_get_encoding (headers);

  return encoding == SOUP_ENCODING_CHUNKED ||
         (encoding == SOUP_ENCODING_CONTENT_LENGTH && soup_message_headers_get_content_length (headers) > 0);
}

/* Returns: (transfer full): those of a path, with commas between */
static char *
methods_of (ApHttp *http, const Route *found)
{
  GString *methods = g_string_new (NULL);

  for (guint i = 0; i < http->routes->len; i++) {
    const Route *route = g_ptr_array_index (http->routes, i);

    if (!g_str_equal (route->path, found->path))
      continue;
    g_string_append_printf (methods, "%s%s%s", methods->len > 0 ? ", " : "", route->plain.method,
                            takes (route, "HEAD") ? ", HEAD" : "");
  }
  return g_string_free (methods, FALSE);
}

static void
refuse_method (ApHttp *http, ApHttpRequest *request, const Route *found)
{
  g_autofree char *methods = methods_of (http, found);

  ap_http_request_add_header (request, "Allow", methods);
  ap_http_request_respond_error (request, SOUP_STATUS_METHOD_NOT_ALLOWED, "this path does not take this method");
}

static gboolean
origin_is_allowed (ApHttp *http, SoupMessageHeaders *headers)
{
  return ap_origin_is_allowed (soup_message_headers_get_one (headers, "Origin"),
                               soup_message_headers_get_one (headers, "Host"), http->allowed_origins);
}

static void
refuse_upgrade (ApHttp *http, ApHttpRequest *request, SoupMessageHeaders *headers, const Route *route)
{
  const char *protocol;

  if (!ap_http_handshake_check (request))
    return;
  if (!origin_is_allowed (http, headers)) {
    ap_http_request_respond_error (request, SOUP_STATUS_FORBIDDEN,
                                   "pages of this origin may not connect; --allow-origin names those that may");
    return;
  }
  if (!ap_http_handshake_choose (soup_message_headers_get_list (headers, "Sec-WebSocket-Protocol"),
                                 route->websocket.protocols, &protocol)) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST,
                                   "this path speaks none of the sub-protocols offered");
    return;
  }
  if (route->websocket.admit != NULL)
    route->websocket.admit (request, route->data);
}

static gboolean
has_token (const ApHttp *http, SoupMessageHeaders *headers)
{
  return http->tokens == NULL ||
         ap_tokens_let_in (http->tokens, soup_message_headers_get_list (headers, "Authorization"),
                           soup_message_headers_get_list (headers, "Sec-WebSocket-Protocol"));
}

static void
refuse_body (ApHttpRequest *request, const Route *route)
{
  g_autofree char *text =
      route->plain.max_body > 0
          ? g_strdup_printf ("this path takes a body of at most %" G_GSIZE_FORMAT " bytes", route->plain.max_body)
          : g_strdup ("this path takes no body");

  ap_http_request_respond_error (request, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, text);
}

static gboolean
is_body_too_large (SoupMessageHeaders *headers, const Route *route)
{
  goffset length = soup_message_headers_get_content_length (headers); /* 0 when it is not known */

  return has_body (headers) && (route->plain.max_body == 0 || (guint64)length > route->plain.max_body);
}

/* What is asked cannot be had in this way. */
static void
refuse_misuse (ApHttp *http, ApHttpRequest *request, SoupMessageHeaders *headers, const Route *route)
{
  if (route == NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this path");
  else if (!takes (route, ap_http_request_get_method (request)))
    refuse_method (http, request, route);
  else if (is_body_too_large (headers, route))
    refuse_body (request, route);
  else if (is_websocket (route))
    refuse_upgrade (http, request, headers, route);
  else if (route->plain.admit != NULL)
    route->plain.admit (request, route->data);
}

/* What browsers ask before a page's request, without its token. */
static gboolean
answer_preflight (ApHttp *http, ApHttpRequest *request, const Route *route)
{
  g_autofree char *methods = NULL;

  if (!ap_http_cors_is_preflight (request, http->allowed_origins))
    return FALSE;
  if (route != NULL)
    methods = methods_of (http, route);
  ap_http_cors_respond_preflight (request, methods);
  return TRUE;
}

/* Answers a request that no handler is to see; one that is left without an answer is in order. */
static void
refuse (ApHttp *http, ApHttpRequest *request, SoupMessageHeaders *headers, GUri *uri)
{
  g_auto (GStrv) segments = ap_http_path_split (g_uri_get_path (uri));
  char **query = ap_http_form_parse (g_uri_get_query (uri));
  char **parameters = NULL;
  const char *method = ap_http_request_get_method (request);
  const Route *route = segments != NULL ? find_route (http, (const char *const *)segments, method, &parameters) : NULL;

  ap_http_request_set_route (request, route, parameters, query);
  ap_http_request_set_has_token (request, has_token (http, headers));
  ap_http_cors_begin (request, http->allowed_origins);
  if (is_ambiguous (headers))
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "the request can be read in two ways");
  else if (answer_preflight (http, request, route))
    return;
  else if (!needs_token (route) || ap_http_request_require_token (request)) {
    if (segments == NULL || query == NULL)
      ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "path and query must be UTF-8, without NUL");
    else
      refuse_misuse (http, request, headers, route);
  }
  if (route != NULL && is_websocket (route))
    count_refusal (ap_http_request_get_message (request));
}

/* Before anything of a request has come: what libsoup says by itself, as of a target that is no URL, it says with this.
 */
static void
on_begun (SoupServer *server, SoupServerMessage *message, gpointer data)
{
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_STATIC, AP_HTTP_GUARD_UNREADABLE,
                                    strlen (AP_HTTP_GUARD_UNREADABLE));
}

/* When a request's headers have come, before its body. */
static void
on_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  ApHttpRequest *request = ap_http_request_new (message);
  const Route *route;
  gsize most = 0;

  soup_server_message_set_response (message, NULL, SOUP_MEMORY_STATIC, NULL, 0); /* it can be read */
  refuse (data, request, headers, soup_server_message_get_uri (message));
  if (!has_body (headers))
    return;
  route = ap_http_request_get_route (request);
  /* Of one that is too long nothing is worth reading: its end, and with it the answer, could not come. */
  if (route != NULL && !is_body_too_large (headers, route))
    most = route->plain.max_body;
  ap_http_body_bound (message, most, !ap_http_request_is_answered (request));
}

static void
on_accepted (GSocketConnection *connection, gpointer data)
{
  ApHttp *http = data;
  g_autoptr (GSocketAddress) local = g_socket_connection_get_local_address (connection, NULL);
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  g_autoptr (GError) error = NULL;

  /* Either is missing when the client has left already. */
  if (local == NULL || remote == NULL)
    return;
  ap_http_request_set_connection (remote, connection);
  if (!soup_server_accept_iostream (http->server, G_IO_STREAM (connection), local, remote, &error))
    ap_debug ("a client is turned away: %s", error->message);
}

static void
free_route (gpointer data)
{
  Route *route = data;

  g_strfreev (route->pattern);
  g_free (route);
}

ApHttp *
ap_http_new (int listen_fd, guint request_seconds)
{
  ApHttp *http = g_new0 (ApHttp, 1);

  /* A path keeps its escapes, so that an escaped slash separates nothing. */
  http->server = g_object_new (SOUP_TYPE_SERVER, "server-header", "audio-pipeline", "raw-paths", TRUE, NULL);
  http->routes = g_ptr_array_new_with_free_func (free_route);
  g_signal_connect (http->server, "request-started", G_CALLBACK (on_begun), NULL);
  soup_server_add_early_handler (http->server, NULL, on_headers, http, NULL);
  soup_server_add_handler (http->server, NULL, on_request, http, NULL);
  http->request_seconds = request_seconds;
  http->listener = ap_listener_new (listen_fd, request_seconds, on_accepted, http);
  return http;
}

void
ap_http_free (ApHttp *http)
{
  ap_http_stop_accepting (http);
  soup_server_disconnect (http->server);
  g_object_unref (http->server);
  g_ptr_array_unref (http->routes);
  g_free (http);
}

static void
add_route (ApHttp *http, const char *path, Route route)
{
  route.path = path;
  route.pattern = g_strsplit (path, "/", -1);
  g_ptr_array_add (http->routes, g_memdup2 (&route, sizeof route));
}

void
ap_http_add_route (ApHttp *http, const ApHttpRoute *route, gpointer data)
{
  add_route (http, route->path, (Route){ .plain = *route, .data = data });
}

void
ap_http_add_websocket (ApHttp *http, const ApHttpWebSocket *websocket, gpointer data)
{
  add_route (http, websocket->path, (Route){ .plain = { .method = "GET" }, .websocket = *websocket, .data = data });
}

void
ap_http_set_tokens (ApHttp *http, const ApTokens *tokens)
{
  http->tokens = tokens;
}

void
ap_http_set_allowed_origins (ApHttp *http, const char *const *origins)
{
  http->allowed_origins = origins;
}

void
ap_http_stop_accepting (ApHttp *http)
{
  g_clear_pointer (&http->listener, ap_listener_free);
}
