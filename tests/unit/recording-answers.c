/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the clients of a recording are told, and when: with sessions on socket pairs in the test's own event loop, a
 * disk that syncs and writes as a test says, and a clock. */
#include "endpoints/recording/ap-recording.h"
#include "endpoints/recording/files/ap-wav-file.h"
#include "recording-folder.h"

#include "scratch.h"
#include "session/ap-session.h"
#include "test-wait.h"

#include <dlfcn.h>
#include <errno.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#define CHUNK_FRAMES 4000
#define CHUNK        (2 * CHUNK_FRAMES)

/* ---- The system ---- */

static gint holds_syncs;   /* atomic: they wait until it is 0 */
static gint fails_syncs;   /* atomic: and then fail */
static gint fails_writes;  /* atomic */
static gint64 passed;      /* atomic: what the clock is ahead */
static gint64 write_takes; /* atomic: what the next write takes by that clock */

static gint64
true_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static gint64
true_deadline (void)
{
  return true_time () + test_deadline () - g_get_monotonic_time ();
}

/* test_wait_until(), which the clock does not concern */
#define wait_until(condition)                                                                                          \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 deadline_ = true_deadline ();                                                                               \
    while (!(condition)) {                                                                                             \
      g_assert_cmpint (true_time (), <, deadline_);                                                                    \
      g_poll (NULL, 0, 1);                                                                                             \
    }                                                                                                                  \
  }                                                                                                                    \
  G_STMT_END

/* The linker takes these before the libraries'. */
gint64
g_get_monotonic_time (void)
{
  return true_time () + __atomic_load_n (&passed, __ATOMIC_SEQ_CST);
}

int
fdatasync (int fd)
{
  wait_until (g_atomic_int_get (&holds_syncs) == 0);
  if (g_atomic_int_get (&fails_syncs) != 0) {
    errno = EIO;
    return -1;
  }
  return (int)syscall (SYS_fdatasync, fd);
}

ssize_t
pwritev (int fd, const struct iovec *pieces, int n, off_t offset)
{
  static ssize_t (*real) (int, const struct iovec *, int, off_t);

  __atomic_add_fetch (&passed, __atomic_exchange_n (&write_takes, 0, __ATOMIC_SEQ_CST), __ATOMIC_SEQ_CST);
  if (g_atomic_int_get (&fails_writes) != 0) {
    errno = ENOSPC;
    return -1;
  }
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "pwritev64");
  return real (fd, pieces, n, offset);
}

static GLogWriterOutput
be_silent (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

/* ---- What the tests share ---- */

typedef struct {
  Scratch scratch;
  ApRecordingSettings settings;
  ApRecordingStore *store;
  ApRecording *recording;
  ApSession *session; /* its client's, as is @socket; NULL when it is over */
  ApRecordingSocket *socket;
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

static gpointer
open_client (ApSession *session)
{
  Fixture *fixture = ap_session_get_room (session);

  fixture->session = session;
  fixture->socket = ap_recording_socket_new (session, AP_RECORDING_JOINS);
  g_assert_true (ap_recording_join (fixture->recording, fixture->socket));
  return fixture;
}

static void
close_client (ApSession *session)
{
  Fixture *fixture = ap_session_get_room (session);

  fixture->session = NULL;
  ap_recording_leave (fixture->recording, fixture->socket);
}

static const ApEndpoint endpoint = {
  .path = "/test", .own_pipeline = TRUE, .open = open_client, .close = close_client
};

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  int fds[2];

  scratch_set_up_quick (&fixture->scratch, data);
  fixture->settings = folder_store_settings (fixture->scratch.path);
  fixture->settings.max_chunk_mb = 1;
  fixture->store = ap_recording_store_new (&fixture->settings);
  fixture->recording = ap_recording_store_create (fixture->store, &info, NULL);
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->poller = ap_poller_new (fixture->context, on_round_end, fixture);
  ap_session_host_init (&fixture->host);
  fixture->host.poller = fixture->poller;
  fixture->host.timers = fixture->timers = ap_timers_new (fixture->context, on_round_end, fixture);
  fixture->host.max_frame_bytes = 1024;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->peer = fds[1];
  ap_session_open (&fixture->host, &endpoint, fixture, NULL, fds[0], NULL);
}

static void
abort_session (ApSession *session, gpointer data)
{
  ap_session_abort (session, "the test is over");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_atomic_int_set (&holds_syncs, 0);
  ap_session_registry_foreach (fixture->host.registry, abort_session, NULL);
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  ap_recording_socket_unref (fixture->socket);
  ap_recording_unref (fixture->recording);
  ap_recording_store_free (fixture->store);
  ap_session_host_clear (&fixture->host);
  ap_timers_free (fixture->timers);
  ap_poller_free (fixture->poller);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  close (fixture->peer);
  scratch_tear_down (&fixture->scratch, data);
  fails_syncs = fails_writes = 0;
}

/* As the client's endpoint does it. @file: a WAV file, which goes on with chunks that are none */
static void
append_by (Fixture *fixture, ApRecordingSocket *socket, gboolean file)
{
  guint8 samples[CHUNK] = { 0 };
  g_autoptr (GBytes) chunk = NULL;

  if (file)
    ap_wav_header_write (samples, 8000, 1, 100 * CHUNK);
  chunk = g_bytes_new (samples, sizeof samples);
  ap_session_add_pending (fixture->session, CHUNK);
  ap_recording_append (fixture->recording, socket, chunk, CHUNK);
}

static void
append (Fixture *fixture)
{
  append_by (fixture, fixture->socket, FALSE);
}

static void
note_done (const ApRecordingInfo *info, const GError *error, gpointer done)
{
  g_atomic_int_set ((gint *)done, 1);
}

/* All that the recording has been asked to do is done. */
static ApRecordingInfo
settle (Fixture *fixture)
{
  ApRecordingInfo info;
  gint done = 0;

  ap_recording_load (fixture->recording, note_done, &done);
  wait_until (g_atomic_int_get (&done) != 0);
  ap_recording_look (fixture->recording, &info);
  return info;
}

static void
receive (Fixture *fixture, guint8 *data, gsize length)
{
  gint64 deadline = true_deadline ();

  while (length > 0) {
    gssize n = recv (fixture->peer, data, length, 0);

    g_assert_cmpint (n, !=, 0);
    data += MAX (n, 0);
    length -= (gsize)MAX (n, 0);
    g_assert_cmpint (true_time (), <, deadline);
    if (n < 0 && !g_main_context_iteration (fixture->context, FALSE))
      g_poll (NULL, 0, 1);
  }
}

/* (transfer full): the next message; NULL: the server's close, with its @code */
static char *
read_message (Fixture *fixture, guint *code)
{
  guint8 head[2], extended[2], payload[1024] = { 0 };
  gsize length;

  receive (fixture, head, sizeof head);
  length = head[1];
  if (length == 126) {
    receive (fixture, extended, sizeof extended);
    length = (gsize)extended[0] << 8 | extended[1];
  }
  g_assert_cmpuint (length, <, sizeof payload);
  receive (fixture, payload, length);
  *code = (guint)payload[0] << 8 | payload[1];
  return head[0] == 0x81 ? g_strdup ((char *)payload) : NULL;
}

static void
expect_message (Fixture *fixture, const char *message, guint64 chunks)
{
  g_autofree char *beginning =
      g_strdup_printf ("{\"message\":\"%s\",\"session_id\":\"%s\",\"chunk_count\":%" G_GUINT64_FORMAT ",", message,
                       ap_recording_get_id (fixture->recording), chunks);
  guint code;
  g_autofree char *text = read_message (fixture, &code);

  g_assert_nonnull (text);
  g_assert_cmpstr (text, !=, "");
  if (!g_str_has_prefix (text, beginning))
    g_assert_cmpstr (text, ==, beginning);
}

static void
expect_close (Fixture *fixture, guint expected)
{
  guint code;
  g_autofree char *text = read_message (fixture, &code);

  g_assert_cmpstr (text, ==, NULL);
  g_assert_cmpuint (code, ==, expected);
}

/* ---- The order of answers ---- */

/* A client counts its answers: behind those that it will not get, because what they promise has not become true, there
 * is none to a later chunk. */
static void
test_dropped (Fixture *fixture, gconstpointer data)
{
  settle (fixture);
  g_atomic_int_set (&holds_syncs, 1);
  append (fixture);
  ap_recording_drop (fixture->recording);
  append (fixture);
  expect_close (fixture, 1011);
}

static void
test_sync_failed (Fixture *fixture, gconstpointer data)
{
  settle (fixture);
  g_atomic_int_set (&fails_syncs, 1);
  append (fixture);
  wait_until (settle (fixture).status == AP_RECORDING_FAILED);
  append (fixture); /* it has not read yet that it is closed */
  expect_close (fixture, 1011);
}

/* What keeps a recording from its end is told behind the answers to what was sent before. */
static void
test_end_refused (Fixture *fixture, gconstpointer data)
{
  settle (fixture);
  g_atomic_int_set (&holds_syncs, 1);
  append (fixture);
  settle (fixture);
  g_atomic_int_set (&fails_writes, 1);
  ap_recording_end_for (fixture->recording, fixture->socket, 0);
  settle (fixture);
  g_atomic_int_set (&fails_writes, 0);
  g_atomic_int_set (&holds_syncs, 0);
  expect_message (fixture, "Chunk processed successfully", 1);
  expect_message (fixture, "Failed to process chunk", 1);
  ap_recording_end_for (fixture->recording, fixture->socket, 0);
  expect_message (fixture, "Session closed", 1);
  expect_close (fixture, 1000);
}

/* Nothing has to be promised of what is deleted, and nobody waits for the disk. */
static void
test_discarded (Fixture *fixture, gconstpointer data)
{
  gint done = 0;

  settle (fixture);
  g_atomic_int_set (&holds_syncs, 1);
  append (fixture);
  ap_recording_discard (fixture->recording, note_done, &done);
  expect_close (fixture, 1008);
  g_atomic_int_set (&holds_syncs, 0);
  wait_until (g_atomic_int_get (&done) != 0);
}

/* ---- Who is idle ---- */

static void
pass (Fixture *fixture)
{
  __atomic_add_fetch (&passed, 2 * fixture->settings.timeout_seconds * G_USEC_PER_SEC, __ATOMIC_SEQ_CST);
}

static ApRecordingStatus
status_after_tick (Fixture *fixture)
{
  ap_recording_tick (fixture->recording);
  return settle (fixture).status;
}

/* A client that waits for its answer is not idle, however long the disk takes. */
static void
test_slow_sync (Fixture *fixture, gconstpointer data)
{
  settle (fixture);
  g_atomic_int_set (&holds_syncs, 1);
  append (fixture);
  settle (fixture);
  pass (fixture);
  g_assert_cmpint (status_after_tick (fixture), ==, AP_RECORDING_ACTIVE);
  g_atomic_int_set (&holds_syncs, 0);
  expect_message (fixture, "Chunk processed successfully", 1);
  g_assert_cmpint (status_after_tick (fixture), ==, AP_RECORDING_ACTIVE);
  pass (fixture);
  g_assert_cmpint (status_after_tick (fixture), ==, AP_RECORDING_COMPLETED);
}

/* Nor is one whose chunk takes so long itself, behind which others wait. */
static void
test_slow_chunk (Fixture *fixture, gconstpointer data)
{
  settle (fixture);
  __atomic_store_n (&write_takes, 2 * fixture->settings.timeout_seconds * G_USEC_PER_SEC, __ATOMIC_SEQ_CST);
  append (fixture);
  ap_recording_tick (fixture->recording);
  append (fixture);
  g_assert_cmpint (settle (fixture).status, ==, AP_RECORDING_ACTIVE);
  expect_message (fixture, "Chunk processed successfully", 1);
  expect_message (fixture, "Chunk processed successfully", 2);
}

/* And who sent it keeps its place before another. */
static void
test_slow_source (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApRecordingSocket) other = ap_recording_socket_new (fixture->session, AP_RECORDING_JOINS);

  g_assert_true (ap_recording_join (fixture->recording, other));
  settle (fixture);
  __atomic_store_n (&write_takes, 2 * fixture->settings.timeout_seconds * G_USEC_PER_SEC, __ATOMIC_SEQ_CST);
  append_by (fixture, fixture->socket, TRUE);
  append_by (fixture, other, FALSE);
  append_by (fixture, fixture->socket, FALSE);
  expect_message (fixture, "Chunk processed successfully", 1);
  expect_message (fixture, "Failed to process chunk", 1);
  expect_message (fixture, "Chunk processed successfully", 2);
}

#define ADD(name, test) g_test_add ("/recording-answers/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (be_silent, NULL, NULL);
  ADD ("dropped", test_dropped);
  ADD ("sync-failed", test_sync_failed);
  ADD ("end-refused", test_end_refused);
  ADD ("discarded", test_discarded);
  ADD ("slow-sync", test_slow_sync);
  ADD ("slow-chunk", test_slow_chunk);
  ADD ("slow-source", test_slow_source);
  return g_test_run ();
}
