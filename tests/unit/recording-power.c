/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A recording whose machine loses its power at any moment, within any call that changes a file, many thousand times:
 * what was acknowledged is there, once and in its place, and when the client has sent the rest the WAV is that of an
 * undisturbed run. What it tells of at any moment is the beginning of that.
 * AP_TEST_SEED and AP_TEST_WORLDS: from which on, and how many. */
#include "decoder-deaths.h"
#include "power-cut-calls.h"
#include "recording-folder.h"

#include "audio-files.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/files/ap-wav-file.h"
#include "scratch.h"

#include <gst/gst.h>
#include <string.h>

#define RATE     8000
#define CHANNELS 2
#define LIVES    8

typedef struct {
  const char *name;
  ApRecordingFormat format;
  AudioFileKind kind;
  gdouble seconds; /* of a file */
  guint worlds;
  GBytes *files[3];
} Material;

/* Syncs begin, are done, and end; in between goes on what may. */
typedef enum { IDLE, BEGUN, DONE } Syncing;

typedef struct {
  const Material *material;
  Scratch *scratch;
  Folder *folder;
  GRand *chance;
  PowerDisk disk;
  gboolean kills;
  guint deaths;      /* of decoders, in a row */
  GPtrArray *chunks; /* of GBytes: what the client has to send, in its order */
  GBytes *expected;  /* the WAV of an undisturbed run */
  char id[AP_RECORDING_ID_LENGTH + 1];
  ApRecordingWriter *writer;
  guint64 taken, acked; /* chunks, as the client knows */
  guint64 most;         /* that may be found afterwards: one more while it is not sure that it was not taken */
  guint64 promised, telling, calls, calls_promised;
  Syncing syncing;
  guint refusals; /* in a row */
  gboolean created, ending, ended, broken;
  gboolean appending, journaled; /* a chunk is, and is in the journal already */
} World;

static gboolean
happens (World *world, gint32 one_in)
{
  return g_rand_int_range (world->chance, 0, one_in) == 0;
}

/* ---- What is sent -------------------------------------------------------------------------------------------------
 */

static GBytes *
some_samples (World *world)
{
  gsize length = (gsize)g_rand_int_range (world->chance, 1, 1 << g_rand_int_range (world->chance, 1, 13));
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)(g_rand_int (world->chance) & 0x7f); /* begins nothing else */
  return g_bytes_new_take (bytes, length);
}

static void
add_file (World *world, GBytes *file)
{
  gsize length = g_bytes_get_size (file);

  for (gsize at = 0, n; at < length; at += n) {
    n = (gsize)g_rand_int_range (world->chance, 1, 1 << g_rand_int_range (world->chance, 2, 13));
    n = MIN (n, length - at);
    g_ptr_array_add (world->chunks, g_bytes_new_from_bytes (file, at, n));
  }
}

/* Raw samples come first, if they come. */
static void
add_chunks (World *world)
{
  guint raw = world->material->format == AP_RECORDING_FORMAT_WAV ? (guint)g_rand_int_range (world->chance, 0, 100) : 0;
  guint files = world->material->files[0] != NULL ? (guint)g_rand_int_range (world->chance, 1, 4) : 0;

  for (guint i = 0; i < raw && (files == 0 || i < 8); i++)
    g_ptr_array_add (world->chunks, some_samples (world));
  for (guint i = 0; i < files; i++)
    add_file (world,
              world->material->files[g_rand_int_range (world->chance, 0, G_N_ELEMENTS (world->material->files))]);
}

/* ---- Syncs --------------------------------------------------------------------------------------------------------
 */

static void
promise (World *world)
{
  world->promised = world->taken + (world->journaled ? 1 : 0);
  world->telling = ap_recording_writer_get_info (world->writer)->frames;
  world->calls_promised = world->appending ? G_MAXUINT64 : world->calls;
}

static void
acknowledge (World *world)
{
  world->acked = MAX (world->acked, MIN (world->promised, world->taken));
  if (world->calls == world->calls_promised && !world->appending)
    world->most = world->taken;
}

static void
sync_by_itself (World *world)
{
  promise (world);
  if (ap_recording_writer_sync (world->writer, NULL))
    acknowledge (world);
  else
    world->broken = TRUE;
}

static void
sync_on (World *world)
{
  if (world->syncing == IDLE && happens (world, 2)) {
    sync_by_itself (world);
  } else if (world->syncing == IDLE) {
    promise (world);
    ap_recording_writer_sync_begins (world->writer);
    world->syncing = BEGUN;
  } else if (world->syncing == BEGUN) {
    power_sync_all ();
    world->syncing = DONE;
  } else {
    world->broken |= !ap_recording_writer_sync_ends (world->writer, NULL);
    ap_recording_writer_tell (world->writer, world->telling, NULL);
    if (!power_is_over () && !world->broken)
      acknowledge (world);
    world->syncing = IDLE;
  }
}

/* Within a chunk, as the syncer's threads do. */
static void
sync_at_times (World *world)
{
  while (!power_is_over () && !world->broken && happens (world, 4))
    if (happens (world, 4))
      ap_recording_writer_checkpoint (world->writer, NULL);
    else
      sync_on (world);
}

/* ---- A life -------------------------------------------------------------------------------------------------------
 */

static gboolean
claim (gpointer owner, guint64 bytes, GError **error)
{
  World *world = owner;

  if (world->appending)
    sync_at_times (world);
  if (!world->appending || !happens (world, 40))
    return TRUE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "more than the test allows");
  return FALSE;
}

static void
on_journaled (gpointer owner)
{
  World *world = owner;

  world->journaled = TRUE;
  sync_at_times (world);
}

/* What the world has done to the disk, or the test to the writer, and nothing else. */
static void
assert_excused (World *world, const GError *error)
{
  gboolean storage = g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE) ||
                     g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED);

  world->broken |= storage;
  if (power_is_over () || g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA) ||
      (world->kills && g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED)) ||
      (world->disk.fails && storage) ||
      (world->disk.fills && (storage || g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE))))
    return;
  g_assert_no_error (error);
}

static gboolean
append (World *world, GBytes *chunk, GError **error)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (chunk, &length);
  gboolean taken;

  world->calls++;
  world->appending = TRUE;
  taken = ap_recording_writer_append (world->writer, data, length, FALSE, on_journaled, world, error);
  world->appending = world->journaled = FALSE;
  if (!taken)
    world->promised = MIN (world->promised, world->taken);
  return taken;
}

static void
send_next (World *world)
{
  g_autoptr (GError) error = NULL;

  world->most = world->taken + 1;
  if (append (world, g_ptr_array_index (world->chunks, world->taken), &error) && !power_is_over ()) {
    world->most = ++world->taken;
    world->refusals = 0;
  } else {
    assert_excused (world, error);
  }
}

/* What is no audio, and a file of an unknown kind. After more of it MP3 would begin anew. */
static guint8 text[200 * 1024];

static void
send_garbage (World *world)
{
  static const guint8 foreign[] = "OggS\0\2\0\0\0\0\0\0\0\0\0\0", wave[] =
                                                                      "RIFF\x24\0\1\0WAVEfmt \x10\0\0\0\x34\x12\1\0"
                                                                      "\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\1\0";
  gboolean raw = world->material->format == AP_RECORDING_FORMAT_WAV;
  gboolean mp3 = world->material->format == AP_RECORDING_FORMAT_MP3; /* FLAC may take it for metadata */
  g_autoptr (GBytes) chunk = raw && happens (world, 2)   ? g_bytes_new_static (wave, sizeof wave - 1)
                             : mp3 && happens (world, 4) ? g_bytes_new_static (text, sizeof text)
                                                         : g_bytes_new_static (foreign, sizeof foreign - 1);
  g_autoptr (GError) error = NULL;

  if (world->taken == 0 || ++world->refusals > 2)
    return;
  g_assert_false (append (world, chunk, &error));
  if (!g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE))
    assert_excused (world, error);
}

static void
finish (World *world)
{
  g_autoptr (GError) error = NULL;

  world->ending = TRUE;
  if (!ap_recording_writer_finish (world->writer, &error)) {
    assert_excused (world, error);
  } else if (!power_is_over ()) {
    world->ended = TRUE;
    world->acked = world->taken;
  }
  world->broken |= world->ended;
}

static void
go_on (World *world)
{
  guint32 what = (guint32)g_rand_int_range (world->chance, 0, 20);

  if (what < 10 && world->taken < world->chunks->len)
    send_next (world);
  else if (what < 2)
    finish (world);
  else if (what < 17)
    sync_on (world);
  else if (what < 19)
    ap_recording_writer_checkpoint (world->writer, NULL);
  else
    send_garbage (world);
}

/* ---- Its end, and the next ----------------------------------------------------------------------------------------
 */

static GByteArray *
get_file (World *world, const char *suffix)
{
  g_autofree char *name = g_strconcat (world->id, suffix, NULL);

  return scratch_get (world->scratch, name);
}

/* What it tells of is there, and is how the undisturbed run begins. */
static void
check_wav (World *world)
{
  g_autoptr (GByteArray) wav = get_file (world, ".wav");
  gsize length;
  const guint8 *expected = g_bytes_get_data (world->expected, &length);
  guint64 told;
  guint rate, channels;

  g_assert_nonnull (wav);
  g_assert_true (ap_wav_header_read (wav->data, wav->len, &rate, &channels, &told));
  g_assert_cmpuint (rate, ==, RATE);
  g_assert_cmpuint (AP_WAV_HEADER_LENGTH + told, <=, wav->len);
  g_assert_cmpuint (AP_WAV_HEADER_LENGTH + told, <=, length);
  g_assert_cmpint (memcmp (wav->data + AP_WAV_HEADER_LENGTH, expected + AP_WAV_HEADER_LENGTH, told), ==, 0);
}

static void
check_info (World *world)
{
  const ApRecordingInfo *info = ap_recording_writer_get_info (world->writer);
  g_autoptr (GByteArray) left = get_file (world, ".jnl.new");
  guint64 bytes = 0;

  g_assert_null (left);
  g_assert_cmpuint (info->total_chunks, >=, world->acked);
  g_assert_cmpuint (info->total_chunks, <=, MAX (world->most, world->acked));
  g_assert_cmpuint (info->damaged_chunks, ==, 0);
  for (guint64 i = 0; i < info->total_chunks; i++)
    bytes += g_bytes_get_size (g_ptr_array_index (world->chunks, i));
  g_assert_cmpuint (info->bytes_received, ==, bytes);
  if (info->status == AP_RECORDING_COMPLETED)
    g_assert_true (world->ending);
  else
    g_assert_false (world->ended);
  world->broken = world->ended = info->status == AP_RECORDING_COMPLETED;
  world->ending = world->ended;
  world->taken = world->acked = world->most = info->total_chunks;
  g_assert_true (!world->ended || world->taken == world->chunks->len);
}

static void
create (World *world)
{
  ApRecordingInfo info = { .format = world->material->format, .sample_rate = RATE, .channels = CHANNELS };
  g_autoptr (GError) error = NULL;

  ap_uuid_new (info.id);
  g_strlcpy (world->id, info.id, sizeof world->id);
  info.created_us = info.updated_us = g_get_real_time () - 1000;
  world->writer = ap_recording_writer_create (&world->folder->settings, &info, &error);
  if (world->writer == NULL)
    assert_excused (world, error);
  world->created = world->writer != NULL && !power_is_over ();
  if (!world->created)
    world->broken = TRUE;
}

static void
recover (World *world)
{
  g_autoptr (GError) error = NULL;
  guint unreadable = 0;

  world->writer = ap_recording_writer_recover (&world->folder->settings, world->id, FALSE, &unreadable, &error);
  if (world->writer == NULL)
    assert_excused (world, error);
  world->broken = world->writer == NULL || power_is_over ();
  if (world->broken)
    return;
  g_assert_cmpuint (unreadable, ==, 0);
  check_info (world);
}

static void
begin_life (World *world)
{
  decoder_deaths_begin (world->kills ? world->chance : NULL);
  world->syncing = IDLE;
  world->broken = FALSE;
  if (world->created)
    recover (world);
  else
    create (world);
  if (world->writer != NULL)
    ap_recording_writer_set_claim (world->writer, claim, world);
}

/* Of what is not there yet nobody has been told. */
static void
forget (World *world)
{
  g_assert_true (ap_recording_writer_remove (world->folder->settings.folder_fd, world->id, NULL));
  power_sync_all ();
}

static void
end_life (World *world)
{
  g_clear_pointer (&world->writer, ap_recording_writer_free);
  power_cut ((PowerEnd)g_rand_int_range (world->chance, 0, POWER_ENDS));
  if (world->created)
    check_wav (world);
  else
    forget (world);
}

static void
live (World *world)
{
  guint n = (guint)g_rand_int_range (world->chance, 0, 60);

  if (!happens (world, 4))
    power_arm ((guint)g_rand_int_range (world->chance, 1, 1 << g_rand_int_range (world->chance, 2, 9)),
               (PowerEnd)g_rand_int_range (world->chance, 0, POWER_ENDS));
  begin_life (world);
  while (n-- > 0 && !world->broken && !power_is_over ())
    go_on (world);
  end_life (world);
}

/* Once more, and nothing changes. */
static void
recover_again (World *world)
{
  g_autoptr (GByteArray) journal = get_file (world, ".jnl"), wav = get_file (world, ".wav");
  g_autoptr (GByteArray) journal_then = NULL, wav_then = NULL;

  g_clear_pointer (&world->writer, ap_recording_writer_free);
  recover (world);
  journal_then = get_file (world, ".jnl");
  wav_then = get_file (world, ".wav");
  g_assert_cmpmem (journal_then->data, journal_then->len, journal->data, journal->len);
  g_assert_cmpmem (wav_then->data, wav_then->len, wav->data, wav->len);
}

/* With a disk that does its work. */
static void
live_to_the_end (World *world)
{
  g_autoptr (GByteArray) wav = NULL;

  power_be_kind (TRUE);
  world->disk = (PowerDisk){ 0 };
  world->kills = FALSE;
  begin_life (world);
  if (world->created && !world->ended)
    recover_again (world);
  while (world->taken < world->chunks->len)
    send_next (world);
  if (!world->ended)
    finish (world);
  g_assert_true (world->ended);
  recover_again (world);
  wav = get_file (world, ".wav");
  g_assert_cmpmem (wav->data, wav->len, g_bytes_get_data (world->expected, NULL), g_bytes_get_size (world->expected));
  g_clear_pointer (&world->writer, ap_recording_writer_free);
}

static GBytes *
record_undisturbed (World *world)
{
  ApRecordingWriter *writer;

  world->folder->settings.rotate_bytes = G_MAXINT;
  writer = folder_create (world->folder, world->id, world->material->format, RATE, CHANNELS);
  for (guint i = 0; i < world->chunks->len; i++) {
    GBytes *chunk = g_ptr_array_index (world->chunks, i);

    folder_append (world->folder, writer, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk));
  }
  return folder_finish (world->folder, writer, world->id);
}

static void
begin_world (World *world, const Material *material, guint32 seed)
{
  World fresh = { material, world->scratch, world->folder, g_rand_new_with_seed (seed) };

  *world = fresh;
  world->chunks = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
}

static void
end_world (World *world)
{
  power_end ();
  g_clear_pointer (&world->writer, ap_recording_writer_free);
  g_assert_true (ap_recording_writer_remove (world->scratch->fd, world->id, NULL));
  g_ptr_array_unref (world->chunks);
  g_clear_pointer (&world->expected, g_bytes_unref);
  g_rand_free (world->chance);
}

static void
run_world (World *world)
{
  world->disk = (PowerDisk){ happens (world, 2), happens (world, 3), happens (world, 3) };
  world->kills = happens (world, 3);
  add_chunks (world);
  world->expected = record_undisturbed (world);
  g_assert_true (ap_recording_writer_remove (world->scratch->fd, world->id, NULL));
  world->folder->settings.rotate_bytes = 1 << g_rand_int_range (world->chance, 8, 16);
  power_begin (world->folder->settings.folder_fd, world->scratch->path, world->chance, &world->disk);
  for (guint i = 0; i < LIVES; i++)
    live (world);
  live_to_the_end (world);
}

static Material materials[] = {
  { "raw", AP_RECORDING_FORMAT_WAV, AUDIO_FILE_KINDS, 0, 300 },
  { "wav", AP_RECORDING_FORMAT_WAV, AUDIO_FILE_WAV, 0.2, 100 },
  { "flac", AP_RECORDING_FORMAT_FLAC, AUDIO_FILE_FLAC, 1.5, 40 },
  { "mp3", AP_RECORDING_FORMAT_MP3, AUDIO_FILE_MP3, 0.3, 30 },
};

static void
test_any_moment (World *world, gconstpointer data)
{
  Material *material = (Material *)data;
  const char *first = g_getenv ("AP_TEST_SEED"), *worlds = g_getenv ("AP_TEST_WORLDS");
  guint32 seed = first != NULL ? (guint32)g_ascii_strtoull (first, NULL, 10) : 1;
  guint32 n = worlds != NULL ? (guint32)g_ascii_strtoull (worlds, NULL, 10) : material->worlds;

  for (guint i = 0; i < G_N_ELEMENTS (material->files) && material->kind != AUDIO_FILE_KINDS; i++)
    material->files[i] =
        audio_file_make (material->kind, i == 2 ? 16000 : RATE, i == 1 ? 1 : CHANNELS, material->seconds);
  for (guint32 i = 0; i < n; i++) {
    g_test_message ("seed %u", seed + i);
    begin_world (world, material, seed + i);
    run_world (world);
    end_world (world);
  }
  for (guint i = 0; i < G_N_ELEMENTS (material->files); i++)
    g_clear_pointer (&material->files[i], g_bytes_unref);
}

/* ---- All ----------------------------------------------------------------------------------------------------------
 */

static void
set_up (World *world, gconstpointer data)
{
  world->scratch = g_new0 (Scratch, 1);
  scratch_set_up_quick (world->scratch, NULL);
  world->folder = folder_new_at (dup (world->scratch->fd));
  world->folder->settings.max_realtime_factor = 1000000;
  world->folder->path = g_strdup (world->scratch->path);
}

static void
tear_down (World *world, gconstpointer data)
{
  g_clear_pointer (&world->folder->path, g_free);
  folder_free (world->folder);
  scratch_tear_down (world->scratch, NULL);
  g_free (world->scratch);
}

static GLogWriterOutput
be_silent (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (NULL, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (be_silent, NULL, NULL);
  for (guint i = 0; i < sizeof text; i++)
    text[i] = (guint8)(g_random_int () & 0x7f);
  for (guint i = 0; i < G_N_ELEMENTS (materials); i++) {
    g_autofree char *path = g_strconcat ("/recording-power/", materials[i].name, NULL);

    if (materials[i].kind == AUDIO_FILE_KINDS || audio_file_can_make (materials[i].kind))
      g_test_add (path, World, &materials[i], set_up, test_any_moment, tear_down);
  }
  return g_test_run ();
}
