/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recoveries whose decoders are killed, as a machine short of memory does: once is no reason to lose what was
 * acknowledged, and always is no reason to try for ever. This program is its own helper. */
#include "recording-folder.h"

#include "audio-files.h"
#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "test-wait.h"

#include <gst/gst.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define RATE 16000

typedef struct {
  Folder *folder;
  ApDecoderLauncher *launcher;
  char id[AP_RECORDING_ID_LENGTH + 1];
  GBytes *journal; /* before a recovery could change it */
} Fixture;

/* Kills the mother's children as they come. */
typedef struct {
  ApDecoderLauncher *launcher;
  guint most; /* that are killed */
  guint seen; /* the others too */
  gint stop;  /* atomic */
} Killer;

static pid_t
child_of (pid_t mother)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task/%d/children", (int)mother, (int)mother);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? (pid_t)g_ascii_strtoll (text, NULL, 10) : 0;
}

static gpointer
kill_children (gpointer data)
{
  Killer *killer = data;
  pid_t last = 0;

  while (!g_atomic_int_get (&killer->stop)) {
    pid_t mother = ap_decoder_launcher_get_pid (killer->launcher);
    pid_t child = mother > 0 ? child_of (mother) : 0;

    if (child > 0 && child != last) {
      if (killer->seen++ < killer->most)
        kill (child, SIGKILL);
      last = child;
    }
    sched_yield ();
  }
  return NULL;
}

/* A recovery, in which the first @most decoders are killed. Returns how many there were */
static guint
recover (Fixture *fixture, guint most, ApRecordingWriter **writer, GError **error)
{
  g_autofree char *path = folder_path (fixture->folder, fixture->id, ".jnl");
  Killer killer = { fixture->launcher, most };
  GThread *thread;
  guint unreadable;
  gsize length;
  const char *bytes = g_bytes_get_data (fixture->journal, &length);

  g_assert_true (g_file_set_contents_full (path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  thread = g_thread_new ("killer", kill_children, &killer);
  *writer = ap_recording_writer_recover (&fixture->folder->settings, fixture->id, FALSE, &unreadable, error);
  g_atomic_int_set (&killer.stop, 1);
  g_thread_join (thread);
  return killer.seen;
}

/* @chunks pieces of one file, each of which takes its time. */
static GBytes *
record (Fixture *fixture, guint chunks)
{
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, 300);
  g_autofree char *path = NULL;
  gsize length, piece;
  const guint8 *data = g_bytes_get_data (audio, &length);
  ApRecordingWriter *writer = folder_create (fixture->folder, fixture->id, AP_RECORDING_FORMAT_FLAC, RATE, 1);
  char *bytes;

  path = folder_path (fixture->folder, fixture->id, ".jnl");
  piece = (length + chunks - 1) / chunks;
  for (gsize at = 0; at < length; at += piece)
    folder_append (fixture->folder, writer, data + at, MIN (piece, length - at));
  ap_recording_writer_free (writer);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  fixture->journal = g_bytes_new_take (bytes, length);
  writer = folder_recover (fixture->folder, fixture->id);
  return folder_finish (fixture->folder, writer, fixture->id);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = folder_new ();
  fixture->launcher = ap_decoder_launcher_new (AP_SANDBOX_SESSION);
  fixture->folder->settings.launcher = fixture->launcher;
  fixture->folder->settings.max_realtime_factor = 1000000;
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->journal, g_bytes_unref);
  folder_free (fixture->folder);
  ap_decoder_launcher_free (fixture->launcher);
}

static gboolean
can_run (void)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/task/%d/children", (int)getpid ());

  if (audio_file_can_make (AUDIO_FILE_FLAC) && g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_test_skip ("no encoder, or a kernel that does not tell of children");
  return FALSE;
}

/* Two die before a chunk has been decoded, the third is let be. A blow that came too late is struck once more. */
static void
test_some (Fixture *fixture, gconstpointer data)
{
  const guint deaths = GPOINTER_TO_UINT (data);
  gint64 deadline = test_deadline ();
  g_autoptr (GBytes) expected = NULL;
  guint seen = 0;

  if (!can_run ())
    return;
  expected = record (fixture, 2);
  while (seen <= deaths) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) wav = NULL;
    ApRecordingWriter *writer;

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    seen = recover (fixture, deaths, &writer, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 2);
    wav = folder_finish (fixture->folder, writer, fixture->id);
    g_assert_true (g_bytes_equal (wav, expected));
  }
}

/* All die: the last chunk, which need not have been acknowledged, is struck out after three. */
static void
test_last (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = test_deadline ();
  g_autoptr (GBytes) expected = NULL;
  guint64 chunks = 1;

  if (!can_run ())
    return;
  expected = record (fixture, 1);
  while (chunks > 0) {
    g_autoptr (GError) error = NULL;
    ApRecordingWriter *writer;
    guint seen;

    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    seen = recover (fixture, G_MAXUINT, &writer, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (seen, <=, 3);
    chunks = ap_recording_writer_get_info (writer)->total_chunks;
    g_assert_true (chunks == 1 || seen == 3);
    ap_recording_writer_free (writer);
  }
}

/* Before the last: it was acknowledged, and so the recording is left as it is, for another time. */
static void
test_acknowledged (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = test_deadline ();
  g_autoptr (GBytes) expected = NULL;
  g_autoptr (GBytes) wav = NULL;
  g_autoptr (GError) error = NULL;
  ApRecordingWriter *writer = NULL;

  if (!can_run ())
    return;
  expected = record (fixture, 2);
  do {
    g_clear_pointer (&writer, ap_recording_writer_free);
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    recover (fixture, G_MAXUINT, &writer, &error);
  } while (writer != NULL);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  writer = folder_recover (fixture->folder, fixture->id);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 2);
  wav = folder_finish (fixture->folder, writer, fixture->id);
  g_assert_true (g_bytes_equal (wav, expected));
}

/* While it holds what comes out at the end. */
static void
test_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GBytes) audio = NULL;
  g_autoptr (GBytes) expected = NULL;
  g_autoptr (GBytes) wav = NULL;
  ApRecordingWriter *writer;
  pid_t child;

  if (!can_run ())
    return;
  audio = audio_file_make (AUDIO_FILE_FLAC, RATE, 1, 1);
  for (guint i = 0; i < 2; i++) {
    writer = folder_create (fixture->folder, fixture->id, AP_RECORDING_FORMAT_FLAC, RATE, 1);
    folder_append (fixture->folder, writer, g_bytes_get_data (audio, NULL), g_bytes_get_size (audio));
    child = child_of (ap_decoder_launcher_get_pid (fixture->launcher));
    g_assert_cmpint (child, >, 0);
    if (i == 1)
      kill (child, SIGKILL);
    g_clear_pointer (&wav, g_bytes_unref);
    wav = folder_finish (fixture->folder, writer, fixture->id);
    if (i == 0)
      expected = g_steal_pointer (&wav);
  }
  g_assert_true (g_bytes_equal (wav, expected));
}

#define ADD(name, test, data) g_test_add ("/recording-deaths/" name, Fixture, data, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  if (argc > 2 && g_str_equal (argv[1], "--helper"))
    return ap_decoder_mother_main (argc, argv);
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  ADD ("once", test_some, GUINT_TO_POINTER (1));
  ADD ("twice", test_some, GUINT_TO_POINTER (2));
  ADD ("end", test_end, NULL);
  ADD ("always/last", test_last, NULL);
  ADD ("always/acknowledged", test_acknowledged, NULL);
  return g_test_run ();
}
