/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "net"

#include "net/ap-http.h"

#include "base/ap-json.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "net/ap-http-handshake.h"
#include "net/ap-listener.h"
#include "net/ap-origin.h"

#include <errno.h>
#include <string.h>

typedef struct {
  gboolean open;         /* to everybody, without a token */
  ApHttpHandler handler; /* of a plain route */
  ApHttpUpgrade upgrade; /* of a WebSocket route */
  const char *const *protocols;
  gconstpointer endpoint;
  gpointer data;
} Route;

struct _ApHttp {
  SoupServer *server;
  ApListener *listener;
  GHashTable *routes; /* path -> Route */
  const char *const *allowed_origins;
  const ApTokens *tokens;                 /* NULL: none is asked for */
  const char *(*refusal) (gpointer data); /* NULL: everybody is let in */
  gpointer refusal_data;
};

void
ap_http_respond (SoupServerMessage *message, guint status, const char *json)
{
  /* libsoup may have answered before us. */
  soup_message_body_truncate (soup_server_message_get_response_body (message));
  soup_server_message_set_status (message, status, status == AP_HTTP_UPGRADE_REQUIRED ? "Upgrade Required" : NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, json, strlen (json));
}

void
ap_http_respond_error (SoupServerMessage *message, guint status, const char *text)
{
  g_autofree char *body = ap_json_error_body (text);

  ap_http_respond (message, status, body);
}

static char *
peer_name (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : g_strdup ("-");
}

static void
on_handshake_sent (SoupServerMessage *message, gpointer data)
{
  const Route *route = data;
  g_autofree char *peer = NULL;
  g_autoptr (GBytes) early = NULL;
  int fd;

  if (soup_server_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return;
  peer = peer_name (message);
  fd = ap_http_handshake_take (message, &early);
  if (fd < 0)
    ap_warning ("a client is turned away: %s", g_strerror (errno));
  else
    route->upgrade (fd, early, peer, route->endpoint, route->data);
}

static const char *
offered_protocols (SoupServerMessage *message)
{
  return soup_message_headers_get_list (soup_server_message_get_request_headers (message), "Sec-WebSocket-Protocol");
}

static void
upgrade (SoupServerMessage *message, const Route *route)
{
  const char *protocol = NULL;

  ap_http_handshake_choose (offered_protocols (message), route->protocols, &protocol);
  if (ap_http_handshake_accept (message, protocol))
    g_signal_connect (message, "wrote-informational", G_CALLBACK (on_handshake_sent), (gpointer)route);
}

static void
on_request (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  ApHttp *http = data;
  const Route *route = g_hash_table_lookup (http->routes, path);

  if (route->upgrade != NULL)
    upgrade (message, route);
  else
    route->handler (message, route->data);
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

static void
refuse_method (SoupServerMessage *message, const Route *route)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                route->upgrade != NULL ? "GET" : "GET, HEAD");
  ap_http_respond_error (message, SOUP_STATUS_METHOD_NOT_ALLOWED, "this path does not take this method");
}

static gboolean
origin_is_allowed (ApHttp *http, SoupMessageHeaders *headers)
{
  return ap_origin_is_allowed (soup_message_headers_get_one (headers, "Origin"),
                               soup_message_headers_get_one (headers, "Host"), http->allowed_origins);
}

static void
refuse_upgrade (ApHttp *http, SoupServerMessage *message, const Route *route)
{
  const char *protocol;
  const char *reason;

  if (!ap_http_handshake_check (message))
    return;
  if (!origin_is_allowed (http, soup_server_message_get_request_headers (message))) {
    ap_http_respond_error (message, SOUP_STATUS_FORBIDDEN,
                           "pages of this origin may not connect; --allow-origin names those that may");
    return;
  }
  if (!ap_http_handshake_choose (offered_protocols (message), route->protocols, &protocol)) {
    ap_http_respond_error (message, SOUP_STATUS_BAD_REQUEST, "this path speaks none of the sub-protocols offered");
    return;
  }
  reason = http->refusal != NULL ? http->refusal (http->refusal_data) : NULL;
  if (reason != NULL)
    ap_http_respond_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, reason);
}

static gboolean
has_token (const ApHttp *http, SoupMessageHeaders *headers)
{
  return http->tokens == NULL ||
         ap_tokens_let_in (http->tokens, soup_message_headers_get_list (headers, "Authorization"),
                           soup_message_headers_get_list (headers, "Sec-WebSocket-Protocol"));
}

static void
require_token (SoupServerMessage *message)
{
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "WWW-Authenticate",
                                "Bearer realm=\"audio-pipeline\"");
  ap_http_respond_error (message, SOUP_STATUS_UNAUTHORIZED,
                         "this server wants its token: as 'Authorization: Bearer TOKEN', or, from a browser, with the "
                         "sub-protocols 'audio-pipeline' and 'bearer.TOKEN'");
}

/* Answers a request that no handler is to see; one that is left without an answer is in order. */
static void
refuse (ApHttp *http, SoupServerMessage *message, const char *path)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);
  const Route *route = g_hash_table_lookup (http->routes, path);
  const char *method = soup_server_message_get_method (message);

  if (is_ambiguous (headers))
    ap_http_respond_error (message, SOUP_STATUS_BAD_REQUEST, "the request can be read in two ways");
  else if (!(route != NULL && route->open) && !has_token (http, headers))
    require_token (message);
  else if (route == NULL)
    ap_http_respond_error (message, SOUP_STATUS_NOT_FOUND, "there is nothing at this path");
  else if (method != SOUP_METHOD_GET && (method != SOUP_METHOD_HEAD || route->upgrade != NULL))
    refuse_method (message, route);
  else if (has_body (headers))
    ap_http_respond_error (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "no path of this server takes a body");
  else if (route->upgrade != NULL)
    refuse_upgrade (http, message, route);
}

/* libsoup reads a body to its end before it answers, as fast as it comes. A small one is let pass, so that the client
 * sees its answer; from a large one the connection is taken away. */
static void
on_body_chunk (SoupServerMessage *message, GBytes *chunk, gpointer data)
{
  gsize *left = data;
  gsize length = g_bytes_get_size (chunk);

  if (length <= *left) {
    *left -= length;
    return;
  }
  g_signal_handlers_disconnect_by_data (message, data);
  g_object_unref (soup_server_message_steal_connection (message));
}

static void
free_left (gpointer left, GClosure *closure)
{
  g_free (left);
}

static void
bound_body (SoupServerMessage *message)
{
  gsize *left = g_new (gsize, 1);

  *left = AP_RECEIVE_BYTES;
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  g_signal_connect_data (message, "got-chunk", G_CALLBACK (on_body_chunk), left, free_left, 0);
}

/* When a request's headers have come, before its body. */
static void
on_headers (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query, gpointer data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  /* libsoup ends the connection after each answer unless it accepted it by itself; so the answer says it. */
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  /* libsoup answers a Range of many parts with many times the bytes, and no path has anything to take a part of. */
  soup_message_headers_remove (headers, "Range");
  if (has_body (headers))
    bound_body (message);
  refuse (data, message, path);
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
  if (!soup_server_accept_iostream (http->server, G_IO_STREAM (connection), local, remote, &error))
    ap_debug ("a client is turned away: %s", error->message);
}

ApHttp *
ap_http_new (int listen_fd)
{
  ApHttp *http = g_new0 (ApHttp, 1);

  http->server = soup_server_new ("server-header", "audio-pipeline", NULL);
  http->routes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  soup_server_add_early_handler (http->server, NULL, on_headers, http, NULL);
  soup_server_add_handler (http->server, NULL, on_request, http, NULL);
  http->listener = ap_listener_new (listen_fd, AP_HTTP_REQUEST_SECONDS, on_accepted, http);
  return http;
}

void
ap_http_free (ApHttp *http)
{
  ap_http_stop_accepting (http);
  soup_server_disconnect (http->server);
  g_object_unref (http->server);
  g_hash_table_unref (http->routes);
  g_free (http);
}

static void
add_route (ApHttp *http, const char *path, Route route)
{
  g_hash_table_insert (http->routes, g_strdup (path), g_memdup2 (&route, sizeof route));
}

void
ap_http_add_handler (ApHttp *http, const char *path, ApHttpHandler handler, gpointer data)
{
  add_route (http, path, (Route){ .handler = handler, .data = data });
}

void
ap_http_add_open_handler (ApHttp *http, const char *path, ApHttpHandler handler, gpointer data)
{
  add_route (http, path, (Route){ .open = TRUE, .handler = handler, .data = data });
}

void
ap_http_add_websocket (ApHttp *http, const char *path, const char *const *protocols, ApHttpUpgrade upgrade_func,
                       gconstpointer endpoint, gpointer data)
{
  add_route (http, path,
             (Route){ .upgrade = upgrade_func, .protocols = protocols, .endpoint = endpoint, .data = data });
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
ap_http_set_admission (ApHttp *http, const char *(*refusal) (gpointer data), gpointer data)
{
  http->refusal = refusal;
  http->refusal_data = data;
}

void
ap_http_stop_accepting (ApHttp *http)
{
  g_clear_pointer (&http->listener, ap_listener_free);
}
