/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Others read our WAV files, whole, past 4 GiB, and half-way, when samples that do not count yet lie behind a
 * checkpoint: Python's wave, GStreamer's wavparse and, where they are, ffprobe and sox. */
#include "endpoints/recording/files/ap-wav-file.h"

#include "scratch.h"

#include <gst/gst.h>
#include <string.h>

#define ID       "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"
#define RATE     16000
#define CHANNELS 2
#define FRAMES   10000

static void
write_frames (ApWavFile *file, guint n)
{
  g_autofree gint16 *samples = g_new (gint16, n * CHANNELS);

  for (guint i = 0; i < n * CHANNELS; i++)
    samples[i] = GINT16_TO_LE ((gint16)i);
  g_assert_true (ap_wav_file_write (file, (const guint8 *)samples, n * CHANNELS * sizeof *samples, NULL));
}

/* FRAMES that count, and noise behind them. */
static ApWavFile *
make_half_way (Scratch *scratch)
{
  ApWavFile *file = ap_wav_file_create (scratch->fd, ID, RATE, CHANNELS, NULL);

  g_assert_nonnull (file);
  write_frames (file, FRAMES);
  ap_wav_file_commit (file);
  write_frames (file, FRAMES / 2);
  g_assert_true (ap_wav_file_checkpoint (file, NULL));
  return file;
}

/* Sox counts these sizes in 32 bits, looks for what may follow the samples in the middle of them, and walks eight GiB
 * of zeros, each eight of which it takes for an empty chunk. Samples that look like a chunk of 4 GiB take it to the
 * end. */
static void
plant_chunks (int fd, guint64 data_bytes)
{
  static const guint8 chunk[8] = { 's', 't', 'e', 'p', 0xf0, 0xff, 0xff, 0xff };

  for (guint64 at = data_bytes & G_MAXUINT32; at < data_bytes; at += sizeof chunk + 0xfffffff0)
    g_assert_cmpint (pwrite (fd, chunk, sizeof chunk, AP_WAV_HEADER_LENGTH + (off_t)at), ==, sizeof chunk);
}

/* A sparse file: 9 GiB less a few bytes, and FRAMES. Returns how many frames it has. */
static guint64
make_large (Scratch *scratch)
{
  g_autoptr (ApWavFile) file = ap_wav_file_create (scratch->fd, ID, RATE, CHANNELS, NULL);
  guint64 frames = ((G_GUINT64_CONSTANT (9) << 30) - 1000) / 4;
  int fd = openat (scratch->fd, ID ".wav", O_RDWR | O_CLOEXEC);

  g_assert_nonnull (file);
  g_assert_cmpint (ftruncate (fd, AP_WAV_HEADER_LENGTH + (off_t)frames * 4), ==, 0);
  plant_chunks (fd, (frames + FRAMES) * 4);
  close (fd);
  g_clear_pointer (&file, ap_wav_file_free);
  file = ap_wav_file_open (scratch->fd, ID, RATE, CHANNELS, frames, NULL);
  g_assert_nonnull (file);
  write_frames (file, FRAMES);
  ap_wav_file_commit (file);
  g_assert_true (ap_wav_file_finish (file, NULL));
  return frames + FRAMES;
}

/* (transfer full): what the program prints, with {} replaced by the file's name; NULL, and the test skipped: there is
 * none */
static char *
output_of (Scratch *scratch, const char *const *command)
{
  g_autofree char *path = g_build_filename (scratch->path, ID ".wav", NULL);
  g_autofree char *program = g_find_program_in_path (command[0]);
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  char *output = NULL;
  int status = -1;

  if (program == NULL) {
    g_test_skip ("not installed");
    return NULL;
  }
  for (; *command != NULL; command++)
    g_ptr_array_add (arguments, g_str_equal (*command, "{}") ? path : (char *)*command);
  g_ptr_array_add (arguments, NULL);
  g_spawn_sync (NULL, (char **)arguments->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  return g_strchomp (output);
}

static const char *const python[] = { "python3", "-c",
                                      "import sys, wave\n"
                                      "file = wave.open(sys.argv[1])\n"
                                      "print(*file.getparams()[:4], len(file.readframes(10 ** 9)))",
                                      "{}", NULL };
static const char *const ffprobe[] = {
  "ffprobe", "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=sample_rate,channels,duration_ts", "{}", NULL
};
static const char *const sox[] = { "sox", "--i", "-s", "{}", NULL };

static void
test_python (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = make_half_way (scratch);

  for (guint i = 0; i < 2; i++) {
    g_autofree char *output = output_of (scratch, python);
    if (output == NULL)
      return;
    g_assert_cmpstr (output, ==, "2 2 16000 10000 40000");
    g_assert_true (ap_wav_file_finish (file, NULL));
  }
}

static void
assert_frames (Scratch *scratch, const char *const *command, const char *before, guint64 frames)
{
  g_autofree char *expected = g_strdup_printf ("%s%" G_GUINT64_FORMAT, before, frames);
  g_autofree char *output = output_of (scratch, command);

  if (output != NULL)
    g_assert_cmpstr (output, ==, expected);
}

static void
test_ffprobe (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = make_half_way (scratch);

  assert_frames (scratch, ffprobe, "16000,2,", FRAMES);
  g_assert_true (ap_wav_file_finish (file, NULL));
  assert_frames (scratch, ffprobe, "16000,2,", FRAMES);
}

static void
test_ffprobe_large (Scratch *scratch, gconstpointer data)
{
  assert_frames (scratch, ffprobe, "16000,2,", make_large (scratch));
}

static void
test_sox (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = make_half_way (scratch);

  assert_frames (scratch, sox, "", FRAMES);
}

static void
test_sox_large (Scratch *scratch, gconstpointer data)
{
  assert_frames (scratch, sox, "", make_large (scratch));
}

/* ---- GStreamer ----------------------------------------------------------------------------------------------------
 */

static GstElement *
parse (Scratch *scratch)
{
  g_autofree char *description = g_strdup_printf ("filesrc location=%s/" ID ".wav ! wavparse ! audio/x-raw,rate=16000,"
                                                  "channels=2,format=S16LE ! fakesink name=sink sync=false "
                                                  "signal-handoffs=true",
                                                  scratch->path);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error);

  g_assert_no_error (error);
  return pipeline;
}

static void
check_samples (GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer data)
{
  guint64 *samples = data;
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize at = 0; at + 1 < map.size; at += 2, (*samples)++)
    g_assert_cmpint ((gint16)GST_READ_UINT16_LE (map.data + at), ==, (gint16)*samples);
  gst_buffer_unmap (buffer, &map);
}

/* To the end; returns how many frames came. */
static guint64
play (Scratch *scratch)
{
  g_autoptr (GstElement) pipeline = parse (scratch);
  g_autoptr (GstElement) sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  g_autoptr (GstMessage) message = NULL;
  guint64 samples = 0;

  g_signal_connect (sink, "handoff", G_CALLBACK (check_samples), &samples);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, 30 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_nonnull (message);
  g_assert_cmpstr (GST_MESSAGE_TYPE_NAME (message), ==, "eos");
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return samples / CHANNELS;
}

static void
test_gstreamer (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = make_half_way (scratch);

  g_assert_cmpuint (play (scratch), ==, FRAMES);
  g_assert_true (ap_wav_file_finish (file, NULL));
  g_assert_cmpuint (play (scratch), ==, FRAMES);
}

#define ADD(name, test) g_test_add ("/wav-readers/" name, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("python", test_python);
  ADD ("ffprobe", test_ffprobe);
  ADD ("ffprobe/large", test_ffprobe_large);
  ADD ("sox", test_sox);
  ADD ("sox/large", test_sox_large);
  ADD ("gstreamer", test_gstreamer);
  return g_test_run ();
}
