/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Syncs that fail, or are cut short, under a writer: what the disk need not have is not taken for kept afterwards. */
#include "power-cut-calls.h"
#include "recording-folder.h"

#include "endpoints/recording/files/ap-wav-file.h"
#include "scratch.h"

#define RATE 8000

typedef struct {
  Scratch scratch;
  Folder *folder;
  GRand *chance;
  char id[AP_RECORDING_ID_LENGTH + 1];
  ApRecordingWriter *writer;
} Fixture;

static void
begin (Fixture *fixture)
{
  const PowerDisk disk = { .reserves = TRUE };

  power_begin (fixture->folder->settings.folder_fd, fixture->scratch.path, fixture->chance, &disk);
  fixture->writer = folder_create (fixture->folder, fixture->id, AP_RECORDING_FORMAT_WAV, RATE, 1);
}

static void
end (Fixture *fixture)
{
  g_clear_pointer (&fixture->writer, ap_recording_writer_free);
  power_end ();
  g_assert_true (ap_recording_writer_remove (fixture->scratch.fd, fixture->id, NULL));
}

static gboolean
append (Fixture *fixture)
{
  static const guint8 samples[100];

  return ap_recording_writer_append (fixture->writer, samples, sizeof samples, FALSE, folder_on_journaled,
                                     fixture->folder, NULL);
}

static guint64
count (Fixture *fixture)
{
  return ap_recording_writer_get_info (fixture->writer)->total_chunks;
}

static void
begin_next_life (Fixture *fixture, PowerEnd end)
{
  g_clear_pointer (&fixture->writer, ap_recording_writer_free);
  power_cut (end);
  fixture->writer = folder_recover (fixture->folder, fixture->id);
}

/* The process is killed while a journal is begun anew, by its third chunk. What the next one acknowledges is in the
 * file that has the name then, which must have it for good. */
static void
test_killed_in_rotation (Fixture *fixture, gconstpointer data)
{
  gboolean over = TRUE;

  fixture->folder->settings.rotate_bytes = 500;
  for (guint calls = 1; over; calls++) {
    guint64 told;

    begin (fixture);
    g_assert_true (append (fixture) && append (fixture));
    g_assert_true (ap_recording_writer_sync (fixture->writer, NULL));
    power_arm (calls, POWER_STAYS);
    append (fixture);
    over = power_is_over ();
    begin_next_life (fixture, POWER_STAYS);
    g_assert_true (append (fixture));
    g_assert_true (ap_recording_writer_sync (fixture->writer, NULL));
    told = count (fixture);
    g_assert_cmpuint (told, >=, 3);
    begin_next_life (fixture, POWER_GOES);
    g_assert_cmpuint (count (fixture), ==, told);
    end (fixture);
  }
}

/* The disk does not take the journal. The next process does not count what is in the system's memory alone. */
static void
test_refused_journal (Fixture *fixture, gconstpointer data)
{
  guint64 told;

  begin (fixture);
  g_assert_true (append (fixture));
  g_assert_true (ap_recording_writer_sync (fixture->writer, NULL));
  g_assert_true (append (fixture));
  power_fail (FALSE);
  g_assert_false (ap_recording_writer_sync (fixture->writer, NULL));
  begin_next_life (fixture, POWER_STAYS);
  told = count (fixture);
  begin_next_life (fixture, POWER_GOES);
  g_assert_cmpuint (count (fixture), ==, told);
  end (fixture);
}

static guint64
told_bytes (Fixture *fixture)
{
  g_autofree char *name = g_strconcat (fixture->id, ".wav", NULL);
  g_autoptr (GByteArray) wav = scratch_get (&fixture->scratch, name);
  guint64 bytes;
  guint rate, channels;

  g_assert_true (ap_wav_header_read (wav->data, wav->len, &rate, &channels, &bytes));
  return bytes;
}

/* The disk does not take the WAV, and then all is synced by other means. */
static void
test_refused_wav (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  begin (fixture);
  g_assert_true (append (fixture));
  power_fail (FALSE);
  g_assert_false (ap_recording_writer_checkpoint (fixture->writer, NULL));
  power_sync_all ();
  g_assert_false (ap_recording_writer_tell (fixture->writer, 50, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  g_assert_cmpuint (told_bytes (fixture), ==, 0);
  end (fixture);
}

/* Nor its place in the folder. What is synced by other means is not the file that the folder may have. */
static void
test_refused_place (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder->settings.rotate_bytes = 150;
  begin (fixture);
  power_fail (TRUE);
  ap_recording_writer_sync_begins (fixture->writer);
  g_assert_true (append (fixture));
  power_sync_all ();
  g_assert_false (ap_recording_writer_sync_ends (fixture->writer, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  end (fixture);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  scratch_set_up_quick (&fixture->scratch, data);
  fixture->folder = folder_new_at (dup (fixture->scratch.fd));
  fixture->chance = g_rand_new_with_seed (1);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_rand_free (fixture->chance);
  folder_free (fixture->folder);
  scratch_tear_down (&fixture->scratch, data);
}

static GLogWriterOutput
be_silent (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

#define ADD(name, test) g_test_add ("/recording-syncs/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (be_silent, NULL, NULL);
  ADD ("killed-in-rotation", test_killed_in_rotation);
  ADD ("refused-journal", test_refused_journal);
  ADD ("refused-wav", test_refused_wav);
  ADD ("refused-place", test_refused_place);
  return g_test_run ();
}
