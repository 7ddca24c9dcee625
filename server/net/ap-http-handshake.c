/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/ap-http-handshake.h"

#include "base/ap-limits.h"
#include "net/ap-http-request-private.h"
#include "net/ap-tokens.h"

#include <fcntl.h>
#include <string.h>

/* Both of RFC 9110, section 7.8, and of RFC 6455, section 4.2.2: which protocol, and which version of it. */
static void
require_upgrade (ApHttpRequest *request, const char *text)
{
  ap_http_request_add_header (request, "Connection", "Upgrade, close");
  ap_http_request_add_header (request, "Upgrade", "websocket");
  ap_http_request_add_header (request, "Sec-WebSocket-Version", "13");
  ap_http_request_respond_error (request, AP_HTTP_UPGRADE_REQUIRED, text);
}

/* One key of 16 bytes in base64; several come as a list. libsoup would take the last. */
static gboolean
has_key (SoupMessageHeaders *headers)
{
  static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const char *key = soup_message_headers_get_list (headers, "Sec-WebSocket-Key");

  return key != NULL && strspn (key, alphabet) == 22 && strcmp (key + 22, "==") == 0;
}

gboolean
ap_http_handshake_check (ApHttpRequest *request)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (ap_http_request_get_message (request));

  if (!soup_message_headers_header_contains (headers, "Upgrade", "websocket"))
    require_upgrade (request, "this path speaks WebSocket; connect with ws://");
  else if (!soup_message_headers_header_contains (headers, "Connection", "Upgrade"))
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "the header 'Connection: Upgrade' is missing");
  else if (g_strcmp0 (soup_message_headers_get_list (headers, "Sec-WebSocket-Version"), "13") != 0)
    require_upgrade (request, "Sec-WebSocket-Version must be 13");
  else if (!has_key (headers))
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "Sec-WebSocket-Key must be 16 bytes in base64");
  else
    return TRUE;
  return FALSE;
}

gboolean
ap_http_handshake_choose (const char *offered, const char *const *known, const char **chosen)
{
  g_auto (GStrv) names = g_strsplit (offered != NULL ? offered : "", ",", -1);
  gboolean offers_any = FALSE;

  *chosen = NULL;
  for (char **name = names; *name != NULL; name++)
    offers_any |= *g_strstrip (*name) != '\0' && !ap_tokens_is_carrier (*name);
  for (; known != NULL && *known != NULL && *chosen == NULL; known++)
    if (g_strv_contains ((const char *const *)names, *known))
      *chosen = *known;
  if (*chosen == NULL && g_strv_contains ((const char *const *)names, AP_NEUTRAL_PROTOCOL))
    *chosen = AP_NEUTRAL_PROTOCOL;
  return *chosen != NULL || !offers_any || known == NULL;
}

gboolean
ap_http_handshake_accept (ApHttpRequest *request, const char *protocol)
{
  SoupServerMessage *message = ap_http_request_get_message (request);
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  /* libsoup takes no other protocol beside it. */
  soup_message_headers_replace (headers, "Upgrade", "websocket");
  if (!soup_websocket_server_process_handshake (message, NULL, NULL, NULL, NULL)) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "this is not a WebSocket handshake of RFC 6455");
    return FALSE;
  }
  if (protocol != NULL)
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Sec-WebSocket-Protocol",
                                  protocol);
  return TRUE;
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

int
ap_http_handshake_take (ApHttpRequest *request, GBytes **early)
{
  g_autoptr (GIOStream) stream = soup_server_message_steal_connection (ap_http_request_get_message (request));
  g_autoptr (GIOStream) base = NULL;
  int fd;

  /* The stream is libsoup's filter around the connection that we accepted. */
  g_object_get (stream, "base-iostream", &base, NULL);
  fd = fcntl (g_socket_get_fd (g_socket_connection_get_socket (G_SOCKET_CONNECTION (base))), F_DUPFD_CLOEXEC, 0);
  if (fd >= 0)
    *early = read_early_bytes (stream);
  return fd;
}
