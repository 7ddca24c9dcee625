/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The journal: what was appended comes back, a compaction loses nothing, and a disk that is full does not keep a
 * recording from its end. */
#include "journal-support.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define HEADER_LENGTH JOURNAL_HEADER_LENGTH
#define BLOCK         4096

/* ---- What was appended comes back ------------------------------------------------------------------------------- */

static void
test_round_trip (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  const ApRecordingInfo *info;

  journal_fill (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 3 << 20);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  journal_assert_replays (journal, 0, "1:5 2:0 3:7 4:3145728 ");
  journal_assert_totals (journal, 4, 4, 12 + (3 << 20), TRUE);
  g_clear_pointer (&journal, ap_journal_free);

  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:5 2:0 3:7 4:3145728 ");
  journal_assert_totals (journal, 4, 4, 12 + (3 << 20), TRUE);
  g_assert_cmpint (ap_journal_get_totals (journal).time_us, ==, 4000);
  info = &ap_journal_get_header (journal)->info;
  g_assert_cmpstr (info->id, ==, JOURNAL_ID);
  g_assert_cmpstr (info->user_id, ==, "somebody");
  g_assert_cmpint (info->format, ==, AP_RECORDING_FORMAT_FLAC);
  g_assert_cmpuint (info->sample_rate, ==, 44100);
  g_assert_cmpuint (info->channels, ==, 2);
  g_assert_cmpint (info->created_us, ==, 1700000000000000);
}

static gboolean
note_offset (const ApJournalRecord *record, gpointer data, GError **error)
{
  g_array_append_val ((GArray *)data, record->offset);
  return TRUE;
}

static void
test_replay_from (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GArray) offsets = g_array_new (FALSE, FALSE, sizeof (goffset));

  journal_fill (journal);
  g_assert_true (ap_journal_replay (journal, 0, note_offset, offsets, NULL));
  g_assert_cmpuint (offsets->len, ==, 3);
  journal_assert_replays (journal, g_array_index (offsets, goffset, 0), "1:5 2:0 3:7 ");
  journal_assert_replays (journal, g_array_index (offsets, goffset, 1), "2:0 3:7 ");
  journal_assert_replays (journal, g_array_index (offsets, goffset, 2), "3:7 ");
  journal_assert_replays (journal, ap_journal_get_length (journal), "");
}

static gboolean
stop_at_second (const ApJournalRecord *record, gpointer data, GError **error)
{
  if (record->seq < 2)
    return TRUE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "enough");
  return FALSE;
}

static gboolean
append_another (const ApJournalRecord *record, gpointer data, GError **error)
{
  journal_append_good (data, AP_JOURNAL_CHUNK, 1);
  return TRUE;
}

static void
test_replay_stops (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GError) error = NULL;

  journal_fill (journal);
  g_assert_false (ap_journal_replay (journal, 0, stop_at_second, NULL, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
  g_assert_true (ap_journal_replay (journal, 0, append_another, journal, NULL));
  journal_assert_totals (journal, 6, 6, 15, FALSE);
}

static void
test_order (Scratch *scratch, gconstpointer data)
{
  static const ApJournalRecord wrong[] = {
    { AP_JOURNAL_CHUNK, 3 },  { AP_JOURNAL_CHUNK, 5 }, { AP_JOURNAL_REJECT, 2 },
    { AP_JOURNAL_REJECT, 4 }, { AP_JOURNAL_END, 4 },   { AP_JOURNAL_END, 2 },
  };
  g_autoptr (ApJournal) journal = journal_create (scratch);

  journal_fill (journal);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (ap_journal_append (journal, &wrong[i], &error));
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
  }
  journal_append_good (journal, AP_JOURNAL_REJECT, 0);
  g_assert_false (journal_append (journal, AP_JOURNAL_REJECT, 0, NULL)); /* once is enough */
  journal_append_good (journal, AP_JOURNAL_END, 0);
  g_assert_false (journal_append (journal, AP_JOURNAL_CHUNK, 1, NULL));
  g_assert_false (journal_append (journal, AP_JOURNAL_END, 0, NULL));
  journal_assert_totals (journal, 2, 2, 5, TRUE);
}

/* ---- Names --------------------------------------------------------------------------------------------------------
 */

static void
test_names (Scratch *scratch, gconstpointer data)
{
  g_auto (ApJournalHeader) header = journal_header_of ("../0a1b2c3d-4e5f-4071-8293-a4b5c6d7e");
  g_autoptr (ApJournal) journal = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;

  g_assert_null (ap_journal_create (scratch->fd, &header, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (ap_journal_open (scratch->fd, "../x", NULL));
  journal_assert_cannot_open (scratch, AP_RECORDING_ERROR_NOT_FOUND);
  g_assert_cmpint (symlinkat ("elsewhere", scratch->fd, JOURNAL), ==, 0);
  journal_assert_cannot_open (scratch, AP_RECORDING_ERROR_STORAGE);
  g_strlcpy (header.info.id, JOURNAL_ID, sizeof header.info.id);
  g_assert_null (ap_journal_create (scratch->fd, &header, NULL));
  g_assert_cmpint (faccessat (scratch->fd, "elsewhere", F_OK, 0), <, 0);
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL, 0), ==, 0);
  journal = journal_create (scratch);
  g_assert_cmpint (fstatat (scratch->fd, JOURNAL, &status, 0), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
  g_assert_null (ap_journal_create (scratch->fd, &header, NULL)); /* never over another */
}

static void
test_users (Scratch *scratch, gconstpointer data)
{
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (ApJournal) journal = NULL;

  g_clear_pointer (&header.info.user_id, g_free);
  journal = ap_journal_create (scratch->fd, &header, NULL);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  g_assert_null (ap_journal_get_header (journal)->info.user_id);
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL, 0), ==, 0);
  header.info.user_id = g_strnfill (1025, 'u');
  g_assert_null (ap_journal_create (scratch->fd, &header, NULL));
  g_assert_cmpint (faccessat (scratch->fd, JOURNAL, F_OK, 0), <, 0);
  header.info.user_id[1024] = '\0';
  g_clear_pointer (&journal, ap_journal_free);
  journal = ap_journal_create (scratch->fd, &header, NULL);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  g_assert_cmpstr (ap_journal_get_header (journal)->info.user_id, ==, header.info.user_id);
}

/* ---- Full disks ---------------------------------------------------------------------------------------------------
 */

/* Files may not grow any more: a write is cut short, then refused. */
static void
test_short_write (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &(struct rlimit){ 5000, limit.rlim_max }), ==, 0);
  g_assert_false (journal_append (journal, AP_JOURNAL_CHUNK, 10000, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE);
  journal_assert_totals (journal, 1, 1, 1000, FALSE);
  bytes = scratch_get (scratch, JOURNAL);
  g_assert_cmpuint (bytes->len, ==, HEADER_LENGTH + AP_JOURNAL_HEAD_LENGTH + 1000);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 2000);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:1000 2:2000 ");
}

static void
test_full_disk (void)
{
  g_autoptr (ApJournal) journal = NULL;
  g_autoptr (GError) error = NULL;
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID_MORE);
  ApJournalTotals totals;
  Scratch scratch;

  if (!scratch_set_up_small (&scratch, "1m")) {
    g_test_skip ("may not mount");
    return;
  }
  journal = journal_create (&scratch);
  /* each record ends with a block, which leaves no room by chance */
  journal_append_good (journal, AP_JOURNAL_CHUNK, BLOCK - HEADER_LENGTH - AP_JOURNAL_HEAD_LENGTH);
  while (journal_append (journal, AP_JOURNAL_CHUNK, BLOCK - AP_JOURNAL_HEAD_LENGTH, &error))
    continue;
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE);
  totals = ap_journal_get_totals (journal);
  g_assert_cmpuint (totals.chunks, >, 100);

  scratch_fill (&scratch);
  g_assert_false (journal_append (journal, AP_JOURNAL_CHUNK, 5000, NULL));
  g_assert_null (ap_journal_create (scratch.fd, &header, NULL));
  g_assert_cmpint (faccessat (scratch.fd, JOURNAL_MORE, F_OK, 0), <, 0);
  journal_append_good (journal, AP_JOURNAL_REJECT, 0);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  g_assert_true (ap_journal_sync (journal, NULL));
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (&scratch);
  journal_assert_totals (journal, totals.last_seq - 1, totals.chunks - 1, totals.bytes - BLOCK + AP_JOURNAL_HEAD_LENGTH,
                         TRUE);
  g_clear_pointer (&journal, ap_journal_free);
  scratch_tear_down (&scratch, NULL);
}

/* When there is room again, it goes on. */
static void
test_room_again (void)
{
  g_autoptr (ApJournal) journal = NULL;
  Scratch scratch;

  if (!scratch_set_up_small (&scratch, "1m")) {
    g_test_skip ("may not mount");
    return;
  }
  journal = journal_create (&scratch);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 1);
  scratch_fill (&scratch);
  g_assert_false (journal_append (journal, AP_JOURNAL_CHUNK, 300000, NULL));
  g_assert_cmpint (unlinkat (scratch.fd, "filler", 0), ==, 0);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 300000);
  journal_assert_replays (journal, 0, "1:1 2:300000 ");
  g_clear_pointer (&journal, ap_journal_free);
  scratch_tear_down (&scratch, NULL);
}

/* ---- Syncs --------------------------------------------------------------------------------------------------------
 */

/* The number of the descriptor that the journal has. */
static int
descriptor_of (Scratch *scratch)
{
  g_autofree char *wanted = g_build_filename (scratch->path, JOURNAL, NULL);

  for (int fd = 3; fd < 1024; fd++) {
    g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
    g_autofree char *name = g_file_read_link (link, NULL);
    if (g_strcmp0 (name, wanted) == 0)
      return fd;
  }
  return -1;
}

/* What cannot be synced is put in the journal's place, and taken away again: the failure stays. */
static void
test_sync_failure_is_final (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  int fd = descriptor_of (scratch), kept = dup (fd), pipes[2];

  g_assert_cmpint (fd, >=, 0);
  g_assert_true (ap_journal_sync (journal, NULL));
  g_assert_cmpint (pipe (pipes), ==, 0);
  g_assert_cmpint (dup2 (pipes[0], fd), ==, fd);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (ap_journal_sync (journal, &error));
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
    g_assert_cmpint (dup2 (kept, fd), ==, fd);
  }
  close (kept);
  close (pipes[0]);
  close (pipes[1]);
}

typedef struct {
  ApJournal *journal;
  gint stop; /* atomic */
  guint syncs;
} Sync;

static gpointer
sync_always (gpointer data)
{
  Sync *sync = data;

  do {
    g_assert_true (ap_journal_sync (sync->journal, NULL));
    sync->syncs++;
  } while (!g_atomic_int_get (&sync->stop));
  return NULL;
}

/* Syncs on another thread, while chunks are appended and the file is replaced. */
static void
test_sync_beside (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  Sync sync = { journal };
  GThread *thread = g_thread_new ("sync", sync_always, &sync);

  for (guint i = 0; i < 20; i++) {
    g_autoptr (GError) error = NULL;
    journal_append_good (journal, AP_JOURNAL_CHUNK, 100);
    ap_journal_compact (journal, scratch->fd, &header, FALSE, &error);
    g_assert_no_error (error);
  }
  g_atomic_int_set (&sync.stop, 1);
  g_thread_join (thread);
  g_assert_cmpuint (sync.syncs, >, 0);
  g_assert_cmpuint (ap_journal_get_totals (journal).last_seq, ==, 20);
}

/* ---- Compaction ---------------------------------------------------------------------------------------------------
 */

static void
compact (ApJournal *journal, Scratch *scratch, gboolean end)
{
  g_auto (ApJournalHeader) header = { 0 };
  g_autoptr (GError) error = NULL;
  ApJournalTotals totals = ap_journal_get_totals (journal);

  ap_journal_header_copy (&header, ap_journal_get_header (journal));
  header.info.total_chunks = totals.chunks;
  header.info.bytes_received = totals.bytes;
  header.info.updated_us = totals.time_us;
  header.info.frames = 777;
  header.info.status = end ? AP_RECORDING_COMPLETED : AP_RECORDING_ACTIVE;
  header.carry_length = end ? 0 : 3;
  memcpy (header.carry, "abc", header.carry_length);
  ap_journal_compact (journal, scratch->fd, &header, end, &error);
  g_assert_no_error (error);
}

static void
test_rotation (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  const ApJournalHeader *header;

  journal_fill (journal);
  compact (journal, scratch, FALSE);
  g_assert_cmpint (ap_journal_get_length (journal), ==, HEADER_LENGTH);
  journal_assert_totals (journal, 3, 3, 12, FALSE);
  journal_assert_replays (journal, 0, "");
  g_assert_false (journal_append (journal, AP_JOURNAL_REJECT, 0, NULL)); /* its chunk is gone */
  journal_append_good (journal, AP_JOURNAL_CHUNK, 6);
  g_clear_pointer (&journal, ap_journal_free);

  journal = journal_reopen (scratch);
  journal_assert_totals (journal, 4, 4, 18, FALSE);
  journal_assert_replays (journal, 0, "4:6 ");
  header = ap_journal_get_header (journal);
  g_assert_cmpuint (header->info.frames, ==, 777);
  g_assert_cmpuint (header->info.total_chunks, ==, 3);
  g_assert_cmpmem (header->carry, header->carry_length, "abc", 3);
}

static void
test_compaction (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) bytes = NULL;

  scratch_put (scratch, JOURNAL ".new", "left over", 9);
  journal_fill (journal);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  compact (journal, scratch, TRUE);
  journal_assert_totals (journal, 3, 3, 12, TRUE);
  g_assert_false (journal_append (journal, AP_JOURNAL_CHUNK, 1, NULL));
  g_clear_pointer (&journal, ap_journal_free);

  bytes = scratch_get (scratch, JOURNAL);
  g_assert_cmpuint (bytes->len, ==, HEADER_LENGTH + AP_JOURNAL_HEAD_LENGTH);
  journal = journal_reopen (scratch);
  journal_assert_totals (journal, 3, 3, 12, TRUE);
  g_assert_cmpint (ap_journal_get_totals (journal).time_us, ==, 3000);
  g_assert_cmpint (ap_journal_get_header (journal)->info.status, ==, AP_RECORDING_COMPLETED);
  g_assert_cmpstr (ap_journal_get_header (journal)->info.user_id, ==, "somebody");
}

/* A crash before the new file had its name: the old one counts, and the new one goes. */
static void
test_half_done (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);

  journal_fill (journal);
  g_clear_pointer (&journal, ap_journal_free);
  scratch_put (scratch, JOURNAL ".new", "half", 4);
  journal = journal_reopen (scratch);
  journal_assert_totals (journal, 3, 3, 12, FALSE);
  g_assert_cmpint (faccessat (scratch->fd, JOURNAL ".new", F_OK, 0), <, 0);
}

/* A new file that finds no room changes nothing. */
static void
test_compaction_on_full_disk (void)
{
  g_autoptr (ApJournal) journal = NULL;
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (GError) error = NULL;
  Scratch scratch;

  if (!scratch_set_up_small (&scratch, "1m")) {
    g_test_skip ("may not mount");
    return;
  }
  journal = journal_create (&scratch);
  journal_fill (journal);
  scratch_fill (&scratch);
  g_assert_false (ap_journal_compact (journal, scratch.fd, &header, TRUE, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE);
  g_assert_cmpint (faccessat (scratch.fd, JOURNAL ".new", F_OK, 0), <, 0);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (&scratch);
  journal_assert_replays (journal, 0, "1:5 2:0 3:7 ");
  journal_assert_totals (journal, 3, 3, 12, TRUE);
  g_clear_pointer (&journal, ap_journal_free);
  scratch_tear_down (&scratch, NULL);
}

#define ADD(name, test) g_test_add ("/journal/" name, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGXFSZ, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("round-trip", test_round_trip);
  ADD ("replay/from", test_replay_from);
  ADD ("replay/stops", test_replay_stops);
  ADD ("order", test_order);
  ADD ("names", test_names);
  ADD ("users", test_users);
  ADD ("short-write", test_short_write);
  g_test_add_func ("/journal/full-disk", test_full_disk);
  g_test_add_func ("/journal/room-again", test_room_again);
  ADD ("sync/failure-is-final", test_sync_failure_is_final);
  ADD ("sync/beside", test_sync_beside);
  ADD ("rotation", test_rotation);
  ADD ("compaction/end", test_compaction);
  ADD ("compaction/half-done", test_half_done);
  g_test_add_func ("/journal/compaction/full-disk", test_compaction_on_full_disk);
  return g_test_run ();
}
