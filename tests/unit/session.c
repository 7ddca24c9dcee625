/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions of the echo endpoint on a socket pair, in the test's own event loop: what a peer can do to the server by
 * leaving, by not reading and by flooding. */
#include "base/ap-limits.h"
#include "base/ap-metrics.h"
#include "endpoints/echo/ap-echo.h"
#include "session/ap-session.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client-frame.h"
#include "elements.h"
#include "test-wait.h"

#define SPEECH "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved"

typedef struct {
  ApPipelineSpec spec;
  GMainContext *context;
  GMainContextPusher *pusher;
  ApPoller *poller;
  ApTimers *timers;
  ApSessionHost host;
  int peer;
} Fixture;

static void
on_round_end (gpointer data)
{
  ap_session_host_end_round (&((Fixture *)data)->host);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  elements_register ();
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->poller = ap_poller_new (fixture->context, on_round_end, fixture);
  fixture->spec.caps = gst_caps_from_string (SPEECH);
  ap_session_host_init (&fixture->host);
  fixture->host.poller = fixture->poller;
  fixture->host.timers = fixture->timers = ap_timers_new (fixture->context, on_round_end, fixture);
  fixture->host.pipeline_spec = &fixture->spec;
  fixture->host.max_frame_bytes = 1024 * 1024;
  g_assert_true (ap_session_host_start_passthrough (&fixture->host, &error));
  fixture->peer = -1;
}

static void
open_session_on (Fixture *fixture, int fds[2], const char *elements, ApPipelineMode mode)
{
  fixture->spec.elements = elements;
  fixture->spec.mode = mode;
  fixture->peer = fds[1];
  ap_session_open (&fixture->host, ap_echo_room.endpoints[0], NULL, NULL, fds[0], NULL);
}

static void
open_session (Fixture *fixture, const char *elements, ApPipelineMode mode)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  open_session_on (fixture, fds, elements, mode);
}

/* The same as a socket pair, over loopback. */
static void
tcp_pair (int fds[2])
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = g_htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int listener = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (listener, (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (listen (listener, 1), ==, 0);
  g_assert_cmpint (getsockname (listener, (struct sockaddr *)&address, &length), ==, 0);
  fds[1] = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (connect (fds[1], (struct sockaddr *)&address, length), ==, 0);
  g_assert_cmpint (fcntl (fds[1], F_SETFL, O_NONBLOCK), ==, 0);
  fds[0] = accept4 (listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  g_assert_cmpint (fds[0], >=, 0);
  close (listener);
}

static void
abort_session (ApSession *session, gpointer data)
{
  ap_session_abort (session, "the test is over");
}

static void
run_until_quiet (Fixture *fixture)
{
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ap_session_registry_foreach (fixture->host.registry, abort_session, NULL);
  run_until_quiet (fixture);
  ap_session_host_clear (&fixture->host);
  ap_pipeline_await_stopped (test_deadline () - g_get_monotonic_time ());
  ap_timers_free (fixture->timers);
  ap_poller_free (fixture->poller);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  gst_clear_caps (&fixture->spec.caps);
  if (fixture->peer >= 0)
    close (fixture->peer);
}

static guint
count (Fixture *fixture)
{
  return ap_session_registry_count (fixture->host.registry);
}

#define run_until(condition)                                                                                           \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 deadline_ = test_deadline ();                                                                               \
    while (!(condition)) {                                                                                             \
      g_assert_cmpint (g_get_monotonic_time (), <, deadline_);                                                         \
      if (!g_main_context_iteration (fixture->context, FALSE))                                                         \
        g_poll (NULL, 0, 1);                                                                                           \
    }                                                                                                                  \
  }                                                                                                                    \
  G_STMT_END

static void
send_frame (Fixture *fixture, guint8 first_byte, const void *payload, gsize length)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  append_client_frame (bytes, first_byte, payload, length);
  g_assert_cmpint (send (fixture->peer, bytes->data, bytes->len, 0), ==, bytes->len);
}

/* Reads until as many bytes as expected have come, which must be those. */
static void
expect_bytes (Fixture *fixture, const void *expected, gsize length)
{
  g_autofree guint8 *bytes = g_malloc (length + 1);
  gsize have = 0;

  while (have < length) {
    gssize n = 0;

    run_until ((n = recv (fixture->peer, bytes + have, length - have, 0)) >= 0);
    g_assert_cmpint (n, >, 0);
    have += (gsize)n;
  }
  g_assert_cmpmem (bytes, have, expected, length);
}

typedef struct {
  const char *name;
  const char *elements;
  ApPipelineMode mode;
} Way;

static const Way ways[] = {
  { "passthrough", NULL, AP_PIPELINE_MODE_AUTO },
  { "direct", "identity", AP_PIPELINE_MODE_DIRECT },
  { "queued", "identity", AP_PIPELINE_MODE_QUEUED },
};

static void
test_echo (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;

  open_session (fixture, way->elements, way->mode);
  g_assert_cmpuint (count (fixture), ==, 1);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  send_frame (fixture, FIN | PING, "p", 1);
  expect_bytes (fixture,
                way->mode == AP_PIPELINE_MODE_DIRECT ? "\x82\x04"
                                                       "abcd\x8a\x01p"
                                                     : "\x8a\x01p\x82\x04"
                                                       "abcd",
                9);
  send_frame (fixture, FIN | CLOSE, "\x03\xe8", 2);
  expect_bytes (fixture, "\x88\x02\x03\xe8", 4);
  /* The server ends the socket with its answer; it does not wait for the peer to do so. */
  g_assert_cmpuint (count (fixture), ==, 0);
}

/* A peer that leaves before its answer: the write fails in the middle of a round. */
static void
test_peer_leaves (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;

  for (guint i = 0; i < 20; i++) {
    open_session (fixture, way->elements, way->mode);
    for (guint j = 0; j <= i; j++)
      send_frame (fixture, FIN | BINARY, "abcd", 4);
    close (g_steal_fd (&fixture->peer));
    run_until (count (fixture) == 0);
    run_until_quiet (fixture);
  }
}

static guint refused;

static gpointer
open_refusing (ApSession *session)
{
  ap_session_send (session, AP_OPCODE_TEXT, (const guint8 *)"no", 2);
  ap_session_close (session, 1008, "no");
  return &refused;
}

static void
close_refused (ApSession *session)
{
  g_assert_true (ap_session_get_state (session) == &refused);
  refused++;
}

/* A peer that has left before its session is opened, and refused: what open has made is there when close comes. */
static void
test_refused_and_gone (Fixture *fixture, gconstpointer data)
{
  static const ApEndpoint endpoint = {
    .path = "/refuses", .own_pipeline = TRUE, .open = open_refusing, .close = close_refused
  };
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  close (fds[1]);
  refused = 0;
  ap_session_open (&fixture->host, &endpoint, NULL, NULL, fds[0], NULL);
  run_until (count (fixture) == 0);
  g_assert_cmpuint (refused, ==, 1);
  run_until_quiet (fixture);
}

/* A peer that leaves, and a pipeline that fails at that moment. */
static void
test_pipeline_fails (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;

  open_session (fixture, "identity error-after=2", way->mode);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  close (g_steal_fd (&fixture->peer));
  run_until (count (fixture) == 0);
  run_until_quiet (fixture);
}

/* Elements that make much of little, and a peer that reads none of it: it is cut off. */
static void
test_output_limit (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;
  guint8 frame[64 * 1024] = { 0 };

  fixture->host.max_frame_bytes = 64 * 1024;
  open_session (fixture,
                "audioconvert ! audioresample ! capsfilter caps=audio/x-raw,format=F64LE,rate=384000,channels=2",
                way->mode);
  send_frame (fixture, FIN | BINARY, frame, sizeof frame);
  send_frame (fixture, FIN | BINARY, frame, sizeof frame);
  run_until (count (fixture) == 0);
  run_until_quiet (fixture);
}

/* Sends @bytes again and again without ever reading, until the server takes no more for as long as its loop has
 * anything to do. Returns how much it took. */
static gsize
flood (Fixture *fixture, const GByteArray *bytes, gsize most)
{
  gsize taken = 0;
  guint idle = 0;

  while (idle < 100 && taken <= most) {
    gssize n = send (fixture->peer, bytes->data + taken % bytes->len, bytes->len - taken % bytes->len, MSG_NOSIGNAL);

    taken += n > 0 ? (gsize)n : 0;
    idle = n > 0 || g_main_context_iteration (fixture->context, FALSE) ? 0 : idle + 1;
    if (idle > 0)
      g_poll (NULL, 0, 1);
  }
  return taken;
}

static const struct {
  guint8 first_byte;
  gsize length;
} flood_kinds[] = { { FIN | BINARY, 320 }, { FIN | BINARY, 0 }, { FIN | PING, 125 }, { FIN | PING, 0 } };

/* Whatever a peer floods it with, frames or pings, the server stops reading while its answers are not read. */
static void
test_flood (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;
  const gsize most = 8 * 1024 * 1024;

  for (guint i = 0; i < G_N_ELEMENTS (flood_kinds); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    guint8 payload[320] = { 0 };

    for (guint j = 0; j < 100; j++)
      append_client_frame (bytes, flood_kinds[i].first_byte, payload, flood_kinds[i].length);
    open_session (fixture, way->elements, way->mode);
    g_assert_cmpuint (flood (fixture, bytes, most), <, most);
    close (g_steal_fd (&fixture->peer));
    ap_session_registry_foreach (fixture->host.registry, abort_session, NULL);
    run_until_quiet (fixture);
  }
}

/* Without reading, the end of a peer that has gone is not seen: it is the stalled pipeline that ends the session. */
static void
test_stalled_behind_peer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const guint8 payload[4096] = { 0 };
  const gsize most = 64 * 1024 * 1024;
  int fds[2];

  append_client_frame (bytes, FIN | BINARY, payload, sizeof payload);
  tcp_pair (fds);
  fixture->host.stall_seconds = 1;
  open_session_on (fixture, fds, "staller", AP_PIPELINE_MODE_QUEUED);
  g_assert_cmpuint (flood (fixture, bytes, most), <, most);
  run_until (elements_are_stalled ());
  close (g_steal_fd (&fixture->peer));
  run_until (count (fixture) == 0);
}

/* A peer that closes waits for what is in the pipeline, but not for ever. */
static void
test_stalled_close (Fixture *fixture, gconstpointer data)
{
  fixture->host.stall_seconds = 1;
  open_session (fixture, "staller", AP_PIPELINE_MODE_QUEUED);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  send_frame (fixture, FIN | CLOSE, "\x03\xe8", 2);
  run_until (count (fixture) == 0);
  run_until (elements_are_stalled ());
}

/* Stalled and released in time: the session goes on as if nothing had been. */
static void
test_stall_over (Fixture *fixture, gconstpointer data)
{
  open_session (fixture, "staller", AP_PIPELINE_MODE_QUEUED);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  send_frame (fixture, FIN | CLOSE, "\x03\xe8", 2);
  run_until (elements_are_stalled ());
  elements_release_stalled ();
  expect_bytes (fixture,
                "\x82\x04"
                "abcd\x88\x02\x03\xe8",
                10);
  run_until (count (fixture) == 0);
}

static gsize keeper_held;

static void
keep (ApSession *session, const guint8 *data, gsize length)
{
  keeper_held += length;
  ap_session_add_pending (session, (gssize)length);
}

static void
give_back (ApSession *session, gpointer data)
{
  ap_session_add_pending (session, -(gssize)keeper_held);
}

/* An endpoint that takes its time is not read from meanwhile, and its peer pays nothing for it: not when a pipeline
 * would have been given up, as that of a later session is. */
static void
test_slow_endpoint (Fixture *fixture, gconstpointer data)
{
  static const ApEndpoint keeper = { .path = "/keeper", .own_pipeline = TRUE, .binary = keep };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const guint8 payload[4096] = { 0 };
  gsize held;
  int fds[2], kept;

  append_client_frame (bytes, FIN | BINARY, payload, sizeof payload);
  fixture->host.stall_seconds = 1;
  keeper_held = 0;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->peer = kept = fds[1];
  ap_session_open (&fixture->host, &keeper, NULL, NULL, fds[0], NULL);
  g_assert_cmpuint (flood (fixture, bytes, 64 * 1024 * 1024), <, 64 * 1024 * 1024);
  held = keeper_held;
  g_assert_cmpuint (held, >, 0);

  open_session (fixture, "staller", AP_PIPELINE_MODE_QUEUED);
  send_frame (fixture, FIN | BINARY, "abcd", 4);
  send_frame (fixture, FIN | CLOSE, "\x03\xe8", 2);
  run_until (count (fixture) == 1);
  close (fixture->peer);
  fixture->peer = kept;
  ap_session_registry_foreach (fixture->host.registry, give_back, NULL);
  run_until (keeper_held > held); /* it is read again */
}

static int
int_option (int fd, int level, int option)
{
  int value = -1;
  socklen_t length = sizeof value;

  g_assert_cmpint (getsockopt (fd, level, option, &value, &length), ==, 0);
  return value;
}

/* A peer whose machine or network has gone without a word is found out by TCP. */
static void
test_socket_options (Fixture *fixture, gconstpointer data)
{
  int fds[2];

  tcp_pair (fds);
  open_session_on (fixture, fds, NULL, AP_PIPELINE_MODE_AUTO);
  g_assert_cmpint (int_option (fds[0], SOL_SOCKET, SO_KEEPALIVE), ==, 1);
  g_assert_cmpint (int_option (fds[0], IPPROTO_TCP, TCP_KEEPIDLE), ==, AP_KEEPALIVE_IDLE_SECONDS);
  g_assert_cmpint (int_option (fds[0], IPPROTO_TCP, TCP_KEEPINTVL), ==, AP_KEEPALIVE_INTERVAL_SECONDS);
  g_assert_cmpint (int_option (fds[0], IPPROTO_TCP, TCP_KEEPCNT), ==, AP_KEEPALIVE_PROBES);
  g_assert_cmpint (int_option (fds[0], IPPROTO_TCP, TCP_USER_TIMEOUT), ==, AP_OUTPUT_STALL_SECONDS * 1000);
  g_assert_cmpint (int_option (fds[0], IPPROTO_TCP, TCP_NODELAY), ==, 1);
}

static void
note_death (gpointer data, GObject *session)
{
  ++*(guint *)data;
}

static void
watch_death (ApSession *session, gpointer data)
{
  g_object_weak_ref (G_OBJECT (session), note_death, data);
}

static gboolean
stay_busy (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* A worker that never comes to rest still frees the sessions that have ended. */
static void
test_freed_under_load (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;
  g_autoptr (GSource) busy = g_idle_source_new ();
  guint deaths = 0;

  g_source_set_priority (busy, G_PRIORITY_DEFAULT);
  g_source_set_callback (busy, stay_busy, NULL, NULL);
  g_source_attach (busy, fixture->context);
  open_session (fixture, way->elements, way->mode);
  ap_session_registry_foreach (fixture->host.registry, watch_death, &deaths);
  close (g_steal_fd (&fixture->peer));
  run_until (count (fixture) == 0);
  for (guint i = 0; i < 10; i++)
    g_main_context_iteration (fixture->context, FALSE);
  g_assert_cmpuint (deaths, ==, 1);
  g_source_destroy (busy);
}

static void
release_and_tear_down (Fixture *fixture, gconstpointer data)
{
  elements_release_stalled ();
  tear_down (fixture, data);
}

static void
add_stalled (const char *path, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_test_add (path, Fixture, NULL, set_up, test, release_and_tear_down);
}

static void
add (const char *name, const Way *way, void (*test) (Fixture *fixture, gconstpointer data))
{
  g_autofree char *path = g_strdup_printf ("/session/%s/%s", way->name, name);

  g_test_add (path, Fixture, way, set_up, test, tear_down);
}

static guint64
output_stalls (void)
{
  return ap_metrics_mine ()->counts.failures[AP_FAILURE_OUTPUT_STALL];
}

/* A peer that floods and never reads is held up, and then cut off: output waits for so long and no longer. */
static void
test_output_stall (Fixture *fixture, gconstpointer data)
{
  const Way *way = data;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  guint64 before = output_stalls ();
  guint8 payload[320] = { 0 };
  int fds[2];

  append_client_frame (bytes, FIN | BINARY, payload, sizeof payload);
  tcp_pair (fds);
  fixture->host.output_stall_seconds = 1;
  open_session_on (fixture, fds, way->elements, way->mode);
  flood (fixture, bytes, 64 * 1024 * 1024);
  run_until (count (fixture) == 0);
  g_assert_cmpuint (output_stalls (), ==, before + 1);
  run_until_quiet (fixture);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL); /* a pipeline that fails is a warning */
  for (guint i = 0; i < G_N_ELEMENTS (ways); i++) {
    add ("echo", &ways[i], test_echo);
    add ("peer-leaves", &ways[i], test_peer_leaves);
    add ("flood", &ways[i], test_flood);
    add ("freed-under-load", &ways[i], test_freed_under_load);
    add ("output-stall", &ways[i], test_output_stall);
    if (ways[i].elements == NULL)
      continue;
    add ("pipeline-fails", &ways[i], test_pipeline_fails);
    add ("output-limit", &ways[i], test_output_limit);
  }
  g_test_add ("/session/refused-and-gone", Fixture, NULL, set_up, test_refused_and_gone, tear_down);
  g_test_add ("/session/socket-options", Fixture, NULL, set_up, test_socket_options, tear_down);
  add_stalled ("/session/stalled/behind-peer", test_stalled_behind_peer);
  add_stalled ("/session/stalled/close", test_stalled_close);
  add_stalled ("/session/stalled/over", test_stall_over);
  add_stalled ("/session/stalled/slow-endpoint", test_slow_endpoint);
  return g_test_run ();
}
