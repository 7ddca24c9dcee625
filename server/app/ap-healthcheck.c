/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-healthcheck.h"

#include "base/ap-error.h"

#include <libsoup/soup.h>

#define TIMEOUT_SECONDS 3

static const char *
reachable (const char *host)
{
  if (g_str_equal (host, "0.0.0.0"))
    return "127.0.0.1";
  return g_str_equal (host, "::") ? "::1" : host;
}

gboolean
ap_healthcheck (const char *host, guint16 port, GError **error)
{
  g_autoptr (SoupSession) session =
      soup_session_new_with_options ("timeout", TIMEOUT_SECONDS, "proxy-resolver", NULL, NULL);
  g_autoptr (GUri) uri = g_uri_build (SOUP_HTTP_URI_FLAGS, "http", NULL, reachable (host), port, "/health", NULL, NULL);
  g_autoptr (SoupMessage) message = soup_message_new_from_uri ("GET", uri);
  g_autoptr (GBytes) body = soup_session_send_and_read (session, message, NULL, error);

  if (body == NULL) {
    g_prefix_error (error, "the server at %s, port %u does not answer: ", host, port);
    return FALSE;
  }
  if (soup_message_get_status (message) == SOUP_STATUS_OK)
    return TRUE;
  g_set_error (error, AP_ERROR, AP_ERROR_UNAVAILABLE, "the server at %s, port %u answers %d %s", host, port,
               (int)soup_message_get_status (message), soup_message_get_reason_phrase (message));
  return FALSE;
}
