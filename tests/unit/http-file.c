/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as answers, over a real socket: ranges, the beginning from memory, files of a GiB, clients that read slowly or
 * leave, and files that are shorter than was promised. */
#include "base/ap-limits.h"
#include "net/ap-http-file.h"
#include "net/ap-http.h"
#include "net/ap-listener.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http-answer.h"
#include "test-wait.h"

#define LARGE (G_GINT64_CONSTANT (1) << 30)
#define TAG   "\"7-1\""

typedef struct {
  GMainContext *context;
  GMainContextPusher *pusher;
  ApHttp *http;
  guint16 port;
  char *path;
  int fd; /* of the file that is served, for writing */
  ApHttpFile file;
  GThread *thread;
  GSource *tick; /* so that a turn of the loop has an end */
} Fixture;

static const char ten[] = "0123456789";

static void
serve (ApHttpRequest *request, gpointer data)
{
  Fixture *fixture = data;
  ApHttpFile file = fixture->file;

  file.fd = open (fixture->path, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint (file.fd, >=, 0);
  ap_http_request_respond_file (request, "audio/wav", &file);
}

typedef struct {
  Fixture *fixture;
  ApHttpRequest *request;
} Errand;

static gpointer
serve_on_thread (gpointer data)
{
  g_autofree Errand *errand = data;

  serve (errand->request, errand->fixture);
  ap_http_request_unref (errand->request);
  return NULL;
}

static void
serve_elsewhere (ApHttpRequest *request, gpointer data)
{
  Fixture *fixture = data;
  const Errand errand = { fixture, ap_http_request_ref (request) };

  g_clear_pointer (&fixture->thread, g_thread_join);
  fixture->thread = g_thread_new ("answer", serve_on_thread, g_memdup2 (&errand, sizeof errand));
}

static const ApHttpRoute routes[] = { { "GET", "/file", serve }, { "GET", "/elsewhere", serve_elsewhere } };

static gboolean
on_tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) bound = NULL;
  int listen_fd = ap_listener_open ("127.0.0.1", 0, TRUE, &bound, NULL);

  fixture->port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->http = ap_http_new (listen_fd, GPOINTER_TO_UINT (data));
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    ap_http_add_route (fixture->http, &routes[i], fixture);
  fixture->tick = g_timeout_source_new (50);
  g_source_set_callback (fixture->tick, on_tick, NULL, NULL);
  g_source_attach (fixture->tick, fixture->context);
  fixture->fd = g_file_open_tmp ("http-file-XXXXXX", &fixture->path, NULL);
  g_assert_cmpint (write (fixture->fd, ten, 10), ==, 10);
  fixture->file.length = 10;
}

static void
turn (Fixture *fixture, gint64 deadline)
{
  g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_main_context_iteration (fixture->context, TRUE);
}

/* How many descriptors of the file there are beside the test's own. */
static guint
count_open (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *link = g_build_filename ("/proc/self/fd", name, NULL);
    g_autofree char *target = g_file_read_link (link, NULL);

    n += g_strcmp0 (target, fixture->path) == 0;
  }
  return n - 1;
}

static void
wait_until_closed (Fixture *fixture)
{
  gint64 deadline = test_deadline ();

  while (count_open (fixture) > 0)
    turn (fixture, deadline);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  wait_until_closed (fixture);
  g_clear_pointer (&fixture->http, ap_http_free);
  g_source_destroy (fixture->tick);
  g_source_unref (fixture->tick);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  g_clear_pointer (&fixture->thread, g_thread_join);
  g_clear_pointer (&fixture->file.head, g_bytes_unref);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  close (fixture->fd);
  unlink (fixture->path);
  g_free (fixture->path);
}

static int
send_request (Fixture *fixture, const char *method, const char *path, const char *headers)
{
  g_autofree char *request = g_strdup_printf ("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n", method, path, headers);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", fixture->port);
  struct sockaddr_storage native;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  g_assert_cmpint (connect (fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size (address)), ==,
                   0);
  g_assert_cmpint (send (fd, request, strlen (request), MSG_NOSIGNAL), ==, strlen (request));
  return fd;
}

/* Up to @length bytes; fewer at the end. */
static gsize
read_bytes (Fixture *fixture, int fd, char *bytes, gsize length)
{
  gint64 deadline = test_deadline ();
  gsize total = 0;
  gssize n = 1;

  while (total < length && n != 0) {
    n = recv (fd, bytes + total, length - total, MSG_DONTWAIT);
    if (n > 0)
      total += (gsize)n;
    else if (n < 0)
      turn (fixture, deadline);
  }
  return total;
}

static HttpAnswer *
read_head (Fixture *fixture, int fd)
{
  g_autoptr (GString) head = g_string_new (NULL);
  char c;

  while (!g_str_has_suffix (head->str, "\r\n\r\n")) {
    g_assert_cmpuint (read_bytes (fixture, fd, &c, 1), ==, 1);
    g_string_append_c (head, c);
  }
  return http_answer_parse_head (head->str, head->len);
}

static HttpAnswer *
ask (Fixture *fixture, const char *method, const char *path, const char *headers)
{
  int fd = send_request (fixture, method, path, headers);
  HttpAnswer *answer = read_head (fixture, fd);

  answer->body = g_malloc0 (1000);
  answer->body_len = read_bytes (fixture, fd, answer->body, 999);
  close (fd);
  return answer;
}

/* ---- ranges ---- */

#define MOST "99999999999999999999999999"

static void
test_parse (void)
{
  static const struct {
    const char *range;
    goffset length;
    ApHttpRange expected;
    goffset begin, end;
  } rows[] = {
    { NULL, 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=0-", 10, AP_HTTP_RANGE_PART, 0, 10 },
    { "bytes=0-9", 10, AP_HTTP_RANGE_PART, 0, 10 },
    { "bytes=0-0", 10, AP_HTTP_RANGE_PART, 0, 1 },
    { "bytes=9-9", 10, AP_HTTP_RANGE_PART, 9, 10 },
    { "bytes=9-", 10, AP_HTTP_RANGE_PART, 9, 10 },
    { "bytes=3-5", 10, AP_HTTP_RANGE_PART, 3, 6 },
    { "bytes=3-10", 10, AP_HTTP_RANGE_PART, 3, 10 },
    { "bytes=3-" MOST, 10, AP_HTTP_RANGE_PART, 3, 10 },
    { "BYTES= \t3-5 \t", 10, AP_HTTP_RANGE_PART, 3, 6 },
    { "bytes=003-005", 10, AP_HTTP_RANGE_PART, 3, 6 },
    { "bytes=-1", 10, AP_HTTP_RANGE_PART, 9, 10 },
    { "bytes=-10", 10, AP_HTTP_RANGE_PART, 0, 10 },
    { "bytes=-11", 10, AP_HTTP_RANGE_PART, 0, 10 },
    { "bytes=-" MOST, 10, AP_HTTP_RANGE_PART, 0, 10 },
    { "bytes=-1", G_MAXOFFSET, AP_HTTP_RANGE_PART, G_MAXOFFSET - 1, G_MAXOFFSET },
    { "bytes=9223372036854775806-", G_MAXOFFSET, AP_HTTP_RANGE_PART, G_MAXOFFSET - 1, G_MAXOFFSET },
    { "bytes=4294967296-4294967297", G_MAXOFFSET, AP_HTTP_RANGE_PART, 4294967296, 4294967298 },
    { "bytes=10-", 10, AP_HTTP_RANGE_UNSATISFIABLE, 0, 10 },
    { "bytes=10-11", 10, AP_HTTP_RANGE_UNSATISFIABLE, 0, 10 },
    { "bytes=" MOST "-", 10, AP_HTTP_RANGE_UNSATISFIABLE, 0, 10 },
    { "bytes=" MOST "-", G_MAXOFFSET, AP_HTTP_RANGE_UNSATISFIABLE, 0, G_MAXOFFSET },
    { "bytes=-0", 10, AP_HTTP_RANGE_UNSATISFIABLE, 0, 10 },
    { "bytes=0-", 0, AP_HTTP_RANGE_UNSATISFIABLE, 0, 0 },
    { "bytes=-1", 0, AP_HTTP_RANGE_WHOLE, 0, 0 },
    { "bytes=5-3", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=-", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=3", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=3-5x", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=3- 5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=--5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=+3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=0x3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=0-1,3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes=0-1, bytes=3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "seconds=3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
    { "bytes =3-5", 10, AP_HTTP_RANGE_WHOLE, 0, 10 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    goffset begin = -1, end = -1;

    g_test_message ("%s", rows[i].range);
    g_assert_cmpint (ap_http_range_parse (rows[i].range, rows[i].length, &begin, &end), ==, rows[i].expected);
    g_assert_cmpint (begin, ==, rows[i].begin);
    g_assert_cmpint (end, ==, rows[i].end);
  }
}

typedef struct {
  const char *method, *headers;
  guint status;
  const char *content_range, *length, *body; /* NULL: not there */
} Row;

static void
assert_row (Fixture *fixture, const char *path, const Row *row)
{
  g_autoptr (HttpAnswer) answer = ask (fixture, row->method, path, row->headers);
  g_autofree char *content_range = http_answer_header (answer, "Content-Range");
  g_autofree char *length = http_answer_header (answer, "Content-Length");
  g_autofree char *accepts = http_answer_header (answer, "Accept-Ranges");
  g_autofree char *type = http_answer_header (answer, "Content-Type");
  g_autofree char *tag = http_answer_header (answer, "ETag");

  g_test_message ("%s %s", row->method, row->headers);
  g_assert_cmpuint (answer->status, ==, row->status);
  g_assert_cmpstr (content_range, ==, row->content_range);
  g_assert_cmpstr (accepts, ==, "bytes");
  g_assert_cmpstr (tag, ==, fixture->file.etag);
  if (row->length != NULL)
    g_assert_cmpstr (length, ==, row->length);
  if (row->status < 300)
    g_assert_cmpstr (type, ==, "audio/wav");
  if (row->body != NULL)
    g_assert_cmpstr (answer->body, ==, row->body);
  else
    g_assert_true (g_str_has_prefix (answer->body, "{\"error\":\""));
}

static void
test_answers (Fixture *fixture, gconstpointer data)
{
  static const Row rows[] = {
    { "GET", "", 200, NULL, "10", ten },
    { "HEAD", "", 200, NULL, "10", "" },
    { "HEAD", "Range: bytes=3-5\r\n", 200, NULL, "10", "" },
    { "GET", "Range: bytes=3-5\r\n", 206, "bytes 3-5/10", "3", "345" },
    { "GET", "Range: bytes=-3\r\n", 206, "bytes 7-9/10", "3", "789" },
    { "GET", "Range: bytes=0-\r\n", 206, "bytes 0-9/10", "10", ten },
    { "GET", "Range: bytes=10-\r\n", 416, "bytes */10", NULL, NULL },
    { "GET", "Range: bytes=0-1,3-5\r\n", 200, NULL, "10", ten },
    { "GET", "Range: bytes=0-1\r\nRange: bytes=3-5\r\n", 200, NULL, "10", ten },
    { "GET", "Range: x\r\n", 200, NULL, "10", ten },
    { "GET", "Range: bytes=3-5\r\nIf-Range: " TAG "\r\n", 200, NULL, "10", ten }, /* it has no tag */
    { "GET", "If-None-Match: *\r\n", 200, NULL, "10", ten },
  };
  static const Row tagged[] = {
    { "GET", "", 200, NULL, "10", ten },
    { "GET", "Range: bytes=3-5\r\nIf-Range: " TAG "\r\n", 206, "bytes 3-5/10", "3", "345" },
    { "GET", "Range: bytes=3-5\r\nIf-Range: \"7-2\"\r\n", 200, NULL, "10", ten },
    { "GET", "Range: bytes=3-5\r\nIf-Range: W/" TAG "\r\n", 200, NULL, "10", ten },
    { "GET", "Range: bytes=3-5\r\nIf-Range: Sat, 21 Nov 2026 12:00:00 GMT\r\n", 200, NULL, "10", ten },
    { "GET", "If-None-Match: " TAG "\r\n", 304, NULL, NULL, "" },
    { "GET", "If-None-Match: \"a\", W/" TAG "\r\n", 304, NULL, NULL, "" },
    { "HEAD", "If-None-Match: *\r\n", 304, NULL, NULL, "" },
    { "GET", "If-None-Match: \"7-2\"\r\n", 200, NULL, "10", ten },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    assert_row (fixture, "/file", &rows[i]);
    assert_row (fixture, "/elsewhere", &rows[i]);
  }
  fixture->file.etag = TAG;
  for (guint i = 0; i < G_N_ELEMENTS (tagged); i++)
    assert_row (fixture, "/elsewhere", &tagged[i]);
}

/* The beginning comes from memory, and what the file has behind the length is not there. */
static void
test_head (Fixture *fixture, gconstpointer data)
{
  static const Row rows[] = {
    { "GET", "", 200, NULL, "9", "abc345678" },
    { "GET", "Range: bytes=1-1\r\n", 206, "bytes 1-1/9", "1", "b" },
    { "GET", "Range: bytes=2-3\r\n", 206, "bytes 2-3/9", "2", "c3" },
    { "GET", "Range: bytes=3-\r\n", 206, "bytes 3-8/9", "6", "345678" },
    { "GET", "Range: bytes=-20\r\n", 206, "bytes 0-8/9", "9", "abc345678" },
  };
  static const Row only = { "GET", "", 200, NULL, "3", "abc" };
  static const Row nothing = { "GET", "", 200, NULL, "0", "" };

  fixture->file.head = g_bytes_new_static ("abc", 3);
  fixture->file.length = 9;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    assert_row (fixture, "/file", &rows[i]);
  g_assert_cmpint (ftruncate (fixture->fd, 0), ==, 0);
  fixture->file.length = 3;
  assert_row (fixture, "/file", &only);
  fixture->file.length = 0;
  assert_row (fixture, "/file", &nothing);
}

/* ---- long ones ---- */

static void
make_large (Fixture *fixture)
{
  g_assert_cmpint (ftruncate (fixture->fd, LARGE), ==, 0);
  g_assert_cmpint (pwrite (fixture->fd, "middle", 6, LARGE / 2 - 3), ==, 6);
  g_assert_cmpint (pwrite (fixture->fd, "end", 3, LARGE - 3), ==, 3);
  fixture->file.length = LARGE;
}

/* A figure of a file in /proc/self. */
static guint64
look (const char *file, const char *name)
{
  g_autofree char *path = g_build_filename ("/proc/self", file, NULL);
  g_autofree char *text = NULL;
  const char *place;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  place = strstr (text, name);
  g_assert_nonnull (place);
  return g_ascii_strtoull (place + strlen (name), NULL, 10);
}

#define MEMORY_MARGIN (16 * 1024) /* KiB */

/* Under a sanitizer memory that was freed stays for a while. */
static gboolean
memory_is_meaningful (void)
{
  return g_getenv ("ASAN_OPTIONS") == NULL && g_getenv ("TSAN_OPTIONS") == NULL;
}

static void
assert_memory (guint64 before)
{
  if (memory_is_meaningful ())
    g_assert_cmpuint (look ("status", "VmRSS:"), <, before + MEMORY_MARGIN);
}

/* Reads on to @position, and there @text. */
static goffset
expect_text (Fixture *fixture, int fd, goffset at, goffset position, const char *text)
{
  static char bytes[256 * 1024];
  gsize length = strlen (text);

  while (at < position) {
    gsize piece = (gsize)MIN (position - at, (goffset)sizeof bytes);

    g_assert_cmpuint (read_bytes (fixture, fd, bytes, piece), ==, piece);
    g_assert_true (bytes[0] == 0 && memcmp (bytes, bytes + 1, piece - 1) == 0);
    at += (goffset)piece;
  }
  g_assert_cmpuint (read_bytes (fixture, fd, bytes, length), ==, length);
  g_assert_cmpmem (bytes, length, text, length);
  return at + (goffset)length;
}

static void
test_large (Fixture *fixture, gconstpointer data)
{
  guint64 before = look ("status", "VmRSS:");
  g_autoptr (HttpAnswer) head = NULL;
  g_autofree char *length = NULL;
  goffset at = 10;
  char text[16];
  int fd;

  make_large (fixture);
  fd = send_request (fixture, "GET", "/elsewhere", "");
  head = read_head (fixture, fd);
  length = http_answer_header (head, "Content-Length");
  g_assert_cmpuint (head->status, ==, 200);
  g_assert_cmpstr (length, ==, "1073741824");
  g_assert_cmpuint (read_bytes (fixture, fd, text, 10), ==, 10);
  at = expect_text (fixture, fd, at, LARGE / 2 - 3, "middle");
  assert_memory (before);
  expect_text (fixture, fd, at, LARGE - 3, "end");
  assert_memory (before);
  g_assert_cmpuint (read_bytes (fixture, fd, text, 1), ==, 0);
  close (fd);
}

/* Beyond 32 bits, from a file that needs no room on the disk. */
static void
test_far (Fixture *fixture, gconstpointer data)
{
  static const Row row = { "GET", "Range: bytes=6442450944-\r\n", 206, "bytes 6442450944-6442450946/6442450947", "3",
                           "far" };

  g_assert_cmpint (pwrite (fixture->fd, "far", 3, G_GINT64_CONSTANT (6442450944)), ==, 3);
  fixture->file.length = G_GINT64_CONSTANT (6442450947);
  assert_row (fixture, "/file", &row);
}

/* Until what is read of the file stands still. */
static guint64
wait_for_standstill (Fixture *fixture)
{
  gint64 deadline = test_deadline ();
  guint64 seen = look ("io", "rchar:");
  gint64 since = g_get_monotonic_time ();

  while (g_get_monotonic_time () < since + G_USEC_PER_SEC / 2) {
    gint64 now = g_get_monotonic_time ();
    guint64 more;

    turn (fixture, deadline);
    more = look ("io", "rchar:");
    if (more > seen + AP_HTTP_PIECE_BYTES / 2) /* looking is reading too */
      since = now;
    seen = more;
  }
  return seen;
}

/* A client that reads nothing holds up the reading, and one that reads on gets all of it in the end. */
static void
test_slow_reader (Fixture *fixture, gconstpointer data)
{
  static char bytes[64 * 1024];
  guint64 before = look ("status", "VmRSS:"), read_before;
  goffset at;
  int fd;

  make_large (fixture);
  read_before = look ("io", "rchar:");
  fd = send_request (fixture, "GET", "/file", "Range: bytes=536805376-\r\n"); /* 64 KiB before the middle */
  http_answer_free (read_head (fixture, fd));
  g_assert_cmpuint (wait_for_standstill (fixture) - read_before, <, 64 * 1024 * 1024);
  for (guint i = 0; i < 16; i++) /* a piece at a time */
    g_assert_cmpuint (read_bytes (fixture, fd, bytes + i * 1024, 1024), ==, 1024);
  at = expect_text (fixture, fd, 536805376 + 16 * 1024, LARGE / 2 - 3, "middle");
  g_assert_cmpuint (wait_for_standstill (fixture) - read_before, <, 128 * 1024 * 1024);
  assert_memory (before);
  expect_text (fixture, fd, at, LARGE - 3, "end");
  close (fd);
}

/* The request's time is up long before the answer is all there, and the client takes nothing for longer than it may be
 * silent in the middle of a request; the answer's time is not. */
static void
test_time (Fixture *fixture, gconstpointer data)
{
  gint64 not_before, deadline = test_deadline ();
  int fd;

  make_large (fixture);
  fd = send_request (fixture, "GET", "/file", "Range: bytes=805306368-\r\n");
  http_answer_free (read_head (fixture, fd));
  not_before = g_get_monotonic_time () + 2 * G_USEC_PER_SEC;
  while (g_get_monotonic_time () < not_before)
    turn (fixture, deadline);
  expect_text (fixture, fd, 805306368, LARGE - 3, "end");
  close (fd);
}

static void
test_reader_leaves (Fixture *fixture, gconstpointer data)
{
  const struct linger reset = { 1, 0 };
  g_autofree char *bytes = g_malloc (300 * 1024);

  make_large (fixture);
  for (guint i = 0; i < 8; i++) {
    int fd = send_request (fixture, "GET", i % 2 == 0 ? "/file" : "/elsewhere", "");

    if (i < 6)
      http_answer_free (read_head (fixture, fd));
    g_assert_cmpuint (read_bytes (fixture, fd, bytes, i * 40 * 1024), ==, i * 40 * 1024);
    if (i % 4 < 2)
      setsockopt (fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close (fd);
    wait_until_closed (fixture);
  }
}

static void
test_server_leaves (Fixture *fixture, gconstpointer data)
{
  int fd;

  make_large (fixture);
  fd = send_request (fixture, "GET", "/file", "");
  http_answer_free (read_head (fixture, fd));
  g_assert_cmpuint (count_open (fixture), ==, 1);
  g_clear_pointer (&fixture->http, ap_http_free);
  wait_until_closed (fixture);
  close (fd);
}

/* What was promised is not there: the client sees that the answer has no end. */
static void
test_cut_short (Fixture *fixture, gconstpointer data)
{
  char bytes[16];
  int fd;

  g_test_expect_message ("net", G_LOG_LEVEL_WARNING, "*shorter than it was*");
  fixture->file.length = 11;
  fd = send_request (fixture, "GET", "/file", "");
  http_answer_free (read_head (fixture, fd));
  g_assert_cmpuint (read_bytes (fixture, fd, bytes, sizeof bytes), <, 11);
  close (fd);
  g_test_assert_expected_messages ();
}

#define ADD_WITH(seconds, name, test)                                                                                  \
  g_test_add ("/http-file/" name, Fixture, GUINT_TO_POINTER (seconds), set_up, test, tear_down)
#define ADD(name, test) ADD_WITH (AP_HTTP_REQUEST_SECONDS, name, test)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-file/parse", test_parse);
  ADD ("answers", test_answers);
  ADD ("head", test_head);
  ADD ("large", test_large);
  ADD ("far", test_far);
  ADD ("slow-reader", test_slow_reader);
  ADD_WITH (1, "time", test_time);
  ADD ("reader-leaves", test_reader_leaves);
  ADD ("server-leaves", test_server_leaves);
  ADD ("cut-short", test_cut_short);
  return g_test_run ();
}
