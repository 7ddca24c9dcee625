/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "net"

#include "net/ap-http.h"

#include "base/ap-json.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "net/ap-listener.h"
#include "net/ap-origin.h"

#include <fcntl.h>
#include <string.h>

/* RFC 9110, section 15.5.22; libsoup does not name it. */
#define UPGRADE_REQUIRED 426

typedef struct {
  ApHttpHandler handler; /* of a plain route */
  ApHttpUpgrade upgrade; /* of a WebSocket route */
  gconstpointer endpoint;
  gpointer data;
} Route;

struct _ApHttp {
  SoupServer *server;
  ApListener *listener;
  GHashTable *routes; /* path -> Route */
  const char *const *allowed_origins;
  const char *(*refusal) (gpointer data); /* NULL: everybody is let in */
  gpointer refusal_data;
};

void
ap_http_respond (SoupServerMessage *message, guint status, const char *json)
{
  /* libsoup may have answered before us. */
  soup_message_body_truncate (soup_server_message_get_response_body (message));
  soup_server_message_set_status (message, status, status == UPGRADE_REQUIRED ? "Upgrade Required" : NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, json, strlen (json));
}

void
ap_http_respond_error (SoupServerMessage *message, guint status, const char *text)
{
  g_autofree char *body = ap_json_error_body (text);

  ap_http_respond (message, status, body);
}

/* What libsoup read beyond the request, if a client did not wait for our answer. */
static GBytes *
read_early_bytes (GIOStream *stream)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream));
  GByteArray *early = g_byte_array_new ();
  guint8 buffer[4096];
  gssize n;

  /* A flood behind the request stays in the socket; libsoup itself holds far less than this. */
  while (early->len < AP_RECEIVE_BYTES &&
         (n = g_pollable_input_stream_read_nonblocking (input, buffer, sizeof buffer, NULL, NULL)) > 0)
    g_byte_array_append (early, buffer, (guint)n);
  return g_byte_array_free_to_bytes (early);
}

static char *
peer_name (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : g_strdup ("-");
}

/* The stream is libsoup's filter around the connection that we accepted. */
static int
duplicate_descriptor (GIOStream *stream)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (stream, "base-iostream", &base, NULL);
  return fcntl (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (base))), F_DUPFD_CLOEXEC, 0);
}

/* The 101 is on its way: from here on the socket is ours, under a descriptor of its own, so that libsoup's and GIO's
 * objects around it can go. */
static void
on_handshake_sent (SoupServerMessage *message, gpointer data)
{
  const Route *route = data;
  g_autofree char *peer = NULL;
  g_autoptr (GIOStream) stream = NULL;
  g_autoptr (GBytes) early = NULL;
  int fd;

  if (soup_server_message_get_status (message) != SOUP_STATUS_SWITCHING_PROTOCOLS)
    return;
  peer = peer_name (message);
  stream = soup_server_message_steal_connection (message);
  fd = duplicate_descriptor (stream);
  if (fd < 0) {
    ap_warning ("a client is turned away: %s", g_strerror (errno));
    return;
  }
  early = read_early_bytes (stream);
  route->upgrade (fd, early, peer, route->endpoint, route->data);
}

/* Both of RFC 9110, section 7.8, and of RFC 6455, section 4.2.2: which protocol, and which version of it. */
static void
require_upgrade (SoupServerMessage *message, const char *text)
{
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);

  soup_message_headers_replace (headers, "Connection", "Upgrade, close");
  soup_message_headers_replace (headers, "Upgrade", "websocket");
  soup_message_headers_replace (headers, "Sec-WebSocket-Version", "13");
  ap_http_respond_error (message, UPGRADE_REQUIRED, text);
}

/* One key of 16 bytes in base64; several come as a list. libsoup would take the last. */
static gboolean
has_key (SoupMessageHeaders *headers)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *key = soup_message_headers_get_list (headers, "Sec-WebSocket-Key");

  return key != NULL && strspn (key, alphabet) == 22 && strcmp (key + 22, "==") == 0;
}

/* The client's handshake (RFC 6455, section 4.2.1). FALSE: it has been answered. */
static gboolean
check_handshake (SoupServerMessage *message)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (!soup_message_headers_header_contains (headers, "Upgrade", "websocket"))
    require_upgrade (message, "this path speaks WebSocket; connect with ws://");
  else if (!soup_message_headers_header_contains (headers, "Connection", "Upgrade"))
    ap_http_respond_error (message, SOUP_STATUS_BAD_REQUEST, "the header 'Connection: Upgrade' is missing");
  else if (g_strcmp0 (soup_message_headers_get_list (headers, "Sec-WebSocket-Version"), "13") != 0)
    require_upgrade (message, "Sec-WebSocket-Version must be 13");
  else if (!has_key (headers))
    ap_http_respond_error (message, SOUP_STATUS_BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64");
  else
    return TRUE;
  return FALSE;
}

static void
upgrade (SoupServerMessage *message, const Route *route)
{
  /* libsoup adds to the one, and takes no other protocol in the other. */
  soup_message_headers_remove (soup_server_message_get_response_headers (message), "Connection");
  soup_message_headers_replace (soup_server_message_get_request_headers (message), "Upgrade", "websocket");
  if (soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL)) {
    g_signal_connect (message, "wrote-informational", G_CALLBACK (on_handshake_sent), (gpointer)route);
    return;
  }
  soup_message_headers_replace (soup_server_message_get_response_headers (message), "Connection", "close");
  ap_http_respond_error (message, SOUP_STATUS_BAD_REQUEST, "this is not a WebSocket handshake of RFC 6455");
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
refuse_upgrade (ApHttp *http, SoupServerMessage *message)
{
  const char *reason;

  if (!check_handshake (message))
    return;
  if (!origin_is_allowed (http, soup_server_message_get_request_headers (message))) {
    ap_http_respond_error (message, SOUP_STATUS_FORBIDDEN,
                           "pages of this origin may not connect; --allow-origin names those that may");
    return;
  }
  reason = http->refusal != NULL ? http->refusal (http->refusal_data) : NULL;
  if (reason != NULL)
    ap_http_respond_error (message, SOUP_STATUS_SERVICE_UNAVAILABLE, reason);
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
  else if (route == NULL)
    ap_http_respond_error (message, SOUP_STATUS_NOT_FOUND, "there is nothing at this path");
  else if (method != SOUP_METHOD_GET && (method != SOUP_METHOD_HEAD || route->upgrade != NULL))
    refuse_method (message, route);
  else if (has_body (headers))
    ap_http_respond_error (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, "no path of this server takes a body");
  else if (route->upgrade != NULL)
    refuse_upgrade (http, message);
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
ap_http_add_websocket (ApHttp *http, const char *path, ApHttpUpgrade upgrade_func, gconstpointer endpoint,
                       gpointer data)
{
  add_route (http, path, (Route){ .upgrade = upgrade_func, .endpoint = endpoint, .data = data });
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
