/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pages of other origins over HTTP: whose may read what is answered, and what they may ask (the CORS protocol of the
 * Fetch standard). */
#include "base/ap-metrics.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <string.h>
#include <unistd.h>

#include "ws-client.h"

#define PAGE    "https://app.example"
#define TOKEN   "Authorization: Bearer secret\r\n"
#define SECONDS 1 /* of a request: its handler has none of them */

static const char allow_headers[] = "Authorization, Content-Type, If-None-Match, If-Range, Range";
static const char expose_headers[] =
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After";

/* The server on a thread of its own. */
typedef struct {
  GMainContext *context;
  GThread *thread;
  const char *const *origins;
  ApHttp *http;
  int listen_fd;
  guint16 port;
  gint end; /* atomic */
  guint64 refused;
} Fixture;

static void
tell (ApHttpRequest *request, gpointer data)
{
  ap_http_request_add_header (request, "Vary", "Accept-Encoding");
  ap_http_request_respond_json (request, 200, "{}");
}

static void
no_content (ApHttpRequest *request, gpointer data)
{
  ap_http_request_respond (request, 204, NULL, NULL);
}

static void
refuse (ApHttpRequest *request, gpointer data)
{
  ap_http_request_respond_error (request, 422, "not like this");
}

static void
say_nothing (ApHttpRequest *request, gpointer data)
{
}

static void
on_upgraded (ApHttpRequest *request, int fd, GBytes *early, gpointer data)
{
  close (fd);
}

static const ApHttpRoute routes[] = {
  { "GET", "/things", tell },
  { "POST", "/things", tell, .max_body = 10 },
  { "GET", "/things/{id}", refuse },
  { "DELETE", "/things/{id}", no_content },
  { "POST", "/admitted", tell, .max_body = 10, .admit = refuse },
  { "GET", "/never", say_nothing },
  { "GET", "/open", tell, .no_token = TRUE },
};

static gpointer
serve (gpointer data)
{
  Fixture *fixture = data;
  g_autoptr (ApTokens) tokens = ap_tokens_new ("secret", NULL);
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (fixture->context);
  g_autoptr (ApHttp) http = ap_http_new (fixture->listen_fd, SECONDS);

  ap_http_set_tokens (http, tokens);
  ap_http_set_allowed_origins (http, fixture->origins);
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    ap_http_add_route (http, &routes[i], NULL);
  ap_http_add_websocket (http, &(ApHttpWebSocket){ .path = "/ws", .upgraded = on_upgraded }, NULL);
  while (!g_atomic_int_get (&fixture->end))
    g_main_context_iteration (fixture->context, TRUE);
  for (guint i = 0; i < AP_REFUSALS; i++)
    fixture->refused += ap_metrics_mine ()->counts.refusals[i];
  g_clear_pointer (&http, ap_http_free);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  return NULL;
}

/* @data: the origins that are allowed, NULL-terminated */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) bound = NULL;

  fixture->listen_fd = ap_listener_open ("127.0.0.1", 0, TRUE, &bound, NULL);
  g_assert_cmpint (fixture->listen_fd, >=, 0);
  fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  fixture->context = g_main_context_new ();
  fixture->origins = data;
  fixture->thread = g_thread_new ("server", serve, fixture);
}

static void
stop (Fixture *fixture)
{
  g_atomic_int_set (&fixture->end, 1);
  g_main_context_wakeup (fixture->context);
  g_clear_pointer (&fixture->thread, g_thread_join);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->thread != NULL)
    stop (fixture);
  g_main_context_unref (fixture->context);
}

typedef struct {
  const char *method;
  const char *target;
  const char *headers;
  guint status;
  const char *methods; /* of a preflight's answer; NULL: it names none */
} Row;

/* @origin: (nullable): the header's value */
static HttpAnswer *
ask (Fixture *fixture, const Row *row, const char *origin)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (fixture->port);
  g_autofree char *line = origin != NULL ? g_strdup_printf ("Origin: %s\r\n", origin) : g_strdup ("");
  g_autofree char *request =
      g_strdup_printf ("%s %s HTTP/1.1\r\nHost: x\r\n%s%s\r\n", row->method, row->target, line, row->headers);
  HttpAnswer *answer = ws_client_request (client, request);

  g_test_message ("%s%s", request, answer != NULL ? answer->head : "no answer");
  g_assert_nonnull (answer);
  g_assert_cmpuint (answer->status, ==, row->status);
  return answer;
}

static void
check_header (const HttpAnswer *answer, const char *name, const char *expected)
{
  g_autofree char *value = http_answer_header (answer, name);

  g_assert_cmpstr (value, ==, expected);
}

/* @origin: (nullable): whose pages may read the answer */
static void
check_readable (const HttpAnswer *answer, const char *origin)
{
  check_header (answer, "Access-Control-Allow-Origin", origin);
  check_header (answer, "Access-Control-Allow-Credentials", NULL);
}

static const Row answers[] = {
  { "GET", "/things", TOKEN, 200 },
  { "HEAD", "/things", TOKEN, 200 },
  { "DELETE", "/things/1", TOKEN, 204 },
  { "GET", "/open", "", 200 },
  { "GET", "/things?a=%ff", TOKEN, 400 },
  { "GET", "/things", "", 401 },
  { "GET", "/things", "Authorization: Bearer wrong\r\n", 401 },
  { "GET", "/nothing", TOKEN, 404 },
  { "PUT", "/things", TOKEN, 405 },
  { "POST", "/things", TOKEN "Content-Length: 11\r\n\r\n012345678", 413 },
  { "POST", "/admitted", TOKEN, 422 },
  { "GET", "/things/1", TOKEN, 422 },
  { "GET", "/ws", TOKEN, 426 },
  { "GET", "/never", TOKEN, 503 },
  /* no preflight: it does not say for what */
  { "OPTIONS", "/things", TOKEN, 405 },
  { "OPTIONS", "/things", "", 401 },
};

static void
test_answers (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autoptr (HttpAnswer) answer = ask (fixture, &answers[i], PAGE);

    check_readable (answer, PAGE);
    check_header (answer, "Access-Control-Expose-Headers", expose_headers);
    g_assert_nonnull (strstr (answer->head, "\r\nVary: Origin\r\n"));
  }
}

/* The browser compares with what it sent, by bytes. */
static void
test_other_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) other = ask (fixture, &answers[0], "http://127.0.0.1:3000");
  g_autoptr (HttpAnswer) in_capitals = ask (fixture, &answers[0], "HTTPS://APP.example");

  check_readable (other, "http://127.0.0.1:3000");
  check_readable (in_capitals, "HTTPS://APP.example");
}

/* A handler's own Vary stays; and what is kept for one origin, or for none, is not for another. */
static void
test_vary (Fixture *fixture, gconstpointer data)
{
  static const char *const origins[] = { PAGE, "https://evil.example", NULL };

  for (guint i = 0; i < G_N_ELEMENTS (origins); i++) {
    g_autoptr (HttpAnswer) answer = ask (fixture, &answers[0], origins[i]);

    g_assert_nonnull (strstr (answer->head, "\r\nVary: Accept-Encoding\r\n"));
    g_assert_nonnull (strstr (answer->head, "\r\nVary: Origin\r\n"));
  }
}

#define FOR(method) "Access-Control-Request-Method: " method "\r\n"

static const Row preflights[] = {
  { "OPTIONS", "/things", FOR ("GET") "Access-Control-Request-Headers: authorization,range\r\n", 204,
    "GET, HEAD, POST" },
  { "OPTIONS", "/things", FOR ("PUT"), 204, "GET, HEAD, POST" },
  { "OPTIONS", "/things/1?a=b", FOR ("DELETE"), 204, "GET, HEAD, DELETE" },
  { "OPTIONS", "/things", FOR ("POST") TOKEN, 204, "GET, HEAD, POST" },
  { "OPTIONS", "/ws", FOR ("GET"), 204, "GET" },
  /* so that a page sees the 404, and the 400 */
  { "OPTIONS", "/nothing", FOR ("GET"), 204, NULL },
  { "OPTIONS", "/things?a=%ff", FOR ("GET"), 204, "GET, HEAD, POST" },
};

/* Without the token: a browser sends none. Nothing is done, and no WebSocket has been refused. */
static void
test_preflights (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (preflights); i++) {
    g_autoptr (HttpAnswer) answer = ask (fixture, &preflights[i], PAGE);

    check_readable (answer, PAGE);
    check_header (answer, "Access-Control-Allow-Methods", preflights[i].methods);
    check_header (answer, "Access-Control-Allow-Headers", allow_headers);
    check_header (answer, "Access-Control-Max-Age", "7200");
    g_assert_cmpuint (answer->body_len, ==, 0);
  }
  stop (fixture);
  g_assert_cmpuint (fixture->refused, ==, 0);
}

/* A request that two programs would read in two ways is none of these. */
static void
test_ambiguous (Fixture *fixture, gconstpointer data)
{
  const Row row = { "OPTIONS", "/things", FOR ("GET") "Host: y\r\n", 400 };
  g_autoptr (HttpAnswer) answer = ask (fixture, &row, PAGE);

  check_header (answer, "Access-Control-Allow-Methods", NULL);
}

static const Row refused[] = {
  { "GET", "/things", TOKEN, 200 },
  { "OPTIONS", "/things", FOR ("GET"), 401 },
  { "OPTIONS", "/things", FOR ("GET") TOKEN, 405 },
  { "OPTIONS", "/open", FOR ("GET"), 405 },
};

static void
check_refused (Fixture *fixture, const char *origin)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (HttpAnswer) answer = ask (fixture, &refused[i], origin);

    g_assert_null (strstr (answer->head, "Access-Control-"));
  }
}

static void
test_strangers (Fixture *fixture, gconstpointer data)
{
  static const char *const origins[] = { "https://evil.example",
                                         "https://app.example.evil.example",
                                         "http://app.example",
                                         "https://app.example:8443",
                                         "https://app.exampl",
                                         "null",
                                         "*",
                                         "",
                                         "http://x",
                                         PAGE "\r\nOrigin: https://evil.example" };

  for (guint i = 0; i < G_N_ELEMENTS (origins); i++)
    check_refused (fixture, origins[i]);
  check_refused (fixture, NULL);
}

/* `*`, and `null`, which every page can be, open the WebSockets alone. */
static void
test_everybody (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (fixture->port);
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, "/ws", TOKEN "Origin: null\r\n");
  g_autoptr (HttpAnswer) plain = ask (fixture, &answers[0], NULL);

  g_assert_cmpuint (answer->status, ==, 101);
  g_assert_null (strstr (answer->head, "Access-Control-"));
  g_assert_null (strstr (plain->head, "Origin"));
  check_refused (fixture, "https://evil.example");
  check_refused (fixture, "null");
  check_refused (fixture, "*");
  check_refused (fixture, "");
}

static const char *const named[] = { "*", "http://127.0.0.1:3000", "", PAGE, NULL };
static const char *const everybody[] = { "*", "null", "", NULL };
static const char *const nobody[] = { NULL };

static void
test_nobody (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) plain = ask (fixture, &answers[0], NULL);

  g_assert_null (strstr (plain->head, "Origin"));
  check_refused (fixture, PAGE);
}

#define ADD(name, origins, test) g_test_add ("/http-cors/" name, Fixture, origins, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("answers", named, test_answers);
  ADD ("other-names", named, test_other_names);
  ADD ("vary", named, test_vary);
  ADD ("preflights", named, test_preflights);
  ADD ("ambiguous", named, test_ambiguous);
  ADD ("strangers", named, test_strangers);
  ADD ("everybody", everybody, test_everybody);
  ADD ("nobody", nobody, test_nobody);
  return g_test_run ();
}
