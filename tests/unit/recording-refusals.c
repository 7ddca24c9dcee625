/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What cannot be decoded, and what may follow it. */
#include "recording-folder.h"

#include "audio-files.h"
#include "scratch.h"

#include <gst/gst.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

static ApRecordingWriter *
begin_again (Folder *folder, ApRecordingWriter *writer, const char *id)
{
  ap_recording_writer_free (writer);
  return folder_recover (folder, id);
}

static void
end (Folder *folder, ApRecordingWriter *writer, const char *id)
{
  g_autoptr (GBytes) wav = folder_finish (folder, writer, id);

  g_assert_cmpuint (g_bytes_get_size (wav), >=, 80);
  folder_free (folder);
}

/* Garbage that was taken, because it was little, keeps refusing what comes after it in pieces that are shorter than a
 * frame; a few refusals later the stream begins anew. */
static void
test_out_of_garbage (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_MP3, 44100, 1);
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_MP3, 44100, 1, 2);
  g_autofree guint8 *garbage = g_malloc (64 * 1024);
  gsize length;
  const guint8 *data = g_bytes_get_data (audio, &length);
  guint refused = 0;

  memset (garbage, 0x55, 64 * 1024);
  for (guint i = 0; i < 64; i++)
    folder_append (folder, writer, garbage + i * 1024, i < 63 ? 1024 : 1000);
  for (gsize at = 0; at + 300 <= length; at += 300)
    refused += !ap_recording_writer_append (writer, data + at, 300, FALSE, folder_on_journaled, folder, NULL);
  g_assert_cmpuint (refused, >, 0);
  g_assert_cmpuint (refused, <, 10);
  writer = begin_again (folder, writer, id);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, >, 44100);
  end (folder, writer, id);
}

/* The rest of a WAV that is refused is no raw samples. */
static void
test_refused_wav (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  static const guint8 adpcm[] =
      "RIFF\xff\xff\xff\xffWAVEfmt \x14\0\0\0\x11\0\1\0\x40\x1f\0\0\xd7\x0f\0\0\0\1\4\0\2\0\xf9\1"
      "data\0\1\0\0";
  g_autoptr (GBytes) wav = audio_file_make (AUDIO_FILE_WAV, 8000, 1, 1);
  gsize length;
  const guint8 *data = g_bytes_get_data (wav, &length);

  folder_refuse (folder, writer, adpcm, sizeof adpcm - 1, AP_RECORDING_ERROR_UNDECODABLE);
  folder_refuse (folder, writer, data + 100, 4096, AP_RECORDING_ERROR_UNDECODABLE);
  folder_refuse (folder, writer, data + 4196, 4096, AP_RECORDING_ERROR_UNDECODABLE);
  folder_append (folder, writer, data, length);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 8000);
  end (folder, writer, id);
}

/* A client that forgot to say what it sends: a file of another format, whose first piece alone tells so. */
static void
test_foreign_file (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);
  g_autoptr (GBytes) flac = audio_file_make (AUDIO_FILE_FLAC, 8000, 1, 1);
  g_autoptr (GBytes) wav = audio_file_make (AUDIO_FILE_WAV, 8000, 1, 1);
  gsize length;
  const guint8 *data = g_bytes_get_data (flac, &length);

  for (gsize at = 0; at < length; at += 1000)
    folder_refuse (folder, writer, data + at, MIN (1000, length - at), AP_RECORDING_ERROR_UNDECODABLE);
  data = g_bytes_get_data (wav, &length);
  folder_append (folder, writer, data, length);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 8000);
  end (folder, writer, id);
}

/* One who sends raw samples goes on with them. */
static void
test_foreign_head_among_samples (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 1);

  folder_append (folder, writer, (const guint8 *)"abcd", 4);
  folder_refuse (folder, writer, (const guint8 *)"fLaC\0\0\0\x22", 8, AP_RECORDING_ERROR_UNDECODABLE);
  folder_append (folder, writer, (const guint8 *)"efgh", 4);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, 4);
  end (folder, writer, id);
}

/* Each refusal costs reading the file once more, up to a bound. */
static void
test_hopeless (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_FLAC, 48000, 2);
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_FLAC, 48000, 2, 20);
  g_autofree guint8 *garbage = g_malloc (512 * 1024);
  gsize length, sent;
  const guint8 *data = g_bytes_get_data (audio, &length);
  guint refused = 0;

  memset (garbage, 0x55, 512 * 1024);
  sent = length / 2;
  folder_append (folder, writer, data, sent);
  for (guint taken = TRUE; taken && refused < 1000; sent += taken) {
    folder_refuse (folder, writer, garbage, 512 * 1024, AP_RECORDING_ERROR_UNDECODABLE);
    refused++;
    taken = ap_recording_writer_append (writer, data + sent, 1, FALSE, folder_on_journaled, folder, NULL);
  }
  g_assert_cmpuint (refused, >, 10);
  g_assert_cmpuint (refused, <=, 2 + (4 * (length + 1000) + 16 * 1024 * 1024) / (length / 2));
  end (folder, writer, id);
}

/* A WAV of one channel that becomes two: what there is no room for is the WAV, not the journal. */
static ApRecordingWriter *
begin_wider (Folder *folder, char *id)
{
  enum { SAMPLES = 160000 };
  static const guint8 head[] =
      "RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\xff\xff\xff\xff";
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_WAV, 8000, 2);
  g_autofree guint8 *file = g_malloc0 (sizeof head - 1 + 2 * SAMPLES);

  memcpy (file, head, sizeof head - 1);
  folder_append (folder, writer, file, sizeof head - 1 + 2 * SAMPLES);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, SAMPLES);
  return writer;
}

/* A disk that has no room now and then. It costs reading the file once more each time, which is not held against it. */
static void
test_no_room_often (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  ApRecordingWriter *writer = begin_wider (folder, id);
  static const guint8 samples[16000];
  struct rlimit before, low;

  getrlimit (RLIMIT_FSIZE, &before);
  low = before;
  low.rlim_cur = ap_recording_writer_get_info (writer)->frames * 4 + 10000;
  for (guint i = 0; i < 70; i++) {
    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &low), ==, 0);
    folder_refuse (folder, writer, samples, sizeof samples, AP_RECORDING_ERROR_NO_SPACE);
  }
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &before), ==, 0);
  folder_append (folder, writer, samples, sizeof samples);
  end (folder, writer, id);
}

/* As long as there is none, what comes is not even tried. What is left here is enough for a journal. */
static void
test_no_room_at_all (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder;
  Scratch scratch;
  ApRecordingWriter *writer;
  static const guint8 samples[2000];
  guint journaled;
  struct stat filler;
  int fd;

  if (!scratch_set_up_small (&scratch, "16m")) {
    g_test_skip ("may not mount");
    return;
  }
  folder = folder_new_at (scratch.fd);
  writer = begin_wider (folder, id);
  scratch_fill (&scratch);
  g_assert_cmpint (fstatat (scratch.fd, "filler", &filler, 0), ==, 0);
  fd = openat (scratch.fd, "filler", O_WRONLY | O_CLOEXEC);
  g_assert_cmpint (ftruncate (fd, filler.st_size - 160 * 1024), ==, 0);
  close (fd);
  while (ap_recording_writer_append (writer, samples, sizeof samples, FALSE, folder_on_journaled, folder, NULL))
    continue;
  journaled = folder->journaled;
  for (guint i = 0; i < 10; i++)
    folder_refuse (folder, writer, samples, sizeof samples, AP_RECORDING_ERROR_NO_SPACE);
  g_assert_cmpuint (folder->journaled, ==, journaled);
  g_assert_cmpint (unlinkat (scratch.fd, "filler", 0), ==, 0);
  folder_append (folder, writer, samples, sizeof samples);
  ap_recording_writer_free (writer);
  folder_free (folder);
}

/* That there is no descriptor for a decoder's process is not the chunk's fault, which was acknowledged: it is there at
 * the next try. */
static void
test_no_descriptor (void)
{
  char id[AP_RECORDING_ID_LENGTH + 1];
  Folder *folder = folder_new ();
  g_autoptr (GBytes) audio = audio_file_make (AUDIO_FILE_MP3, 8000, 1, 1);
  ApRecordingWriter *writer = folder_create (folder, id, AP_RECORDING_FORMAT_MP3, 8000, 1);
  guint64 frames;
  ApDecoderLauncher *processes = ap_decoder_launcher_new (AP_SANDBOX_SESSION);
  g_autoptr (GError) error = NULL;
  struct rlimit before, low;
  guint unreadable;
  int next;

  folder_append (folder, writer, g_bytes_get_data (audio, NULL), g_bytes_get_size (audio));
  frames = ap_recording_writer_get_info (writer)->frames;
  ap_recording_writer_free (writer);
  getrlimit (RLIMIT_NOFILE, &before);
  next = dup (STDERR_FILENO);
  close (next);
  low = before;
  low.rlim_cur = (rlim_t)next + 3; /* the journal, the WAV, and one of two */
  folder->settings.launcher = processes;
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  g_assert_null (ap_recording_writer_recover (&folder->settings, id, FALSE, &unreadable, &error));
  g_test_message ("%s", error->message);
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &before), ==, 0);
  folder->settings.launcher = folder->launcher;
  writer = folder_recover (folder, id);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->total_chunks, ==, 1);
  g_assert_cmpuint (ap_recording_writer_get_info (writer)->frames, ==, frames);
  ap_decoder_launcher_free (processes);
  end (folder, writer, id);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  signal (SIGXFSZ, SIG_IGN);
  g_test_add_func ("/recording-refusals/out-of-garbage", test_out_of_garbage);
  g_test_add_func ("/recording-refusals/refused-wav", test_refused_wav);
  g_test_add_func ("/recording-refusals/foreign-file", test_foreign_file);
  g_test_add_func ("/recording-refusals/foreign-head-among-samples", test_foreign_head_among_samples);
  g_test_add_func ("/recording-refusals/hopeless", test_hopeless);
  g_test_add_func ("/recording-refusals/no-room-often", test_no_room_often);
  g_test_add_func ("/recording-refusals/no-room-at-all", test_no_room_at_all);
  g_test_add_func ("/recording-refusals/no-descriptor", test_no_descriptor);
  return g_test_run ();
}
