/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plain HTTP side: /health, what is refused and how, and that requests leave nothing behind. */
#include "support.h"

#include <string.h>

#include "test-wait.h"

#define MEGABYTE (1024 * 1024)

static ServerProcess *server;

static guint16
port (void)
{
  return server_process_port (server);
}

static HttpAnswer *
request (const char *text)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  HttpAnswer *answer = ws_client_request (client, text);

  if (answer == NULL) {
    answer = g_new0 (HttpAnswer, 1);
    answer->head = g_strdup ("");
    answer->body = g_strdup ("");
  }
  return answer;
}

static void
check_header (const HttpAnswer *answer, const char *name, const char *expected)
{
  g_autofree char *value = http_answer_header (answer, name);

  g_assert_cmpstr (value, ==, expected);
}

/* An error is a JSON object with a text for a person. */
static void
check_error (const HttpAnswer *answer, guint status)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = parse_object (parser, answer->body);

  g_assert_cmpuint (answer->status, ==, status);
  check_header (answer, "Content-Type", "application/json");
  if (object == NULL || !json_object_has_member (object, "error"))
    g_test_fail_printf ("not an error as JSON: %s", answer->body);
  else
    g_assert_cmpuint (strlen (json_object_get_string_member (object, "error")), >, 0);
}

static void
test_get (void)
{
  g_autoptr (HttpAnswer) answer = request ("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");

  g_assert_cmpuint (answer->status, ==, 200);
  check_header (answer, "Content-Type", "application/json");
  g_assert_cmpstr (answer->body, ==, "{\"status\":\"ok\",\"active_connections\":0}");
}

/* The same as for GET, and no body: the end of the connection follows right behind the head. */
static void
test_head (void)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  g_autoptr (HttpAnswer) head = ws_client_request (client, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");

  if (head == NULL)
    return;
  g_assert_cmpuint (head->status, ==, 200);
  check_header (head, "Content-Type", "application/json");
  check_header (head, "Content-Length", "38");
  ws_client_expect_eof (client);
}

static void
test_http_1_0 (void)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  g_autoptr (HttpAnswer) answer = ws_client_request (client, "GET /health HTTP/1.0\r\n\r\n");

  if (answer == NULL)
    return;
  g_assert_cmpuint (answer->status, ==, 200);
  ws_client_expect_eof (client);
}

static void
test_query (void)
{
  g_autoptr (HttpAnswer) answer = request ("GET /health?from=balancer HTTP/1.1\r\nHost: x\r\n\r\n");

  g_assert_cmpuint (answer->status, ==, 200);
}

static void
test_other_methods (void)
{
  static const char *const methods[] = { "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW" };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++) {
    g_autofree char *text = g_strdup_printf ("%s /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", methods[i]);
    g_autoptr (HttpAnswer) answer = request (text);

    check_error (answer, 405);
    check_header (answer, "Allow", "GET, HEAD");
  }
}

static void
test_unknown_paths (void)
{
  static const char *const paths[] = { "/", "/healthy", "/health/", "/health/x", "/ws/", "/ws/audio/x", "//" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *text = g_strdup_printf ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
    g_autoptr (HttpAnswer) answer = request (text);

    g_test_message ("%s", paths[i]);
    check_error (answer, 404);
  }
}

/* A body does not hide that the path or the method is wrong. */
static void
test_body_of_wrong_request (void)
{
  g_autoptr (HttpAnswer) method = request ("POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  g_autoptr (HttpAnswer) path = request ("POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
  g_autoptr (HttpAnswer) body = request ("GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");

  check_error (method, 405);
  check_header (method, "Allow", "GET, HEAD");
  check_error (path, 404);
  check_error (body, 413);
}

/* A Range of many parts would make many times the answer. */
static void
test_range_is_ignored (void)
{
  g_autoptr (HttpAnswer) answer = request ("GET /health HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9,0-9,0-9\r\n\r\n");

  g_assert_cmpuint (answer->status, ==, 200);
  check_header (answer, "Content-Length", "38");
}

/* A handshake over the limit gets 503, and the server says that it is not ready; then there is room again. */
static void
test_max_connections (void)
{
  ServerProcess *full = server_process_start ("--max-connections", "2");
  guint16 full_port = server_process_port (full);
  WsClient *first = ws_client_connect (full_port, AUDIO_PATH);
  g_autoptr (WsClient) second = ws_client_connect (full_port, AUDIO_PATH);

  g_assert_true (test_wait_until (active_connections (full_port) == 2));
  {
    g_autoptr (WsClient) third = ws_client_connect_tcp (full_port);
    g_autoptr (HttpAnswer) refused = ws_client_handshake (third, AUDIO_PATH, NULL);
    g_autoptr (HttpAnswer) ready = http_get (full_port, "/ready");

    check_error (refused, 503);
    check_error (ready, 503);
    echo_pattern (second, 320, 1);
  }
  ws_client_free (first);
  g_assert_true (test_wait_until (active_connections (full_port) == 1));
  {
    g_autoptr (WsClient) third = ws_client_connect (full_port, AUDIO_PATH);

    echo_pattern (third, 320, 2);
  }
  g_clear_pointer (&second, ws_client_free);
  server_process_stop (full);
}

static void
test_ready (void)
{
  g_autoptr (HttpAnswer) answer = request ("GET /ready HTTP/1.1\r\nHost: x\r\n\r\n");

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (answer->body, ==, "{\"status\":\"ready\"}");
}

static guint
handshake_from (const char *origin)
{
  g_autofree char *line = g_strdup_printf ("Origin: %s\r\n", origin);
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, AUDIO_PATH, line);

  return answer != NULL ? answer->status : 0;
}

/* The handshake of the test's client names the host 127.0.0.1. */
static void
test_origins (void)
{
  g_assert_cmpuint (handshake_from ("http://127.0.0.1"), ==, 101);
  g_assert_cmpuint (handshake_from ("https://evil.example"), ==, 403);
  g_assert_cmpuint (handshake_from ("null"), ==, 403);
}

static void
test_upgrade_required (void)
{
  g_autoptr (HttpAnswer) answer = request ("GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\n\r\n");

  check_error (answer, 426);
  check_header (answer, "Upgrade", "websocket");
}

static void
test_upgrade_on_unknown_path (void)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, "/ws/nothing", NULL);

  if (answer != NULL)
    check_error (answer, 404);
}

/* Section 4.2.1 of RFC 6455; the answer to another version says which one is spoken (4.4). */
static void
test_bad_handshakes (void)
{
  static const struct {
    guint status;
    const char *headers;
  } bad[] = {
    { 400, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
    { 400, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n" },
    { 426, "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" },
    { 426, "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 8\r\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autofree char *text =
        g_strdup_printf ("GET " AUDIO_PATH " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n%s\r\n", bad[i].headers);
    g_autoptr (HttpAnswer) answer = request (text);

    g_test_message ("handshake %" G_GSIZE_FORMAT ": %u", i, answer->status);
    check_error (answer, bad[i].status);
  }
  g_assert_cmpint (active_connections (port ()), ==, 0);
}

/* Requests that two programs in a row could read in two ways. */
static void
test_ambiguous_requests (void)
{
  static const char *const bad[] = {
    "GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (HttpAnswer) answer = request (bad[i]);

    g_assert_cmpuint (answer->status, ==, 400);
  }
}

/* libsoup loses the path of a request with such a header: it must not come to see it. */
static void
test_malformed_lengths (void)
{
  static const char *const bad[] = { "Transfer-Encoding: gzip", "Transfer-Encoding: chunked\r\n x",
                                     "Content-Length: 5x", "Transfer-Encoding:" };
  /* And such as programs read in different ways. */
  static const char *const odd[] = { "Content-Length: 3\r\nContent-Length: 4",
                                     "Content-Length: 3\r\nContent-Length: 3",
                                     "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                     "Content-Length : 3",
                                     "Transfer-Encoding\t: chunked",
                                     "X-Other : y",
                                     "Content-Length:",
                                     "Content-Length: 9223372036854775808",
                                     "Content-Length: 18446744073709551619",
                                     "Content-Length: 00000000000000000003" };
  g_autofree char *path = g_strnfill (8000, 'x');
  gsize before = server_process_rss (server);

  for (guint i = 0; i < 2000; i++) {
    g_autofree char *text =
        g_strdup_printf ("POST /%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", path, bad[i % G_N_ELEMENTS (bad)]);
    g_autoptr (HttpAnswer) answer = request (text);

    g_assert_true (answer != NULL && answer->status == 400);
  }
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autofree char *text = g_strdup_printf ("POST /twiml HTTP/1.1\r\nHost: x\r\n%s\r\n\r\na=b", odd[i]);
    g_autoptr (HttpAnswer) answer = request (text);

    if (answer == NULL || answer->status != 400)
      g_test_fail_printf ("%s: %u", odd[i], answer != NULL ? answer->status : 0);
  }
  if (rss_is_meaningful () && server_process_rss (server) > before + 4 * 1024 * 1024)
    g_test_fail_printf ("2,000 requests cost %" G_GSIZE_FORMAT " bytes", server_process_rss (server) - before);
}

static void
test_count (void)
{
  WsClient *clients[5];

  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++) {
    clients[i] = ws_client_connect (port (), AUDIO_PATH);
    g_assert_true (test_wait_until (active_connections (port ()) == (gint64)i + 1));
  }
  for (gsize i = 0; i < G_N_ELEMENTS (clients); i++) {
    ws_client_free (clients[i]);
    g_assert_true (test_wait_until (active_connections (port ()) == (gint64)(G_N_ELEMENTS (clients) - 1 - i)));
  }
}

/* Every answer ends its connection and says so; 2,000 of them leave nothing behind. */
static void
test_connections_end (void)
{
  guint fds;

  g_assert_cmpint (active_connections (port ()), ==, 0);
  fds = server_process_fds (server);
  for (guint i = 0; i < 2000; i++) {
    g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
    g_autoptr (HttpAnswer) answer = ws_client_request (client, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");

    if (answer == NULL || answer->status != 200)
      break;
    check_header (answer, "Connection", "close");
    ws_client_expect_eof (client);
  }
  g_assert_true (test_wait_until (server_process_fds (server) <= fds));
}

/* A body of 300 MB where none is expected: an answer or the end of the connection, and no memory. */
static void
send_large_body (const char *head, gboolean chunked)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port ());
  g_autofree char *megabyte = g_malloc0 (MEGABYTE);

  ws_client_send_raw (client, head, strlen (head));
  for (guint i = 0; i < 300; i++) {
    if (chunked)
      ws_client_send_raw (client, "100000\r\n", 8);
    ws_client_send_raw (client, megabyte, MEGABYTE);
    if (chunked)
      ws_client_send_raw (client, "\r\n", 2);
    if (rss_is_meaningful () && server_process_rss (server) > RSS_LIMIT) {
      g_test_fail_printf ("%u MB sent, and the server has %" G_GSIZE_FORMAT " bytes", i, server_process_rss (server));
      return;
    }
  }
}

static void
test_large_bodies (void)
{
  static const char *const paths[] = { "/health", "/nothing", AUDIO_PATH };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *sized =
        g_strdup_printf ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 314572800\r\n\r\n", paths[i]);
    g_autofree char *chunked =
        g_strdup_printf ("POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", paths[i]);

    send_large_body (sized, FALSE);
    send_large_body (chunked, TRUE);
  }
  g_assert_cmpint (active_connections (port ()), ==, 0);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  g_test_set_nonfatal_assertions ();
  g_test_add_func ("/health/get", test_get);
  g_test_add_func ("/health/head", test_head);
  g_test_add_func ("/health/http-1.0", test_http_1_0);
  g_test_add_func ("/health/query", test_query);
  g_test_add_func ("/health/other-methods", test_other_methods);
  g_test_add_func ("/health/unknown-paths", test_unknown_paths);
  g_test_add_func ("/health/body-of-wrong-request", test_body_of_wrong_request);
  g_test_add_func ("/health/range-is-ignored", test_range_is_ignored);
  g_test_add_func ("/health/max-connections", test_max_connections);
  g_test_add_func ("/health/ready", test_ready);
  g_test_add_func ("/health/origins", test_origins);
  g_test_add_func ("/health/upgrade-required", test_upgrade_required);
  g_test_add_func ("/health/upgrade-on-unknown-path", test_upgrade_on_unknown_path);
  g_test_add_func ("/health/bad-handshakes", test_bad_handshakes);
  g_test_add_func ("/health/ambiguous-requests", test_ambiguous_requests);
  g_test_add_func ("/health/malformed-lengths", test_malformed_lengths);
  g_test_add_func ("/health/count", test_count);
  g_test_add_func ("/health/connections-end", test_connections_end);
  g_test_add_func ("/health/large-bodies", test_large_bodies);

  server = server_process_start ();
  result = g_test_run ();
  server_process_stop (server);
  return result;
}
