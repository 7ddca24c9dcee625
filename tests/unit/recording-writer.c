/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chunks of every format through a writer, whose process ends in the middle, with garbage between them: the WAV is
 * always that of an undisturbed run. */
#include "recording-folder.h"

#include "audio-files.h"
#include "base/ap-uuid.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static const struct {
  const char *name;
  AudioFileKind kind;
  ApRecordingFormat format;
  guint from_rate, from_channels, rate, channels;
} cases[] = {
  { "pcm", AUDIO_FILE_PCM, AP_RECORDING_FORMAT_WAV, 44100, 2, 44100, 2 },
  { "wav", AUDIO_FILE_WAV, AP_RECORDING_FORMAT_WAV, 44100, 1, 44100, 1 },
  { "wav-converted", AUDIO_FILE_WAV, AP_RECORDING_FORMAT_WAV, 48000, 2, 16000, 1 },
  { "mp3", AUDIO_FILE_MP3, AP_RECORDING_FORMAT_MP3, 44100, 1, 44100, 1 },
  { "mp3-converted", AUDIO_FILE_MP3, AP_RECORDING_FORMAT_MP3, 44100, 2, 16000, 1 },
  { "flac", AUDIO_FILE_FLAC, AP_RECORDING_FORMAT_FLAC, 48000, 2, 48000, 2 },
  { "adts", AUDIO_FILE_ADTS, AP_RECORDING_FORMAT_AAC, 44100, 1, 44100, 1 },
  { "mp4", AUDIO_FILE_MP4, AP_RECORDING_FORMAT_AAC, 44100, 1, 44100, 1 },
  { "ogg", AUDIO_FILE_OGG, AP_RECORDING_FORMAT_OGG, 48000, 1, 48000, 1 },
  { "webm", AUDIO_FILE_WEBM, AP_RECORDING_FORMAT_WEBM, 48000, 1, 16000, 1 },
};

/* How a run is disturbed after each of its chunks. */
typedef ApRecordingWriter *(*Disturb) (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk);

static GBytes *
record (Folder *folder, guint i, GBytes *audio, Disturb disturb)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  gsize length;
  const guint8 *data = g_bytes_get_data (audio, &length);
  ApRecordingWriter *writer = folder_create (folder, id, cases[i].format, cases[i].rate, cases[i].channels);
  g_autoptr (GRand) rand = g_rand_new_with_seed (i);
  guint chunks = 0;

  for (gsize at = 0, n; at < length; at += n) {
    n = (gsize)g_rand_int_range (rand, 1, 9000);
    n = MIN (n, length - at);
    folder_append (folder, writer, data + at, n);
    g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, ++chunks);
    if (disturb != NULL)
      writer = disturb (folder, writer, id, chunks);
    g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, chunks);
    g_assert_cmpuint (ap_recording_writer_get_info (writer)->bytes_received, ==, at + n);
  }
  return folder_finish (folder, writer, id);
}

/* The process ends: the files are as they are. */
static ApRecordingWriter *
end_process (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk)
{
  ap_recording_writer_free (writer);
  return folder_recover (folder, id);
}

static ApRecordingWriter *
end_process_at_times (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk)
{
  return chunk % 5 == 3 ? end_process (folder, writer, id, chunk) : writer;
}

/* And leaves a record that was not written to its end. */
static ApRecordingWriter *
tear (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk)
{
  g_autofree char *path = folder_path (folder, id, ".jnl");
  int fd;

  if (chunk % 4 != 1)
    return writer;
  ap_recording_writer_free (writer);
  fd = open (path, O_WRONLY | O_APPEND);
  g_assert_cmpint (write (fd, "CHNK\200\0\0\0and more", 16), ==, 16);
  close (fd);
  return folder_recover (folder, id);
}

static ApRecordingWriter *
lose_wav (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk)
{
  g_autofree char *path = folder_path (folder, id, ".wav");

  if (chunk != 6)
    return writer;
  ap_recording_writer_free (writer);
  g_assert_cmpint (g_unlink (path), ==, 0);
  return folder_recover (folder, id);
}

static void
test_disturbed (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  static const Disturb disturbances[] = { end_process, end_process_at_times, tear, lose_wav };
  g_autoptr (GBytes) audio = NULL;
  g_autoptr (GBytes) expected = NULL;
  Folder *folder;

  if (!audio_file_can_make (cases[i].kind)) {
    g_test_skip ("the encoder is not installed");
    return;
  }
  folder = folder_new ();
  audio = audio_file_make (cases[i].kind, cases[i].from_rate, cases[i].from_channels, 2);
  expected = record (folder, i, audio, NULL);
  g_assert_cmpuint (g_bytes_get_size (expected), >, cases[i].rate * cases[i].channels * 2 * 19 / 10);
  g_assert_cmpuint (folder->journaled, >, 0);
  for (guint k = 0; k < G_N_ELEMENTS (disturbances); k++) {
    g_autoptr (GBytes) got = record (folder, i, audio, disturbances[k]);

    g_assert_true (g_bytes_equal (got, expected));
  }
  folder_free (folder);
}

static ApRecordingWriter *
send_garbage (Folder *folder, ApRecordingWriter *writer, const char *id, guint chunk)
{
  g_autofree guint8 *garbage = g_malloc (200 * 1024);
  g_autoptr (GRand) rand = g_rand_new_with_seed (chunk);

  if (chunk % 3 != 2)
    return writer;
  for (gsize i = 0; i < 200 * 1024; i++)
    garbage[i] = (guint8)(g_rand_int (rand) & 0x7f); /* no frame's sync word */
  folder_refuse (folder, writer, garbage, 200 * 1024, AP_RECORDING_ERROR_UNDECODABLE);
  return chunk % 2 == 0 ? end_process (folder, writer, id, chunk) : writer;
}

static void
test_garbage (void)
{
  static const guint compressed[] = { 3, 4, 6 };

  for (guint k = 0; k < G_N_ELEMENTS (compressed); k++) {
    guint i = compressed[k];
    g_autoptr (GBytes) audio = NULL;
    g_autoptr (GBytes) expected = NULL;
    g_autoptr (GBytes) got = NULL;
    Folder *folder;

    if (!audio_file_can_make (cases[i].kind))
      continue;
    folder = folder_new ();
    audio = audio_file_make (cases[i].kind, cases[i].from_rate, cases[i].from_channels, 2);
    expected = record (folder, i, audio, NULL);
    got = record (folder, i, audio, send_garbage);
    g_assert_true (g_bytes_equal (got, expected));
    folder_free (folder);
  }
}

/* Raw samples begin their journal anew, in the middle of a frame as well. */
static void
test_rotation (void)
{
  Folder *folder = folder_new ();
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_PCM, 44100, 2, 2);
  g_autoptr (GBytes) expected = record (folder, 0, audio, NULL);
  g_autoptr (GBytes) got = NULL;
  g_autoptr (GBytes) killed = NULL;

  folder->settings.rotate_bytes = 20000;
  got = record (folder, 0, audio, NULL);
  g_assert_true (g_bytes_equal (got, expected));
  killed = record (folder, 0, audio, end_process);
  g_assert_true (g_bytes_equal (killed, expected));
  folder_free (folder);
}

static void
append (Folder *folder, ApRecordingWriter *writer, GBytes *chunk)
{
  folder_append (folder, writer, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk));
}

static void
refuse (Folder *folder, ApRecordingWriter *writer, GBytes *chunk, int code)
{
  folder_refuse (folder, writer, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk), code);
}

static void
test_quota (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer;
  g_autofree guint8 *silence = g_malloc0 (16000 * 40);
  g_autoptr (GBytes) wav = NULL;

  folder->settings.max_seconds = 60;
  writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  folder_append (folder, writer, silence, 16000 * 40);
  folder_refuse (folder, writer, silence, 16000 * 40, AP_RECORDING_ERROR_QUOTA);
  folder_append (folder, writer, silence, 16000 * 10);
  folder_allow (folder, writer, 16000 * 51 + 1000); /* with the heads of the journal's records */
  folder_refuse (folder, writer, silence, 16000 * 2, AP_RECORDING_ERROR_QUOTA);
  folder_append (folder, writer, silence, 16000);
  writer = end_process (folder, writer, id, 0);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 8000 * 51);
  wav = folder_finish (folder, writer, id);
  g_assert_cmpuint (g_bytes_get_size (wav), ==, 80 + 16000 * 51);
  folder_free (folder);
}

/* Two minutes of silence in a few bytes, and then a second that has its time. */
static void
test_out_of_proportion (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  g_autoptr (GBytes) silence = audio_file_make (AUDIO_FILE_FLAC_SILENCE, 8000, 1, 120);
  g_autoptr (GBytes) second = audio_file_make (AUDIO_FILE_FLAC, 8000, 1, 1);
  ApRecordingWriter *writer;

  folder->settings.max_realtime_factor = 1;
  writer = folder_create (folder, id, AP_RECORDING_FORMAT_FLAC, 8000, 1);
  refuse (folder, writer, silence, AP_RECORDING_ERROR_QUOTA);
  append (folder, writer, second);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* A file comes as fast as the line is. */
static void
test_upload (void)
{
  enum { MINUTE = 16000 * 60 };
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  g_autofree guint8 *silence = g_malloc0 (MINUTE);
  g_autoptr (GBytes) wav = NULL;
  ApRecordingWriter *writer;

  folder->settings.max_realtime_factor = 1;
  writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  for (guint i = 0; i < 10; i++)
    folder_append (folder, writer, silence, MINUTE);
  writer = end_process (folder, writer, id, 0);
  wav = folder_finish (folder, writer, id);
  g_assert_cmpuint (g_bytes_get_size (wav), ==, 80 + 10 * MINUTE);
  folder_free (folder);
}

static goffset
size_of (Folder *folder, const char *id, const char *suffix)
{
  g_autofree char *path = folder_path (folder, id, suffix);
  GStatBuf about;

  g_assert_cmpint (g_stat (path, &about), ==, 0);
  return about.st_size;
}

/* Of a chunk that is refused while it is decoded nothing goes on counting; and what counts is the longer file: here the
 * WAV, there the journal. */
static void
test_claims (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  g_autoptr (GBytes) silence = audio_file_make (AUDIO_FILE_FLAC_SILENCE, 8000, 1, 120);
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_FLAC, 8000, 1);

  folder->settings.max_realtime_factor = 1000000;
  folder_allow (folder, writer, 16000 * 180);
  append (folder, writer, silence);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, >, 8000 * 60);
  g_assert_cmpuint (folder->claimed, ==, ap_recording_writer_get_info (writer)->frames * 2);
  refuse (folder, writer, silence, AP_RECORDING_ERROR_QUOTA);
  g_assert_cmpuint (folder->claimed, ==, ap_recording_writer_get_info (writer)->frames * 2);
  ap_recording_writer_free (writer);

  writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  folder_allow (folder, writer, 10000);
  for (guint i = 0; i < 100; i++)
    folder_append (folder, writer, (const guint8 *)"ab", 2);
  g_assert_cmpuint (folder->claimed, ==, size_of (folder, id, ".jnl"));
  g_assert_cmpuint (ap_recording_writer_get_bytes (writer), ==, folder->claimed);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* What gives no sample has a place in the journal all the same. */
static void
test_quota_of_tags (void)
{
  enum { TAG = 100000 };
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_MP3, 8000, 1);
  g_autofree guint8 *tag = g_malloc0 (TAG);

  memcpy (tag, "ID3\4\0\0\0\6\15\26", 10); /* the other 99,990 bytes */
  folder_allow (folder, writer, 3 * TAG);
  folder_append (folder, writer, tag, TAG);
  folder_append (folder, writer, tag, TAG);
  folder_refuse (folder, writer, tag, TAG, AP_RECORDING_ERROR_QUOTA);
  folder_allow (folder, writer, 4 * TAG);
  folder_append (folder, writer, tag, TAG);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* Nothing comes after the end, which a recovery knows of. */
static void
test_end (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  g_autoptr (GError) error = NULL;

  folder_append (folder, writer, (const guint8 *)"1234", 4);
  g_assert_true (ap_recording_writer_finish (writer, &error));
  folder_refuse (folder, writer, (const guint8 *)"1234", 4, AP_RECORDING_ERROR_CLOSED);
  g_assert_false (ap_recording_writer_finish (writer, NULL));
  ap_recording_writer_free (writer);
  writer = folder_recover (folder, id);
  g_assert_cmpint (ap_recording_writer_get_info (writer)->status, ==, AP_RECORDING_COMPLETED);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 1);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 2);
  g_assert_cmpstr (ap_recording_writer_get_info (writer)->user_id, ==, "somebody");
  ap_recording_writer_free (writer);
  g_assert_true (ap_recording_writer_remove (folder->settings.folder_fd, id, &error));
  g_assert_null (ap_recording_writer_recover (&folder->settings, id, FALSE, &(guint){ 0 }, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND);
  folder_free (folder);
}

/* What is refused is not kept, and that it was refused is synced like a chunk. */
static void
test_refused_bytes (void)
{
  enum { MUCH = 16000 * 61 };
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer;
  g_autofree guint8 *silence = g_malloc0 (MUCH);

  folder->settings.max_seconds = 60;
  writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  folder_append (folder, writer, silence, 16000);
  g_assert_cmpuint (folder->journaled, ==, 1);
  for (guint i = 0; i < 5; i++)
    folder_refuse (folder, writer, silence, MUCH, AP_RECORDING_ERROR_QUOTA);
  g_assert_cmpuint (folder->journaled, ==, 11);
  g_assert_cmpint (size_of (folder, id, ".jnl"), <, 20000);
  folder_append (folder, writer, silence, 16000);
  writer = end_process (folder, writer, id, 0);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 2);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 16000);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* A server that is to end does not first read for minutes. */
static void
test_stopping (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  gint stopping = 1;
  guint unreadable;
  g_autoptr (GError) error = NULL;

  folder_append (folder, writer, (const guint8 *)"1234", 4);
  ap_recording_writer_free (writer);
  folder->settings.stopping = &stopping;
  g_assert_null (ap_recording_writer_recover (&folder->settings, id, FALSE, &unreadable, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED);
  stopping = 0;
  writer = folder_recover (folder, id);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 1);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* Only the first half of a rejection is there. */
static void
test_torn_rejection (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  g_autofree guint8 *silence = g_malloc0 (16000 * 61);
  g_autofree char *path = folder_path (folder, id, ".jnl");

  folder->settings.max_seconds = 60;
  folder_refuse (folder, writer, silence, 16000 * 61, AP_RECORDING_ERROR_QUOTA);
  ap_recording_writer_free (writer);
  g_assert_cmpint (truncate (path, size_of (folder, id, ".jnl") - 32), ==, 0);
  writer = folder_recover (folder, id);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 0);
  folder_append (folder, writer, silence, 16000);
  writer = end_process (folder, writer, id, 0);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 1);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* What was taken under wider limits is still there when they are narrower. */
static void
test_narrower_limits (void)
{
  enum { CHUNK = 16000 * 40 };
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  g_autofree guint8 *silence = g_malloc0 (CHUNK);
  g_autoptr (GBytes) wav = NULL;

  folder->settings.max_realtime_factor = 1000000;
  for (guint i = 0; i < 3; i++)
    folder_append (folder, writer, silence, CHUNK);
  folder->settings.max_realtime_factor = 1;
  folder->settings.max_seconds = 50;
  writer = end_process (folder, writer, id, 0);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 3);
  folder_refuse (folder, writer, silence, 2, AP_RECORDING_ERROR_QUOTA);
  wav = folder_finish (folder, writer, id);
  g_assert_cmpuint (g_bytes_get_size (wav), ==, 80 + 3 * CHUNK);
  folder_free (folder);
}

/* A journal that cannot be begun anew is no reason to refuse a chunk, which it has. */
static void
test_no_rotation (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  g_autofree char *in_the_way = folder_path (folder, id, ".jnl.new");
  guint8 silence[1000] = { 0 };
  g_autoptr (GBytes) wav = NULL;

  folder->settings.rotate_bytes = 3000;
  ap_recording_writer_free (writer);
  writer = folder_recover (folder, id);
  g_assert_cmpint (g_mkdir (in_the_way, 0700), ==, 0);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*journal gets longer*");
  for (guint i = 1; i <= 4; i++) {
    folder_append (folder, writer, silence, sizeof silence);
    g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, i);
  }
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_rmdir (in_the_way), ==, 0);
  folder_append (folder, writer, silence, sizeof silence);
  folder_append (folder, writer, silence, sizeof silence);
  g_assert_cmpint (size_of (folder, id, ".jnl"), <, 3000);
  wav = folder_finish (folder, writer, id);
  g_assert_cmpuint (g_bytes_get_size (wav), ==, 80 + 6 * sizeof silence);
  folder_free (folder);
}

/* The clock was set back since the beginning: times do not go back, and the recording goes on. */
static void
test_clock_set_back (void)
{
  const gint64 later = g_get_real_time () + G_TIME_SPAN_HOUR;
  ApRecordingInfo info = { .format = AP_RECORDING_FORMAT_WAV, .sample_rate = 8000, .channels = 1 };
  Folder *folder = folder_new ();
  ApRecordingWriter *writer;
  g_autoptr (GError) error = NULL;

  ap_uuid_new (info.id);
  info.created_us = info.updated_us = later;
  writer = ap_recording_writer_create (&folder->settings, &info, &error);
  g_assert_no_error (error);
  folder_append (folder, writer, (const guint8 *)"1234", 4);
  g_assert_cmpint (ap_recording_writer_get_info (writer)->updated_us, >=, later);
  g_assert_true (ap_recording_writer_finish (writer, &error));
  g_assert_cmpint (ap_recording_writer_get_info (writer)->completed_us, >=, later);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

static gint64 set_forward; /* how far the wall's clock is wrong */

/* The linker takes this before GLib's. */
gint64
g_get_real_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_REALTIME, &now);
  return now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000 + set_forward;
}

/* The clock is set while a recording lasts: it has no more time by that, nor less. */
static void
test_clock_set_meanwhile (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_FLAC, 8000, 1);
  g_autoptr (GBytes) silence = audio_file_make (AUDIO_FILE_FLAC_SILENCE, 8000, 1, 120);
  g_autoptr (GBytes) second = audio_file_make (AUDIO_FILE_FLAC, 8000, 1, 1);
  gint64 updated_us;

  folder->settings.max_realtime_factor = 1;
  append (folder, writer, second);
  updated_us = ap_recording_writer_get_info (writer)->updated_us;
  set_forward = G_TIME_SPAN_HOUR;
  refuse (folder, writer, silence, AP_RECORDING_ERROR_QUOTA);
  set_forward = -G_TIME_SPAN_HOUR;
  append (folder, writer, second);
  g_assert_cmpint (ap_recording_writer_get_info (writer)->updated_us, >, updated_us);
  g_assert_cmpint (ap_recording_writer_get_info (writer)->updated_us, <, updated_us + G_TIME_SPAN_HOUR / 2);
  set_forward = 0;
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* Where it cannot be written down that a chunk was refused, nothing comes behind it: else the next process would count
 * what this one did not. */
static void
test_no_rejection (void)
{
  enum { GARBAGE = 200 * 1024 };
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_MP3, 8000, 1);
  g_autofree guint8 *garbage = g_malloc0 (GARBAGE);
  struct rlimit before, low;

  memset (garbage, 'x', GARBAGE);
  getrlimit (RLIMIT_FSIZE, &before);
  low = before;
  low.rlim_cur = (rlim_t)size_of (folder, id, ".jnl");
  folder_on_refusal = &low;
  folder_refuse (folder, writer, garbage, GARBAGE, AP_RECORDING_ERROR_STORAGE);
  folder_on_refusal = NULL;
  setrlimit (RLIMIT_FSIZE, &before);
  folder_refuse (folder, writer, garbage, 10, AP_RECORDING_ERROR_CLOSED);
  writer = end_process (folder, writer, id, 0);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 0);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  signal (SIGXFSZ, SIG_IGN);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/recording-writer/disturbed/", cases[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_disturbed);
  }
  g_test_add_func ("/recording-writer/garbage", test_garbage);
  g_test_add_func ("/recording-writer/rotation", test_rotation);
  g_test_add_func ("/recording-writer/quota", test_quota);
  g_test_add_func ("/recording-writer/out-of-proportion", test_out_of_proportion);
  g_test_add_func ("/recording-writer/upload", test_upload);
  g_test_add_func ("/recording-writer/claims", test_claims);
  g_test_add_func ("/recording-writer/quota-of-tags", test_quota_of_tags);
  g_test_add_func ("/recording-writer/end", test_end);
  g_test_add_func ("/recording-writer/refused-bytes", test_refused_bytes);
  g_test_add_func ("/recording-writer/stopping", test_stopping);
  g_test_add_func ("/recording-writer/torn-rejection", test_torn_rejection);
  g_test_add_func ("/recording-writer/narrower-limits", test_narrower_limits);
  g_test_add_func ("/recording-writer/no-rotation", test_no_rotation);
  g_test_add_func ("/recording-writer/clock-set-back", test_clock_set_back);
  g_test_add_func ("/recording-writer/clock-set-meanwhile", test_clock_set_meanwhile);
  g_test_add_func ("/recording-writer/no-rejection", test_no_rejection);
  return g_test_run ();
}
