/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-decode: recordings at once, whose audio comes in pieces of a quarter of a second, in turn, and is decoded to
 * 44.1 kHz mono, in three ways: by a decoder of a recording each; by `appsrc ! decodebin` each, with its threads, which
 * gets a piece when it has taken the one before; and by an ffmpeg that is started for each piece (which then is a file
 * of its own). All CPU time of this process, or of its children, counts. Then, what a decoder in use takes of memory.
 * usage: bench-decode [--quick] */
#include "endpoints/recording/decoder/ap-decoder-chain.h"

#include "audio-files.h"

#include <gio/gio.h>
#include <gst/app/app.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define RATE     44100
#define OUT_CAPS "audio/x-raw,format=S16LE,rate=44100,channels=1,layout=interleaved"
#define SECONDS  10
#define PIECES   (4 * SECONDS)
#define SESSIONS 20
#define STARTS   4 /* of ffmpeg in a round */

/* How many times the CPU of ours the others must need. Most of what FLAC, AAC and Opus take is their codec's, which is
 * the same for decodebin: docs/performance.md tells what is reached. */
#define TARGET_DECODEBIN 2
#define TARGET_FFMPEG    20

static const struct {
  AudioFileKind kind;
  ApContainer container;
  guint rate; /* that its encoder takes */
  guint target_kib;
  const char *ffmpeg;
} rows[] = {
  { AUDIO_FILE_MP3, AP_CONTAINER_MP3, RATE, 512, "mp3" },    { AUDIO_FILE_FLAC, AP_CONTAINER_FLAC, RATE, 512, "flac" },
  { AUDIO_FILE_ADTS, AP_CONTAINER_ADTS, RATE, 1536, "aac" }, { AUDIO_FILE_WAV, AP_CONTAINER_WAV, RATE, 512, "wav" },
  { AUDIO_FILE_OGG, AP_CONTAINER_OGG, 48000, 512, "ogg" },
};

typedef struct {
  const char *ffmpeg;
  ApDecoderSpec spec;
  GBytes *file;
  GBytes *piece_file; /* a quarter of a second, for ffmpeg */
} Job;

static gboolean
count (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  *(gsize *)owner += length;
  return TRUE;
}

/* The piece of that number; what is behind the end is empty. */
static GBytes *
piece_of (GBytes *file, gsize number)
{
  gsize length = g_bytes_get_size (file);
  gsize piece = length / PIECES + 1;
  gsize at = MIN (number * piece, length);

  return g_bytes_new_from_bytes (file, at, MIN (piece, length - at));
}

static void
open_all (const Job *job, ApDecoder **decoders, gsize *bytes, guint pieces)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < SESSIONS; i++)
    decoders[i] = ap_decoder_chain_new (&job->spec, count, bytes, &error);
  for (guint number = 0; number < pieces; number++) {
    g_autoptr (GBytes) piece = piece_of (job->file, number);

    for (guint i = 0; i < SESSIONS && error == NULL; i++)
      ap_decoder_feed (decoders[i], g_bytes_get_data (piece, NULL), g_bytes_get_size (piece), &error);
  }
  if (error != NULL)
    g_error ("%s", error->message);
}

/* Returns the seconds of audio that came out. */
static gdouble
run_ours (const Job *job)
{
  ApDecoder *decoders[SESSIONS];
  gsize bytes = 0;

  open_all (job, decoders, &bytes, PIECES);
  for (guint i = 0; i < SESSIONS; i++) {
    if (!ap_decoder_finish (decoders[i], NULL))
      g_error ("a decoder does not finish");
    ap_decoder_free (decoders[i]);
  }
  return (gdouble)bytes / 2 / RATE;
}

typedef struct {
  GstElement *pipeline;
  GstAppSrc *source;
  gsize bytes;
} Decodebin;

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer bytes)
{
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);

  if (sample != NULL)
    *(gsize *)bytes += gst_buffer_get_size (gst_sample_get_buffer (sample));
  return GST_FLOW_OK;
}

static void
decodebin_start (Decodebin *decodebin)
{
  g_autoptr (GstElement) sink = NULL;
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };

  decodebin->bytes = 0;
  decodebin->pipeline = gst_parse_launch (
      "appsrc name=source block=true max-bytes=1 ! decodebin ! audioconvert dithering=none ! audioresample ! " OUT_CAPS
      " ! appsink name=sink sync=false",
      NULL);
  decodebin->source = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (decodebin->pipeline), "source"));
  sink = gst_bin_get_by_name (GST_BIN (decodebin->pipeline), "sink");
  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, &decodebin->bytes, NULL);
  gst_element_set_state (decodebin->pipeline, GST_STATE_PLAYING);
}

static void
decodebin_stop (Decodebin *decodebin)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (decodebin->pipeline);
  g_autoptr (GstMessage) message =
      gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  if (message == NULL || GST_MESSAGE_TYPE (message) != GST_MESSAGE_EOS)
    g_error ("decodebin does not decode this");
  gst_element_set_state (decodebin->pipeline, GST_STATE_NULL);
  gst_object_unref (decodebin->source);
  gst_object_unref (decodebin->pipeline);
}

static gdouble
run_decodebin (const Job *job)
{
  Decodebin decodebins[SESSIONS];
  gsize bytes = 0;

  for (guint i = 0; i < SESSIONS; i++)
    decodebin_start (&decodebins[i]);
  for (guint number = 0; number < PIECES; number++) {
    g_autoptr (GBytes) piece = piece_of (job->file, number);

    for (guint i = 0; i < SESSIONS; i++)
      gst_app_src_push_buffer (decodebins[i].source, gst_buffer_new_wrapped_bytes (piece));
  }
  for (guint i = 0; i < SESSIONS; i++)
    gst_app_src_end_of_stream (decodebins[i].source);
  for (guint i = 0; i < SESSIONS; i++) {
    decodebin_stop (&decodebins[i]);
    bytes += decodebins[i].bytes;
  }
  return (gdouble)bytes / 2 / RATE;
}

static gdouble
run_ffmpeg (const Job *job)
{
  for (guint i = 0; i < STARTS; i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) samples = NULL;
    g_autoptr (GSubprocess) process = g_subprocess_new (
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "ffmpeg", "-hide_banner", "-loglevel",
        "error", "-f", job->ffmpeg, "-i", "pipe:0", "-ar", "44100", "-ac", "1", "-f", "s16le", "pipe:1", NULL);

    if (process == NULL || !g_subprocess_communicate (process, job->piece_file, NULL, &samples, NULL, &error))
      g_error ("ffmpeg: %s", error->message);
    if (!g_subprocess_get_successful (process) || g_bytes_get_size (samples) < RATE / 4)
      g_error ("ffmpeg does not decode %s", job->ffmpeg);
  }
  return STARTS / 4.0;
}

static gdouble
cpu_us_of (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (gdouble)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         (gdouble)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static int
compare (const void *a, const void *b)
{
  gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;

  return (x > y) - (x < y);
}

/* Microseconds of CPU for each second of audio: the median of the rounds, all ways in turn. */
static void
measure (const Job *job, gboolean ffmpeg, guint rounds, gdouble us[3])
{
  static gdouble (*const ways[]) (const Job *job) = { run_ours, run_decodebin, run_ffmpeg };
  gdouble results[3][64];

  for (guint way = 0; way < 2; way++)
    ways[way](job); /* loads what it needs */
  for (guint round = 0; round < rounds; round++)
    for (guint way = 0; way < (ffmpeg ? 3 : 2); way++) {
      gdouble start = cpu_us_of (RUSAGE_SELF) + cpu_us_of (RUSAGE_CHILDREN);
      gdouble seconds = ways[way](job);

      results[way][round] = (cpu_us_of (RUSAGE_SELF) + cpu_us_of (RUSAGE_CHILDREN) - start) / seconds;
    }
  for (guint way = 0; way < 3; way++) {
    qsort (results[way], rounds, sizeof (gdouble), compare);
    us[way] = results[way][rounds / 2];
  }
}

static gdouble
kib_in_use (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return (gdouble)(info.uordblks + info.hblkhd) / 1024;
}

/* In the middle of a stream. */
static gdouble
kib_of_a_decoder (const Job *job)
{
  ApDecoder *decoders[SESSIONS];
  gsize bytes = 0;
  gdouble before = kib_in_use (), after;

  open_all (job, decoders, &bytes, PIECES / 2);
  after = kib_in_use ();
  for (guint i = 0; i < SESSIONS; i++)
    ap_decoder_free (decoders[i]);
  return (after - before) / SESSIONS;
}

static gboolean
bench_row (gsize row, gboolean ffmpeg, guint rounds)
{
  Job job = { rows[row].ffmpeg, { rows[row].container, RATE, 1 }, NULL, NULL };
  gdouble us[3] = { 0 }, kib;
  gboolean met;

  if (!audio_file_can_make (rows[row].kind)) {
    printf ("%-12s there is no encoder\n", audio_file_kind_name (rows[row].kind));
    return TRUE;
  }
  job.file = audio_file_make (rows[row].kind, rows[row].rate, 1, SECONDS);
  job.piece_file = audio_file_make (rows[row].kind, rows[row].rate, 1, 0.26);
  measure (&job, ffmpeg, rounds, us);
  kib = kib_of_a_decoder (&job);
  met = us[1] / us[0] >= TARGET_DECODEBIN && (!ffmpeg || us[2] / us[0] >= TARGET_FFMPEG) && kib <= rows[row].target_kib;
  printf ("%-12s %12.0f %10.1f %10.1f %10.1f %10.0f %10u   %s\n", audio_file_kind_name (rows[row].kind), us[0],
          us[1] / us[0], (gdouble)TARGET_DECODEBIN, us[2] / us[0], kib, rows[row].target_kib, met ? "met" : "NOT MET");
  g_bytes_unref (job.file);
  g_bytes_unref (job.piece_file);
  return met;
}

int
main (int argc, char **argv)
{
  guint rounds = argc > 1 && g_str_equal (argv[1], "--quick") ? 3 : 15;
  g_autofree char *ffmpeg = g_find_program_in_path ("ffmpeg");
  gboolean met = TRUE;

  gst_init (&argc, &argv);
  if (ffmpeg == NULL)
    printf ("ffmpeg is not installed: without it\n");
  printf ("%-12s %12s %10s %10s %10s %10s\n%-12s %12s %10s %10s %10s %10s\n", "", "ours, us of", "decodebin,",
          "ffmpeg,", "KiB of a", "at most", "", "CPU per s", "times ours", "times ours", "decoder", "");
  for (gsize row = 0; row < G_N_ELEMENTS (rows); row++)
    met = bench_row (row, ffmpeg != NULL, rounds) && met;
  printf ("ffmpeg: at least %d times\n", TARGET_FFMPEG);
  return met ? EXIT_SUCCESS : EXIT_FAILURE;
}
