/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an acknowledgement costs beside a bare loop that writes and syncs the same bytes at the same times, and what a
 * recording costs in CPU and memory. The storage is --folder, whose disk is what is measured. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <unistd.h>

#include "audio-files.h"
#include "latency.h"
#include "load-recordings.h"
#include "load-wire.h"

#define FILE_SECONDS  10
#define FLOOR_THREADS 4 /* as many syncs as the server has under way */
#define MANY          100

static double seconds = 10;
static int many = MANY;
static gboolean quick;
static gboolean require;
static char *folder;
static gboolean all_met = TRUE;

static const GOptionEntry entries[] = {
  { "seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Measured time of each row (10)", "S" },
  { "recordings", 'n', 0, G_OPTION_ARG_INT, &many, "Recordings at once (100)", "N" },
  { "folder", 'f', 0, G_OPTION_ARG_FILENAME, &folder, "Where files are written (the folder it is started in)", "F" },
  { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "A few recordings, shortly: does it work at all", NULL },
  { "require", 0, 0, G_OPTION_ARG_NONE, &require, "Exit with 1 when a target is missed", NULL },
  { NULL },
};

/* ---- the floor ---- */

typedef struct {
  const char *path;
  gsize chunk;
  guint first, count, all; /* of the recordings that this thread writes */
  gboolean sync;
  gint64 start, end;
  Latency latency;
} Writer;

static void
write_chunk (Writer *self, int fd, const guint8 *chunk, guint n, gint64 due)
{
  if (pwrite (fd, chunk, self->chunk, (off_t)(n * self->chunk)) != (gssize)self->chunk ||
      (self->sync && fdatasync (fd) != 0))
    g_error ("%s: %s", self->path, g_strerror (errno));
  latency_add (&self->latency, wire_now_ns () - due);
}

static gpointer
write_all (gpointer data)
{
  Writer *self = data;
  g_autofree guint8 *chunk = g_malloc0 (self->chunk);
  g_autofree int *fds = g_new (int, self->count);
  gint64 period = G_GINT64_CONSTANT (1000000000) / RECORDING_CHUNKS_PER_SECOND;

  for (guint i = 0; i < self->count; i++) {
    g_autofree char *path = g_strdup_printf ("%s/floor-%u", self->path, self->first + i);

    fds[i] = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_unlink (path);
  }
  for (guint turn = 0;; turn++) {
    guint n = turn / self->count, i = turn % self->count;
    gint64 due = self->start + n * period + (self->first + i) * period / self->all;

    if (due >= self->end)
      break;
    for (gint64 now = wire_now_ns (); now < due; now = wire_now_ns ())
      g_poll (NULL, 0, (int)((due - now) / 1000000));
    write_chunk (self, fds[i], chunk, n, due);
  }
  for (guint i = 0; i < self->count; i++)
    close (fds[i]);
  return NULL;
}

static void
measure_floor (gsize chunk, guint recordings, gboolean sync, RecordingLoadResult *result)
{
  g_autofree Writer *writers = g_new0 (Writer, FLOOR_THREADS);
  GThread *threads[FLOOR_THREADS];
  guint count = MIN (recordings, FLOOR_THREADS);
  Latency *sum = &writers[0].latency;
  gint64 start = wire_now_ns ();

  for (guint i = 0; i < count; i++) {
    guint first = recordings * i / count;

    writers[i] = (Writer){ .path = folder,
                           .chunk = chunk,
                           .first = first,
                           .count = recordings * (i + 1) / count - first,
                           .all = recordings,
                           .sync = sync,
                           .start = start,
                           .end = start + (gint64)(seconds * 1e9) };
    threads[i] = g_thread_new ("floor", write_all, &writers[i]);
  }
  for (guint i = 0; i < count; i++) {
    g_thread_join (threads[i]);
    for (guint k = 0; i > 0 && k < G_N_ELEMENTS (sum->counts); k++)
      sum->counts[k] += writers[i].latency.counts[k];
    sum->total += i > 0 ? writers[i].latency.total : 0;
  }
  *result =
      (RecordingLoadResult){ .p50 = latency_percentile (sum, 50) / 1e6, .p95 = latency_percentile (sum, 95) / 1e6 };
}

/* ---- the server ---- */

static void
remove_storage (const char *path)
{
  g_autoptr (GDir) names = g_dir_open (path, 0, NULL);
  const char *name;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL) {
    g_autofree char *file = g_build_filename (path, name, NULL);

    g_unlink (file);
  }
  g_rmdir (path);
}

static ServerProcess *
start_server (const char *storage, gboolean sync, const char *sandbox)
{
  g_autofree char *path = g_strconcat ("AUDIO_STORAGE_PATH=", storage, NULL);
  g_autofree char *ack = g_strconcat ("RECORDING_ACK=", sync ? "synced" : "written", NULL);
  g_autofree char *decoders = g_strconcat ("DECODER_SANDBOX=", sandbox, NULL);
  const char *const env[] = { path, ack, decoders, "MAX_CONCURRENT_SESSIONS=10000", NULL };

  return server_process_start_with (
      &(ServerSetup){ .program = AUDIO_SERVER, .args = (const char *const[]){ "--no-log-frames", NULL }, .env = env });
}

/* One recording comes before those that are measured: what the server keeps from its first on is not their cost. */
static void
measure_server (AudioFileKind kind, const char *query, guint recordings, gboolean sync, const char *sandbox,
                RecordingLoadResult *result)
{
  g_autoptr (GBytes) file = audio_file_make (kind, 44100, 1, FILE_SECONDS);
  g_autofree char *storage = g_build_filename (folder, "bench-recordings-XXXXXX", NULL);
  ServerProcess *server;
  RecordingLoad *load;

  if (g_mkdtemp (storage) == NULL)
    g_error ("%s: %s", storage, g_strerror (errno));
  server = start_server (storage, sync, sandbox);
  load = recording_load_open (server, query, file, FILE_SECONDS, 1);
  recording_load_send (load, 0.5, result);
  recording_load_close (load);
  load = recording_load_open (server, query, file, FILE_SECONDS, recordings);
  recording_load_send (load, seconds, result);
  recording_load_close (load);
  server_process_free (server);
  remove_storage (storage);
}

/* ---- the tables ---- */

static void
run_latency_row (guint recordings, gboolean sync)
{
  RecordingLoadResult floor_result, result;

  measure_floor (44100 * 2 / RECORDING_CHUNKS_PER_SECOND, recordings, sync, &floor_result);
  measure_server (AUDIO_FILE_PCM, "format=wav", recordings, sync, "off", &result);
  g_print ("| %-7s | %10u | %9.2f | %9.2f | %6.2f | %6.2f | %4.1f | %4.1f | %10.2f | %12.0f |\n",
           sync ? "synced" : "written", recordings, floor_result.p50, floor_result.p95, result.p50, result.p95,
           result.p50 / floor_result.p50, result.p95 / floor_result.p95, result.sender_p99, result.cpu_per_chunk);
}

typedef struct {
  AudioFileKind kind;
  const char *query;
  const char *sandbox;
  double most_kib; /* 0: no target */
} CostRow;

static void
run_cost_row (const CostRow *row)
{
  RecordingLoadResult result;
  gboolean met;

  if (!audio_file_can_make (row->kind))
    return;
  measure_server (row->kind, row->query, (guint)many, FALSE, row->sandbox, &result);
  met = row->most_kib == 0 || quick || result.kib <= row->most_kib;
  all_met = all_met && met;
  g_print ("| %-28s | %-7s | %12.0f | %14.0f | %14.0f | %s |\n", row->query, row->sandbox, result.cpu_per_chunk,
           result.times_realtime, result.kib, met ? "" : "**missed**");
}

static void
run_tables (void)
{
  static const CostRow rows[] = {
    { AUDIO_FILE_PCM, "format=wav", "off", 512 },
    { AUDIO_FILE_MP3, "format=mp3", "off", 512 },
    { AUDIO_FILE_MP3, "format=mp3&sample_rate=16000", "off", 512 },
    { AUDIO_FILE_FLAC, "format=flac", "off", 512 },
    { AUDIO_FILE_ADTS, "format=aac", "off", 1536 },
    { AUDIO_FILE_MP3, "format=mp3", "pool", 0 },
    { AUDIO_FILE_MP3, "format=mp3", "session", 0 },
    { AUDIO_FILE_ADTS, "format=aac", "session", 0 },
  };

  g_print (
      "Acknowledgements of raw samples, 44.1 kHz mono, a chunk of 100 ms ten times a second; in milliseconds from "
      "the time when a chunk was to be\nsent. The floor is pwrite, and fdatasync for synced, of the same bytes at "
      "the same times by a loop in %d threads.\n\n"
      "| ack     | recordings | floor p50 | floor p95 |    p50 |    p95 | x p50 | x p95 | sender p99 | CPU us/chunk |\n"
      "|---------|-----------:|----------:|----------:|-------:|-------:|-----:|-----:|-----------:|-------------:|\n",
      FLOOR_THREADS);
  run_latency_row (1, TRUE);
  run_latency_row (1, FALSE);
  run_latency_row ((guint)many, TRUE);
  run_latency_row ((guint)many, FALSE);
  g_print ("\n%d recordings, acknowledged when written. Memory is the server's and its children's, with its share of "
           "what they share.\n\n"
           "| recording                    | sandbox | CPU us/chunk | x real time/core | KiB/recording | targets |\n"
           "|------------------------------|---------|-------------:|---------------:|--------------:|---------|\n",
           many);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    run_cost_row (&rows[i]);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- what recordings cost");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 64;
  }
  gst_init (NULL, NULL);
  if (quick) {
    seconds = 0.5;
    many = 5;
  }
  folder = folder != NULL ? folder : g_get_current_dir ();
  run_tables ();
  return all_met || !require ? 0 : 1;
}
