/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Recordings whose journals the disk has damaged: no number goes back, what is whole is heard, and the recording tells
 * that it lacks something. */
#include "recording-folder.h"

#include "audio-files.h"

#include <dlfcn.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 3001 /* odd: samples are cut */

static const struct {
  const char *name;
  AudioFileKind kind;
  ApRecordingFormat format;
  gboolean survives_its_head; /* what comes behind a lost beginning is audio all the same */
} cases[] = {
  { "pcm", AUDIO_FILE_PCM, AP_RECORDING_FORMAT_WAV, TRUE },
  { "wav", AUDIO_FILE_WAV, AP_RECORDING_FORMAT_WAV, FALSE },
  { "mp3", AUDIO_FILE_MP3, AP_RECORDING_FORMAT_MP3, TRUE },
  { "flac", AUDIO_FILE_FLAC, AP_RECORDING_FORMAT_FLAC, FALSE },
  { "adts", AUDIO_FILE_ADTS, AP_RECORDING_FORMAT_AAC, TRUE },
  { "mp4", AUDIO_FILE_MP4_FAST, AP_RECORDING_FORMAT_AAC, FALSE },
  { "ogg", AUDIO_FILE_OGG, AP_RECORDING_FORMAT_OGG, FALSE },
  { "webm", AUDIO_FILE_WEBM, AP_RECORDING_FORMAT_WEBM, FALSE },
};

static guint reports;

/* Warnings are what is expected here; those of damage are counted. */
static GLogWriterOutput
count_reports (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  for (gsize i = 0; i < n; i++)
    reports += g_str_equal (fields[i].key, "MESSAGE") && strstr (fields[i].value, "the disk has lost") != NULL;
  return G_LOG_WRITER_HANDLED;
}

typedef struct {
  Folder *folder;
  char id[AP_RECORDING_ID_LENGTH + 1];
  ApRecordingWriter *writer;
  GArray *places; /* goffset: where each chunk's record begins */
} Run;

static goffset
journal_length (Run *run)
{
  g_autofree char *path = folder_path (run->folder, run->id, ".jnl");
  GStatBuf about;

  g_assert_cmpint (g_stat (path, &about), ==, 0);
  return about.st_size;
}

static void
begin (Run *run, guint i)
{
  run->folder = folder_new ();
  run->writer = folder_create (run->folder, run->id, cases[i].format, 48000, 1);
  run->places = g_array_new (FALSE, FALSE, sizeof (goffset));
}

static void
end (Run *run)
{
  g_array_unref (run->places);
  folder_free (run->folder);
}

/* Each chunk is on the disk when the next one comes. */
static void
send (Run *run, GBytes *audio, gsize from, gsize to)
{
  const guint8 *data = g_bytes_get_data (audio, NULL);

  for (gsize at = from; at < to; at += CHUNK) {
    goffset place = journal_length (run);

    g_array_append_val (run->places, place);
    folder_append (run->folder, run->writer, data + at, MIN (CHUNK, to - at));
    g_assert_true (ap_recording_writer_sync (run->writer, NULL));
  }
}

/* One bit of the payload, when nobody has the file open. */
static void
damage (Run *run, guint chunk)
{
  g_autofree char *path = folder_path (run->folder, run->id, ".jnl");
  g_autofree char *bytes = NULL;
  gsize length;

  ap_recording_writer_free (run->writer);
  g_assert_true (g_file_get_contents (path, &bytes, &length, NULL));
  bytes[g_array_index (run->places, goffset, chunk) + 40] ^= 1;
  g_assert_true (g_file_set_contents_full (path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void
recover (Run *run, guint *unreadable)
{
  g_autoptr (GError) error = NULL;

  run->writer = ap_recording_writer_recover (&run->folder->settings, run->id, FALSE, unreadable, &error);
  g_assert_no_error (error);
}

/* For a folder without a file: the name is gone too. */
static void
assert_removed (Run *run)
{
  static const char *const suffixes[] = { ".wav", ".jnl", ".jnl.damaged" };

  g_assert_true (ap_recording_writer_remove (run->folder->settings.folder_fd, run->id, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (suffixes); i++) {
    g_autofree char *path = folder_path (run->folder, run->id, suffixes[i]);

    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  }
}

/* The writer's recording ends; what is known of it then is known in the next process too. */
static void
finish (Run *run, guint64 damaged)
{
  g_autoptr (GBytes) wav = folder_finish (run->folder, run->writer, run->id);
  g_autofree char *aside = folder_path (run->folder, run->id, ".jnl.damaged");

  g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
  run->writer = folder_recover (run->folder, run->id);
  g_assert_cmpuint (ap_recording_writer_get_info (run->writer)->damaged_chunks, ==, damaged);
  ap_recording_writer_free (run->writer);
  assert_removed (run);
}

/* Raw samples: there is silence of the same length, and the samples behind it are as they were. */
static void
test_silence (void)
{
  Run run;
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_PCM, 48000, 1, 1);
  g_autofree guint8 *expected = NULL;
  g_autofree char *path = NULL;
  g_autofree char *wav = NULL;
  gsize length, wav_length;
  guint unreadable;
  const guint8 *data = g_bytes_get_data (audio, &length);

  begin (&run, 0);
  path = folder_path (run.folder, run.id, ".wav");
  send (&run, audio, 0, CHUNK * 20);
  damage (&run, 7);
  reports = 0;
  recover (&run, &unreadable);
  g_assert_cmpuint (reports, ==, 1);
  g_assert_cmpuint (ap_recording_writer_get_info (run.writer)->total_chunks, ==, 20);
  g_assert_cmpuint (ap_recording_writer_get_info (run.writer)->damaged_chunks, ==, 1);
  g_assert_cmpuint (ap_recording_writer_get_info (run.writer)->bytes_received, ==, CHUNK * 20);
  send (&run, audio, CHUNK * 20, length);
  g_assert_true (ap_recording_writer_checkpoint (run.writer, NULL));
  g_assert_true (g_file_get_contents (path, &wav, &wav_length, NULL));
  expected = g_memdup2 (data, length);
  memset (expected + CHUNK * 7, 0, CHUNK);
  g_assert_cmpmem (wav + 80, length, expected, length);
  finish (&run, 1);
  end (&run);
}

/* A chunk that was refused leaves an empty one, which tells nothing of what was before it. */
static void
test_before_refusal (void)
{
  Run run;
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_PCM, 48000, 1, 1);
  guint8 refused[CHUNK] = { 0 };
  guint64 frames;

  begin (&run, 0);
  send (&run, audio, 0, CHUNK * 8);
  run.folder->settings.max_seconds = 0;
  folder_refuse (run.folder, run.writer, refused, CHUNK, AP_RECORDING_ERROR_QUOTA);
  run.folder->settings.max_seconds = 3600;
  g_assert_true (ap_recording_writer_sync (run.writer, NULL));
  send (&run, audio, CHUNK * 8, CHUNK * 20);
  frames = ap_recording_writer_get_info (run.writer)->frames;
  damage (&run, 7);
  run.writer = folder_recover (run.folder, run.id);
  g_assert_cmpuint (ap_recording_writer_get_info (run.writer)->frames, ==, frames);
  ap_recording_writer_free (run.writer);
  end (&run);
}

static int link_error; /* 0: there are links */

/* The linker takes this before libc's. */
int
linkat (int from_folder, const char *from, int to_folder, const char *to, int flags)
{
  static int (*real) (int, const char *, int, const char *, int);

  if (link_error != 0) {
    errno = link_error;
    return -1;
  }
  if (real == NULL)
    *(void **)&real = dlsym (RTLD_NEXT, "linkat");
  return real (from_folder, from, to_folder, to, flags);
}

/* Where a file cannot have two names, nothing is left of a damaged journal; where it has none for another reason, the
 * journal is kept. */
static void
test_no_links (gconstpointer data)
{
  Run run;
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_PCM, 48000, 1, 1);
  g_autoptr (GBytes) wav = NULL;
  g_autofree char *aside = NULL;
  goffset length;
  guint unreadable;

  begin (&run, 0);
  aside = folder_path (run.folder, run.id, ".jnl.damaged");
  send (&run, audio, 0, CHUNK * 20);
  damage (&run, 7);
  recover (&run, &unreadable);
  length = journal_length (&run);
  link_error = GPOINTER_TO_INT (data);
  wav = folder_finish (run.folder, run.writer, run.id);
  link_error = 0;
  if (data == GINT_TO_POINTER (EIO))
    g_assert_cmpint (journal_length (&run), >=, length);
  else
    g_assert_cmpint (journal_length (&run), <, 1000);
  g_assert_false (g_file_test (aside, G_FILE_TEST_EXISTS));
  end (&run);
}

/* As it was before the damage: a number of frames. */
static guint64
send_two_files (Run *run, GBytes *audio)
{
  gsize length = g_bytes_get_size (audio);

  send (run, audio, 0, length);
  send (run, audio, 0, length);
  return ap_recording_writer_get_info (run->writer)->frames;
}

static void
test_format (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  g_autoptr (GBytes) audio = NULL;

  if (!audio_file_can_make (cases[i].kind)) {
    g_test_skip ("the encoder is not installed");
    return;
  }
  audio = audio_file_make (cases[i].kind, 48000, 1, 2);
  for (guint head = 0; head < 2; head++) {
    Run run;
    guint64 frames, chunks;
    guint unreadable;
    const ApRecordingInfo *info;

    begin (&run, i);
    frames = send_two_files (&run, audio);
    chunks = ap_recording_writer_get_info (run.writer)->total_chunks;
    damage (&run, head == 1 ? 0 : (guint)chunks / 4);
    recover (&run, &unreadable);
    info = ap_recording_writer_get_info (run.writer);
    g_assert_cmpuint (info->total_chunks, ==, chunks);
    g_assert_cmpuint (info->damaged_chunks, ==, 1);
    g_test_message ("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " frames, %u unreadable", cases[i].name,
                    info->frames, frames, unreadable);
    /* the second file is whole */
    g_assert_cmpuint (info->frames, >=, frames * (head == 0 || cases[i].survives_its_head ? 6 : 4) / 10);
    send (&run, audio, 0, g_bytes_get_size (audio));
    g_assert_cmpuint (ap_recording_writer_get_info (run.writer)->total_chunks, ==, chunks * 3 / 2);
    finish (&run, 1);
    end (&run);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (count_reports, NULL, NULL);
  g_test_add_func ("/recording-damage/silence", test_silence);
  g_test_add_func ("/recording-damage/before-refusal", test_before_refusal);
  g_test_add_data_func ("/recording-damage/no-links/permitted", GINT_TO_POINTER (EPERM), test_no_links);
  g_test_add_data_func ("/recording-damage/no-links/supported", GINT_TO_POINTER (EOPNOTSUPP), test_no_links);
  g_test_add_data_func ("/recording-damage/no-links/many", GINT_TO_POINTER (EMLINK), test_no_links);
  g_test_add_data_func ("/recording-damage/no-links/fault", GINT_TO_POINTER (EIO), test_no_links);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strconcat ("/recording-damage/format/", cases[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_format);
  }
  return g_test_run ();
}
