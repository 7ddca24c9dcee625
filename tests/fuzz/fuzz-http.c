/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes to the port of the server: each connection ends, and what is answered is HTTP. The first byte of an input
 * says what the rest is: a whole request, its target, its query, or its further headers. */
#include "base/ap-limits.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "library-leaks.h"

#define LONGEST     (16 * 1024)
#define PATIENCE_US (10 * G_USEC_PER_SEC)

static ApHttp *http;
static struct sockaddr_in address;

static void
on_log (const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
  /* libsoup tells of requests that it finds odd. */
  if (level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR))
    g_error ("%s: %s", domain, message);
}

static void
on_upgraded (ApHttpRequest *request, int fd, GBytes *early, gpointer data)
{
  g_assert_nonnull (ap_http_request_get_peer (request));
  close (fd);
}

static void
on_health (ApHttpRequest *request, gpointer data)
{
  ap_http_request_get_query (request, "a");
  ap_http_request_respond_json (request, SOUP_STATUS_OK, "{}");
}

/* Gives back what it got. */
static void
on_call (ApHttpRequest *request, gpointer data)
{
  g_assert_true (g_utf8_validate (ap_http_request_get_parameter (request, "id"), -1, NULL));
  ap_http_request_respond (request, SOUP_STATUS_OK, "text/plain", ap_http_request_get_body (request));
}

static void
start (void)
{
  static const char *const origins[] = { "https://voice.example", NULL };
  static const char *const protocols[] = { "audio", NULL };
  static const ApHttpRoute health = { .method = "GET", .path = "/health", .handle = on_health };
  static const ApHttpRoute call = { .method = "POST", .path = "/calls/{id}", .handle = on_call, .max_body = 64 };
  static const ApHttpWebSocket plain = { .path = "/ws", .upgraded = on_upgraded };
  static const ApHttpWebSocket named = { .path = "/named", .upgraded = on_upgraded, .protocols = protocols };
  g_autoptr (GSocketAddress) bound = NULL;
  int fd = ap_listener_open ("127.0.0.1", 0, TRUE, &bound, NULL);

  g_log_set_default_handler (on_log, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (g_socket_address_to_native (bound, &address, sizeof address, NULL));
  http = ap_http_new (fd, AP_HTTP_REQUEST_SECONDS);
  ap_http_set_allowed_origins (http, origins);
  ap_http_add_route (http, &health, NULL);
  ap_http_add_route (http, &call, NULL);
  ap_http_add_websocket (http, &plain, NULL);
  ap_http_add_websocket (http, &named, NULL);
}

static void
append_request (GString *request, const char *bytes, gsize length, guint8 kind)
{
  static const char handshake[] = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  static const struct {
    const char *before, *behind;
  } kinds[] = { { "", "" },
                { "GET ", " HTTP/1.1\r\nHost: x\r\n\r\n" },
                { "GET /health?", " HTTP/1.1\r\nHost: x\r\n\r\n" },
                { handshake, "\r\n\r\n" } };

  g_string_append (request, kinds[kind % G_N_ELEMENTS (kinds)].before);
  g_string_append_len (request, bytes, (gssize)length);
  g_string_append (request, kinds[kind % G_N_ELEMENTS (kinds)].behind);
}

/* Returns: what the server has answered when it has ended the connection, or reset it */
static GString *
read_answer (int fd)
{
  GString *answer = g_string_new (NULL);
  gint64 until = g_get_monotonic_time () + PATIENCE_US;

  for (;;) {
    char buffer[4096];
    gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN))
      return answer;
    if (n > 0)
      g_string_append_len (answer, buffer, n);
    if (!g_main_context_iteration (NULL, FALSE))
      g_assert_cmpint (g_get_monotonic_time (), <, until);
  }
}

static void
check_answer (const GString *answer)
{
  guint64 status;

  if (answer->len == 0)
    return;
  g_assert_true (g_str_has_prefix (answer->str, "HTTP/1."));
  status = g_ascii_strtoull (answer->str + strlen ("HTTP/1.1 "), NULL, 10);
  g_assert_true (status >= 100 && status < 600 && status != 500);
  g_assert_nonnull (strstr (answer->str, "\r\n\r\n"));
}

/* From an address of its own, of the 2^24 that loopback has: the end that says first that it is done keeps its port for
 * a minute, and one address has no more of them than a run of half a minute uses up.
 * Returns: a connected socket */
static int
connect_to_server (void)
{
  static guint32 nth;
  struct sockaddr_in from = { .sin_family = AF_INET };
  static const int at_connect = 1;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  from.sin_addr.s_addr = htonl (INADDR_LOOPBACK + nth++ % 0xfffff0);
  setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &at_connect, sizeof at_connect);
  if (bind (fd, (struct sockaddr *)&from, sizeof from) != 0 ||
      connect (fd, (struct sockaddr *)&address, sizeof address) != 0)
    g_error ("cannot connect to the server: %s", g_strerror (errno));
  return fd;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GString) request = g_string_new (NULL);
  g_autoptr (GString) answer = NULL;
  int fd;

  if (size < 1)
    return 0;
  if (http == NULL)
    start ();
  append_request (request, (const char *)data + 1, MIN (size - 1, LONGEST), data[0]);
  fd = connect_to_server ();
  send (fd, request->str, request->len, MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown (fd, SHUT_WR);
  answer = read_answer (fd);
  check_answer (answer);
  close (fd);
  return 0;
}
