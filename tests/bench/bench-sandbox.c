/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-sandbox: what it costs to decode in a process of its own: time for each chunk beside decoding in this process,
 * time until a decoder is there, and memory. */
#include "audio-files.h"
#include "endpoints/recording/decoder/ap-decoder-chain.h"
#include "endpoints/recording/decoder/ap-decoder-launcher.h"
#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "endpoints/recording/decoder/ap-decoder-process.h"

#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK  4096
#define ROUNDS 15
/* Decoders that are open at once while memory is measured. */
#define OPEN 10

static const struct {
  AudioFileKind kind;
  ApContainer container;
} formats[] = {
  { AUDIO_FILE_MP3, AP_CONTAINER_MP3 }, { AUDIO_FILE_FLAC, AP_CONTAINER_FLAC }, { AUDIO_FILE_ADTS, AP_CONTAINER_ADTS },
  { AUDIO_FILE_MP4, AP_CONTAINER_MP4 }, { AUDIO_FILE_OGG, AP_CONTAINER_OGG },   { AUDIO_FILE_WEBM, AP_CONTAINER_WEBM },
};

typedef enum { READY, WALL, SERVER, CHILD, MEASURES } Measure; /* microseconds; all but the first for a chunk */

typedef struct {
  GArray *rounds[MEASURES];
} Result;

static gboolean
ignore_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  return TRUE;
}

static gdouble
cpu_us (clockid_t clock)
{
  struct timespec time = { 0 };

  clock_gettime (clock, &time);
  return (gdouble)time.tv_sec * 1e6 + (gdouble)time.tv_nsec / 1e3;
}

static ApDecoder *
open_decoder (ApDecoderLauncher *launcher, ApContainer container)
{
  ApDecoderSpec spec = { container, 16000, 1 };
  g_autoptr (GError) error = NULL;
  ApDecoder *decoder = ap_decoder_launcher_open (launcher, &spec, ignore_pcm, NULL, &error);

  if (decoder == NULL)
    g_error ("%s", error->message);
  return decoder;
}

static guint
feed_all (ApDecoder *decoder, GBytes *file)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (file, &length);
  guint chunks = 0;

  for (gsize at = 0; at < length; at += CHUNK, chunks++)
    g_assert_true (ap_decoder_feed (decoder, data + at, MIN (CHUNK, length - at), NULL));
  g_assert_true (ap_decoder_finish (decoder, NULL));
  return chunks;
}

static void
add (Result *result, Measure measure, gdouble value)
{
  if (result->rounds[measure] == NULL)
    result->rounds[measure] = g_array_new (FALSE, FALSE, sizeof value);
  g_array_append_val (result->rounds[measure], value);
}

static void
run_round (ApDecoderLauncher *launcher, gboolean here, guint format, GBytes *file, Result *result)
{
  gint64 since = g_get_monotonic_time ();
  g_autoptr (ApDecoder) decoder = open_decoder (launcher, formats[format].container);
  gdouble server = cpu_us (CLOCK_THREAD_CPUTIME_ID), child = 0;
  clockid_t clock = CLOCK_THREAD_CPUTIME_ID;
  guint chunks;

  add (result, READY, (gdouble)(g_get_monotonic_time () - since));
  if (!here && clock_getcpuclockid (ap_decoder_process_get_pid (decoder), &clock) == 0)
    child = cpu_us (clock);
  since = g_get_monotonic_time ();
  chunks = feed_all (decoder, file);
  add (result, WALL, (gdouble)(g_get_monotonic_time () - since) / chunks);
  add (result, SERVER, (cpu_us (CLOCK_THREAD_CPUTIME_ID) - server) / chunks);
  add (result, CHILD, here ? 0 : (cpu_us (clock) - child) / chunks);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gdouble difference = *(const gdouble *)a - *(const gdouble *)b;

  return (difference > 0) - (difference < 0);
}

static gdouble
median (Result *result, Measure measure)
{
  g_array_sort (result->rounds[measure], compare);
  return g_array_index (result->rounds[measure], gdouble, result->rounds[measure]->len / 2);
}

static guint64
read_memory (pid_t pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  const char *line;

  g_file_get_contents (path, &text, NULL, NULL);
  line = text != NULL ? strstr (text, name) : NULL;
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

/* Of one of OPEN decoders that have all decoded the file, in KiB. */
static void
measure_memory (ApDecoderLauncher *launcher, guint format, GBytes *file, guint64 *pss, guint64 *private)
{
  ApDecoder *decoders[OPEN];
  pid_t pid;

  for (guint i = 0; i < OPEN; i++) {
    decoders[i] = open_decoder (launcher, formats[format].container);
    feed_all (decoders[i], file);
  }
  pid = ap_decoder_process_get_pid (decoders[0]);
  *pss = read_memory (pid, "Pss:");
  *private = read_memory (pid, "Private_Dirty:");
  for (guint i = 0; i < OPEN; i++)
    ap_decoder_free (decoders[i]);
}

static void
run_format (ApDecoderLauncher *off, ApDecoderLauncher *on, guint format, guint rounds)
{
  g_autoptr (GBytes) file = audio_file_make (formats[format].kind, 48000, 2, 20);
  Result here = { 0 }, there = { 0 };
  guint64 pss, private;
  gdouble cost;

  for (guint i = 0; i < rounds; i++) {
    run_round (off, TRUE, format, file, &here);
    run_round (on, FALSE, format, file, &there);
  }
  measure_memory (on, format, file, &pss, &private);
  cost = median (&there, SERVER) + median (&there, CHILD);
  g_print ("%-6s %7.0f %9.0f %8.0f %7.2f %7.0f %7.0f %8.1f %7" G_GUINT64_FORMAT " %8" G_GUINT64_FORMAT "\n",
           audio_file_kind_name (formats[format].kind), median (&here, SERVER), median (&there, SERVER),
           median (&there, CHILD), cost / median (&here, SERVER), median (&here, WALL), median (&there, WALL),
           median (&there, READY) / 1000, pss, private);
  for (Measure i = 0; i < MEASURES; i++) {
    g_array_unref (here.rounds[i]);
    g_array_unref (there.rounds[i]);
  }
}

int
main (int argc, char **argv)
{
  gboolean quick = argc > 1 && g_str_equal (argv[1], "--quick");
  g_autoptr (ApDecoderLauncher) off = NULL, on = NULL;

  if (argc > 2 && g_str_equal (argv[1], "--helper"))
    return ap_decoder_mother_main (argc, argv);
  gst_init (NULL, NULL);
  off = ap_decoder_launcher_new (AP_SANDBOX_OFF);
  on = ap_decoder_launcher_new (AP_SANDBOX_SESSION);
  g_print (
      "20 s of stereo at 48 kHz to 16 kHz, in chunks of %u bytes; median of %u interleaved rounds. CPU time in this\n"
      "process alone; then in the server's thread and the decoder's process, and both beside it; wall clock of a\n"
      "chunk here and there (us); until a decoder's process is ready (ms); memory of one of %u (KiB).\n"
      "%-6s %7s %9s %8s %7s %7s %7s %8s %7s %8s\n",
      CHUNK, quick ? 3 : ROUNDS, OPEN, "", "here", "server", "process", "times", "wall", "wall", "ready", "PSS",
      "private");
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (audio_file_can_make (formats[i].kind))
      run_format (off, on, i, quick ? 3 : ROUNDS);
  return EXIT_SUCCESS;
}
