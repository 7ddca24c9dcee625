/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the integration tests share. */
#include "support.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

gboolean
rss_is_meaningful (void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return FALSE;
#elif defined(__has_feature)
  return !__has_feature (address_sanitizer) && !__has_feature (thread_sanitizer);
#else
  return TRUE;
#endif
}

void
fill_pattern (guint8 *data, gsize len, guint32 seed)
{
  guint32 state = seed * 2654435761u + 1;

  for (gsize i = 0; i < len; i++) {
    state = state * 1664525u + 1013904223u;
    data[i] = (guint8)(state >> 24);
  }
  /* The first bytes are the seed itself, so that no two messages of four bytes or more are alike. */
  memcpy (data, &seed, MIN (len, sizeof seed));
}

void
send_pattern (WsClient *client, gsize len, guint32 seed)
{
  g_autofree guint8 *data = g_malloc (len + 1);

  fill_pattern (data, len, seed);
  ws_client_send_binary (client, data, len);
}

gboolean
expect_pattern (WsClient *client, gsize len, guint32 seed)
{
  g_autofree guint8 *data = g_malloc (len + 1);

  fill_pattern (data, len, seed);
  return ws_client_expect_binary (client, data, len);
}

gboolean
echo_pattern (WsClient *client, gsize len, guint32 seed)
{
  send_pattern (client, len, seed);
  return expect_pattern (client, len, seed);
}

JsonObject *
parse_object (JsonParser *parser, const char *text)
{
  JsonNode *root;

  if (!json_parser_load_from_data (parser, text, -1, NULL))
    return NULL;
  root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
}

gint64
active_connections (guint16 port)
{
  g_autoptr (HttpAnswer) answer = http_get (port, "/health");
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *health = answer != NULL ? parse_object (parser, answer->body) : NULL;

  if (health == NULL || answer->status != 200 || !json_object_has_member (health, "active_connections")) {
    g_test_fail_printf ("/health answers: %s", answer != NULL ? answer->body : "nothing");
    return -1;
  }
  g_assert_cmpstr (json_object_get_string_member (health, "status"), ==, "ok");
  return json_object_get_int_member (health, "active_connections");
}

guint
number_from_environment (const char *name, guint fallback)
{
  const char *text = g_getenv (name);
  guint64 number = text != NULL ? g_ascii_strtoull (text, NULL, 10) : 0;

  return number > 0 && number < G_MAXUINT ? (guint)number : fallback;
}

int
hold_port (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof (int));
  if (bind (fd, (struct sockaddr *)&address, length) != 0 ||
      getsockname (fd, (struct sockaddr *)&address, &length) != 0)
    g_error ("no port to hold: %s", g_strerror (errno));
  *port = g_ntohs (address.sin_port);
  return fd;
}
