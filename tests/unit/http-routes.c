/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes with parameters, methods and bodies, over a real socket: what reaches a handler, what is answered before one,
 * and answers that come later. */
#include "base/ap-limits.h"
#include "base/ap-metrics.h"
#include "net/ap-http-body.h"
#include "net/ap-http-request-private.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-answer.h"
#include "test-wait.h"

#define MAX_BODY 1000
#define LONG     (16 * 1024 * 1024)
#define LARGE    (2 * AP_RECEIVE_BYTES)
#define HUGE     (32 * 1024 * 1024)

typedef struct {
  GMainContext *context;
  GMainContextPusher *pusher;
  ApHttp *http;
  guint16 port;
  ApHttpRequest *held; /* by the route that answers later */
  GThread *thread;
} Fixture;

/* Says what it was asked. */
static void
tell (ApHttpRequest *request, gpointer data)
{
  GBytes *bytes = ap_http_request_get_body (request);
  g_autofree char *text =
      g_strdup_printf ("%s %s id=%s what=%s q=%s range=%s body=%.*s", ap_http_request_get_method (request),
                       ap_http_request_get_target (request), ap_http_request_get_parameter (request, "id"),
                       ap_http_request_get_parameter (request, "what"), ap_http_request_get_query (request, "q"),
                       ap_http_request_get_range (request), bytes != NULL ? (int)g_bytes_get_size (bytes) : 0,
                       bytes != NULL ? (const char *)g_bytes_get_data (bytes, NULL) : "");
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));

  ap_http_request_add_header (request, "X-Told", "yes");
  ap_http_request_respond (request, 200, "text/plain", body);
}

static void
hold (ApHttpRequest *request, gpointer data)
{
  ((Fixture *)data)->held = ap_http_request_ref (request);
}

static gpointer
answer_on_thread (gpointer data)
{
  g_autoptr (ApHttpRequest) request = data;

  ap_http_request_add_header (request, "X-Told", "elsewhere");
  ap_http_request_respond_json (request, 202, "{\"late\":true}");
  return NULL;
}

static void
hand_over (ApHttpRequest *request, gpointer data)
{
  ((Fixture *)data)->thread = g_thread_new ("answer", answer_on_thread, ap_http_request_ref (request));
}

static void
answer_at_length (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GBytes) body = g_bytes_new_take (g_malloc0 (LONG), LONG);

  ap_http_request_respond (request, 200, "audio/wav", body);
}

static void
refuse_all (ApHttpRequest *request, gpointer data)
{
  ap_http_request_respond_error (request, 404, "nobody wants it");
}

static void
no_content (ApHttpRequest *request, gpointer data)
{
  ap_http_request_respond (request, 204, NULL, NULL);
  ap_http_request_respond_error (request, 500, "the second answer does not count");
}

static const ApHttpRoute routes[] = {
  { "GET", "/things", tell },
  { "POST", "/things", tell, .max_body = MAX_BODY },
  { "GET", "/things/all", tell },
  { "GET", "/things/{id}", tell },
  { "DELETE", "/things/{id}", no_content },
  { "PUT", "/things/{id}/{what}", tell, .max_body = MAX_BODY },
  { "GET", "/held", hold },
  { "GET", "/elsewhere", hand_over },
  { "GET", "/long", answer_at_length },
  { "POST", "/large", tell, .max_body = LARGE },
  { "POST", "/held", hold, .max_body = LARGE },
  { "POST", "/nobody", tell, .max_body = LARGE, .admit = refuse_all },
  { "POST", "/huge", tell, .max_body = HUGE },
};

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) bound = NULL;
  int fd = ap_listener_open ("127.0.0.1", 0, TRUE, &bound, NULL);

  g_assert_cmpint (fd, >=, 0);
  fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->http = ap_http_new (fd, GPOINTER_TO_UINT (data));
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    ap_http_add_route (fixture->http, &routes[i], fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->http, ap_http_free);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_clear_pointer (&fixture->thread, g_thread_join);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
}

static int
send_request (Fixture *fixture, const char *request)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  struct sockaddr_storage native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (address)), ==,
                   0);
  g_assert_cmpint (send (fd, request, strlen (request), MSG_NOSIGNAL), ==, strlen (request));
  return fd;
}

/* Everything up to the end of the connection. */
static HttpAnswer *
read_answer (Fixture *fixture, int fd)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 deadline = test_deadline ();
  HttpAnswer *answer;
  const char *end;
  char buffer[4096];
  gssize n;

  while ((n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT)) != 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (n > 0)
      g_string_append_len (text, buffer, n);
    else if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
  close (fd);
  end = strstr (text->str, "\r\n\r\n");
  g_assert_nonnull (end);
  answer = http_answer_parse_head (text->str, (gsize)(end + 4 - text->str));
  answer->body = g_strdup (end + 4);
  answer->body_len = strlen (answer->body);
  return answer;
}

static HttpAnswer *
ask (Fixture *fixture, const char *method, const char *target, const char *headers, const char *body)
{
  g_autofree char *request =
      g_strdup_printf ("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n%s", method, target, headers, body != NULL ? body : "");

  return read_answer (fixture, send_request (fixture, request));
}

static HttpAnswer *
ask_with_body (Fixture *fixture, const char *method, const char *target, gsize length)
{
  g_autofree char *body = g_strnfill (length, 'b');
  g_autofree char *headers = g_strdup_printf ("Content-Length: %" G_GSIZE_FORMAT "\r\n", length);

  return ask (fixture, method, target, headers, body);
}

typedef struct {
  const char *method;
  const char *target;
  guint status;
  const char *text; /* of the body, or of Allow */
} Row;

static const Row rows[] = {
  { "GET", "/things", 200, "GET /things id=(null) what=(null) q=(null) range=(null) body=" },
  { "GET", "/things/all", 200, "GET /things/all id=(null) what=(null) q=(null) range=(null) body=" },
  { "GET", "/things/7", 200, "GET /things/7 id=7 what=(null) q=(null) range=(null) body=" },
  { "GET", "/things/a%2Fb%20c", 200, "GET /things/a%2Fb%20c id=a/b c what=(null) q=(null) range=(null) body=" },
  { "GET", "/things/7?q=a+b&q=c", 200, "GET /things/7?q=a+b&q=c id=7 what=(null) q=a b range=(null) body=" },
  { "GET", "/things?q=%C3%A9", 200, "GET /things?q=%C3%A9 id=(null) what=(null) q=\xc3\xa9 range=(null) body=" },
  { "PUT", "/things/7/name", 200, "PUT /things/7/name id=7 what=name q=(null) range=(null) body=" },
  { "HEAD", "/things/7", 200, "" },
  { "DELETE", "/things/7", 204, "" },
  { "GET", "/thing", 404, NULL },
  { "GET", "/things/", 404, NULL },
  { "GET", "/things/7/name/x", 404, NULL },
  { "GET", "/things?q=%ff", 400, NULL },
  { "GET", "/things?%00=1", 400, NULL },
  { "GET", "/things/%ff", 400, NULL },
  { "GET", "/things/a%00b", 400, NULL },
  { "DELETE", "/things", 405, "GET, HEAD, POST" },
  { "BREW", "/things/7", 405, "GET, HEAD, DELETE" },
  { "DELETE", "/things/all", 405, "GET, HEAD" },
  { "GET", "/things/7/name", 405, "PUT" },
  { "HEAD", "/things/7/name", 405, "PUT" },
};

static void
test_rows (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (HttpAnswer) answer = ask (fixture, rows[i].method, rows[i].target, "", NULL);
    g_autofree char *allow = http_answer_header (answer, "Allow");
    g_autofree char *connection = http_answer_header (answer, "Connection");

    g_test_message ("%s %s", rows[i].method, rows[i].target);
    g_assert_cmpuint (answer->status, ==, rows[i].status);
    g_assert_cmpstr (connection, ==, "close");
    if (rows[i].status == 405)
      g_assert_cmpstr (allow, ==, rows[i].text);
    else if (rows[i].text != NULL)
      g_assert_cmpstr (answer->body, ==, rows[i].text);
    else
      g_assert_true (g_str_has_prefix (answer->body, "{\"error\":\""));
  }
}

/* What no handler sees, because libsoup or the guard before it cannot read it, has an answer of the same kind. */
static void
test_unreadable (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *request;
    guint status;
  } unreadable[] = {
    { "GET /things?q=50% HTTP/1.1\r\nHost: x", 400 },
    { "GET /things?q=%zz HTTP/1.1\r\nHost: x", 400 },
    { "GET /things?q=a b HTTP/1.1\r\nHost: x", 400 },
    { "GET things HTTP/1.1\r\nHost: x", 400 },
    { "GET * HTTP/1.1\r\nHost: x", 404 },
    { "GET /things HTTP/2.0\r\nHost: x", 505 },
    { "GET /things", 400 },
    { "POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1", 400 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (unreadable); i++) {
    g_autofree char *request = g_strconcat (unreadable[i].request, "\r\n\r\n", NULL);
    g_autoptr (HttpAnswer) answer = read_answer (fixture, send_request (fixture, request));
    g_autofree char *type = http_answer_header (answer, "Content-Type");
    g_autofree char *length = http_answer_header (answer, "Content-Length");

    g_test_message ("%s", unreadable[i].request);
    g_assert_cmpuint (answer->status, ==, unreadable[i].status);
    g_assert_cmpstr (type, ==, "application/json");
    g_assert_true (g_str_has_prefix (answer->body, "{\"error\":\"") && g_str_has_suffix (answer->body, "\"}"));
    g_assert_cmpuint (g_ascii_strtoull (length, NULL, 10), ==, answer->body_len);
  }
}

static void
test_answer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = ask (fixture, "GET", "/things", "Range: bytes=0-1,0-1,0-1\r\n", NULL);
  g_autofree char *type = http_answer_header (answer, "Content-Type");
  g_autofree char *told = http_answer_header (answer, "X-Told");

  /* libsoup has not seen it, the handler has. */
  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_nonnull (strstr (answer->body, "range=bytes=0-1,0-1,0-1 "));
  g_assert_cmpstr (type, ==, "text/plain");
  g_assert_cmpstr (told, ==, "yes");
}

static void
test_bodies (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *method, *target;
    gsize length;
    guint status;
  } bodies[] = {
    { "POST", "/things", 0, 200 },
    { "POST", "/things", 1, 200 },
    { "POST", "/things", MAX_BODY, 200 },
    { "POST", "/things", MAX_BODY + 1, 413 },
    { "POST", "/things", 30 * MAX_BODY, 413 },
    { "PUT", "/things/7/name", MAX_BODY, 200 },
    { "GET", "/things", 1, 413 },
    { "DELETE", "/things/7", 1, 413 },
    { "POST", "/nothing", 1, 404 },
    { "POST", "/things/7", 1, 405 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (HttpAnswer) answer = ask_with_body (fixture, bodies[i].method, bodies[i].target, bodies[i].length);
    const char *body = strstr (answer->body, "body=");

    g_test_message ("%s %s %" G_GSIZE_FORMAT, bodies[i].method, bodies[i].target, bodies[i].length);
    g_assert_cmpuint (answer->status, ==, bodies[i].status);
    if (answer->status == 200)
      g_assert_cmpuint (strlen (body), ==, strlen ("body=") + bodies[i].length);
  }
}

/* The length is not known before: refused when it is over. */
static void
test_chunked (Fixture *fixture, gconstpointer data)
{
  g_autofree char *chunk = g_strnfill (500, 'c');
  g_autofree char *fits = g_strconcat ("1f4\r\n", chunk, "\r\n1f4\r\n", chunk, "\r\n0\r\n\r\n", NULL);
  g_autofree char *over = g_strconcat ("1f4\r\n", chunk, "\r\n1f4\r\n", chunk, "\r\n1\r\nc\r\n0\r\n\r\n", NULL);
  g_autoptr (HttpAnswer) taken = ask (fixture, "POST", "/things", "Transfer-Encoding: chunked\r\n", fits);
  g_autoptr (HttpAnswer) refused = ask (fixture, "POST", "/things", "Transfer-Encoding: chunked\r\n", over);

  g_assert_cmpuint (taken->status, ==, 200);
  g_assert_nonnull (strstr (taken->body, chunk));
  g_assert_cmpuint (refused->status, ==, 413);
}

static void
expect_status (Fixture *fixture, const char *target, gsize length, guint status)
{
  g_autoptr (HttpAnswer) answer = ask_with_body (fixture, "POST", target, length);

  g_assert_cmpuint (answer->status, ==, status);
}

/* Long bodies have a budget together, as long as anybody needs them; short ones are always taken. */
static void
test_budget (Fixture *fixture, gconstpointer data)
{
  g_autofree char *body = g_strnfill (LARGE, 'b');
  g_autofree char *request =
      g_strdup_printf ("POST /held HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", LARGE, body);
  g_autoptr (HttpAnswer) answer = NULL;
  int fd;

  ap_http_body_set_budget (3 * LARGE / 2);
  fd = send_request (fixture, request);
  while (fixture->held == NULL)
    g_main_context_iteration (fixture->context, TRUE);
  expect_status (fixture, "/large", LARGE, 503);
  expect_status (fixture, "/large", LARGE / 4, 200);
  expect_status (fixture, "/things", MAX_BODY, 200);
  ap_http_request_respond_json (fixture->held, 200, "{}");
  answer = read_answer (fixture, fd);
  expect_status (fixture, "/large", LARGE, 503); /* the request is still needed */
  g_clear_pointer (&fixture->held, ap_http_request_unref);
  expect_status (fixture, "/large", LARGE, 200);
  expect_status (fixture, "/large", LARGE, 200);
  ap_http_body_set_budget (AP_HTTP_BODIES_BYTES);
}

/* Bytes of a body that are taken from a client who sends as long as it can. */
static gsize
push_body (Fixture *fixture, const char *target, gsize length)
{
  g_autofree char *piece = g_malloc0 (AP_RECEIVE_BYTES);
  g_autofree char *head =
      g_strdup_printf ("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", target, length);
  int fd = send_request (fixture, head);
  gint64 deadline = test_deadline ();
  gsize sent = 0;

  while (sent < length) {
    gssize n = send (fd, piece, MIN (AP_RECEIVE_BYTES, length - sent), MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n < 0 && errno != EAGAIN)
      break;
    sent += (gsize)MAX (n, 0);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (fixture->context, FALSE) && n < 0)
      g_poll (NULL, 0, 1);
  }
  close (fd);
  return sent;
}

/* A body that says of itself that it is too long: a little of it is read, for those who see their answer only behind
 * it, and not as much as the path would take. Some is in the sockets. */
static void
test_declared (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (push_body (fixture, "/huge", HUGE + 1), <, HUGE / 2);
  g_assert_cmpuint (push_body (fixture, "/huge", LARGE), ==, LARGE);
}

static void
await_status (Fixture *fixture, const char *target, gsize length, guint status)
{
  gint64 deadline = test_deadline ();
  g_autoptr (HttpAnswer) answer = NULL;

  do {
    g_clear_pointer (&answer, http_answer_free);
    answer = ask_with_body (fixture, "POST", target, length);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  } while (answer->status != status);
}

/* What a client leaves behind, and what is refused in the middle, is no part of the budget any more. */
static void
test_budget_returned (Fixture *fixture, gconstpointer data)
{
  g_autofree char *chunk = g_strnfill (LARGE, 'c');
  g_autofree char *over = g_strdup_printf ("%x\r\n%s\r\n1\r\nc\r\n0\r\n\r\n", LARGE, chunk);
  g_autofree char *half =
      g_strdup_printf ("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%.*s", LARGE, LARGE / 2, chunk);
  const struct linger reset = { 1, 0 };
  g_autoptr (HttpAnswer) refused = NULL;
  int fd;

  ap_http_body_set_budget (LARGE);
  refused = ask (fixture, "POST", "/large", "Transfer-Encoding: chunked\r\n", over);
  g_assert_cmpuint (refused->status, ==, 413);
  expect_status (fixture, "/large", LARGE, 200);
  fd = send_request (fixture, half);
  await_status (fixture, "/large", LARGE, 503);
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close (fd);
  await_status (fixture, "/large", LARGE, 200);
  ap_http_body_set_budget (AP_HTTP_BODIES_BYTES);
}

/* Who is refused before the body comes sees that behind as long a body as the path takes. */
static void
test_admit (Fixture *fixture, gconstpointer data)
{
  expect_status (fixture, "/nobody", 10, 404);
  expect_status (fixture, "/nobody", LARGE, 404);
}

/* Expect: 100-continue: a body that is too large is refused before it is sent. */
static void
test_expectation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) refused =
      ask (fixture, "POST", "/things", "Content-Length: 1001\r\nExpect: 100-continue\r\n", NULL);
  g_autoptr (HttpAnswer) taken = ask (fixture, "POST", "/things", "Content-Length: 1\r\nExpect: 100-continue\r\n", "x");

  g_assert_cmpuint (refused->status, ==, 413);
  g_assert_cmpuint (taken->status, ==, 100);
  g_assert_true (g_str_has_prefix (taken->body, "HTTP/1.1 200 OK\r\n"));
  g_assert_nonnull (strstr (taken->body, "Connection: close\r\n"));
}

static void
run_until_held (Fixture *fixture)
{
  gint64 deadline = test_deadline ();

  while (fixture->held == NULL) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
}

/* Answers that come out of another turn of the loop, and from another thread. */
static void
test_later (Fixture *fixture, gconstpointer data)
{
  int fd = send_request (fixture, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  g_autoptr (HttpAnswer) answer = NULL;
  g_autoptr (HttpAnswer) elsewhere = NULL;
  g_autofree char *told = NULL;

  run_until_held (fixture);
  g_assert_true (ap_http_request_is_awaited (fixture->held));
  ap_http_request_respond_error (fixture->held, 409, "later");
  g_assert_false (ap_http_request_is_awaited (fixture->held));
  g_clear_pointer (&fixture->held, ap_http_request_unref);
  answer = read_answer (fixture, fd);
  g_assert_cmpuint (answer->status, ==, 409);
  g_assert_cmpstr (answer->body, ==, "{\"error\":\"later\"}");
  elsewhere = ask (fixture, "GET", "/elsewhere", "", NULL);
  told = http_answer_header (elsewhere, "X-Told");
  g_assert_cmpuint (elsewhere->status, ==, 202);
  g_assert_cmpstr (elsewhere->body, ==, "{\"late\":true}");
  g_assert_cmpstr (told, ==, "elsewhere");
}

/* The client has left: the answer goes nowhere. */
static void
test_client_gone (Fixture *fixture, gconstpointer data)
{
  int fd = send_request (fixture, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  const struct linger reset = { 1, 0 };

  run_until_held (fixture);
  setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close (fd);
  ap_http_request_respond_json (fixture->held, 200, "{}");
  while (ap_http_request_get_message (fixture->held) != NULL)
    g_main_context_iteration (fixture->context, TRUE);
  ap_http_request_respond_json (fixture->held, 200, "{}");
  g_clear_pointer (&fixture->held, ap_http_request_unref);
}

/* The server has ended before the answer. */
static void
test_server_gone (Fixture *fixture, gconstpointer data)
{
  int fd = send_request (fixture, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");

  run_until_held (fixture);
  g_clear_pointer (&fixture->http, ap_http_free);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_assert_null (ap_http_request_get_message (fixture->held));
  g_assert_false (ap_http_request_is_awaited (fixture->held));
  g_thread_join (g_thread_new ("answer", answer_on_thread, g_steal_pointer (&fixture->held)));
  close (fd);
}

/* A handler that never answers: somebody else does, in time. */
static void
test_never (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) answer = ask (fixture, "GET", "/held", "", NULL);

  g_assert_cmpuint (answer->status, ==, 503);
  g_assert_false (ap_http_request_is_awaited (fixture->held));
  ap_http_request_respond_json (fixture->held, 200, "{}");
  g_clear_pointer (&fixture->held, ap_http_request_unref);
}

/* A client that takes longer over a long answer than a request may last gets all of it. */
static void
test_long_answer (Fixture *fixture, gconstpointer data)
{
  int fd = send_request (fixture, "GET /long HTTP/1.1\r\nHost: x\r\n\r\n");
  gint64 not_before = g_get_monotonic_time () + 2 * G_USEC_PER_SEC;
  gint64 deadline = test_deadline ();
  g_autofree char *buffer = g_malloc (65536);
  gsize total = 0;
  gssize n;

  while (g_get_monotonic_time () < not_before)
    if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  while ((n = recv (fd, buffer, 65536, MSG_DONTWAIT)) != 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    if (n > 0)
      total += (gsize)n;
    else if (!g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
  g_assert_cmpuint (total, >, LONG);
  close (fd);
  g_assert_cmpuint (ap_metrics_mine ()->counts.http_done, ==, ap_metrics_mine ()->counts.accepted);
}

#define ADD_WITH(seconds, name, test)                                                                                  \
  g_test_add ("/http-routes/" name, Fixture, GUINT_TO_POINTER (seconds), set_up, test, tear_down)
#define ADD(name, test) ADD_WITH (AP_HTTP_REQUEST_SECONDS, name, test)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("rows", test_rows);
  ADD ("unreadable", test_unreadable);
  ADD ("answer", test_answer);
  ADD ("bodies", test_bodies);
  ADD ("budget", test_budget);
  ADD ("budget-returned", test_budget_returned);
  ADD ("admit", test_admit);
  ADD ("declared", test_declared);
  ADD ("chunked", test_chunked);
  ADD ("expectation", test_expectation);
  ADD ("later", test_later);
  ADD ("client-gone", test_client_gone);
  ADD ("server-gone", test_server_gone);
  ADD_WITH (2, "never", test_never);
  ADD_WITH (1, "long-answer", test_long_answer);
  return g_test_run ();
}
