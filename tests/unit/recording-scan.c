/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start makes of a folder: which recordings are to be gone on with, which rows are right, and that nothing is
 * removed which may hold audio. */
#include "endpoints/recording/ap-recording-scan.h"

#include "endpoints/recording/ap-journal.h"
#include "endpoints/recording/ap-storage-file.h"
#include "journal-support.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void
count_unread (const ApRecordingInfo *info, gpointer data)
{
  g_assert_cmpstr (info->id, ==, JOURNAL_ID);
  ++*(guint *)data;
}

/* Returns how many are to be gone on with. */
static guint
scan (Scratch *scratch, ApRecordingIndex *index)
{
  guint unread = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_recording_scan (scratch->fd, index, FALSE, count_unread, &unread, &error));
  g_assert_no_error (error);
  return unread;
}

static ApRecordingIndex *
open_index (Scratch *scratch)
{
  gboolean rebuild;
  g_autoptr (GError) error = NULL;
  ApRecordingIndex *index = ap_recording_index_open (scratch->path, &rebuild, &error);

  g_assert_no_error (error);
  g_assert_true (ap_recording_index_declare_complete (index, &error));
  return index;
}

static void
put (ApRecordingIndex *index, const char *id, ApRecordingStatus status)
{
  g_auto (ApJournalHeader) header = journal_header_of (id);
  g_autoptr (GError) error = NULL;

  header.info.status = status;
  g_assert_true (ap_recording_index_put (index, &header.info, &error));
}

static gboolean
has_row (ApRecordingIndex *index, const char *id)
{
  g_auto (ApRecordingInfo) info = { 0 };

  return ap_recording_index_get (index, id, &info, NULL);
}

static void
write_at (Scratch *scratch, const char *name, goffset offset, gconstpointer data, gsize length)
{
  int fd = openat (scratch->fd, name, O_WRONLY | O_CREAT, 0600);

  g_assert_cmpint (pwrite (fd, data, length, offset), ==, length);
  close (fd);
}

/* A power cut right after the file was made. */
static void
test_empty (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);

  write_at (scratch, JOURNAL, 0, "APJR", 4);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*holds nothing*");
  g_assert_cmpuint (scan (scratch, index), ==, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpint (faccessat (scratch->fd, JOURNAL, F_OK, 0), ==, -1);
}

/* Chunks behind a head that cannot be read were acknowledged. */
static void
test_bad_head (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);

  journal_append_good (journal, AP_JOURNAL_CHUNK, 4000);
  write_at (scratch, JOURNAL, 20, "?", 1);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*passed over*");
  g_assert_cmpuint (scan (scratch, index), ==, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpint (faccessat (scratch->fd, JOURNAL, F_OK, 0), ==, 0);
}

/* It ended, and what is left of its audio could not be written then. */
static void
test_long_journal (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (GError) error = NULL;

  journal_append_good (journal, AP_JOURNAL_CHUNK, 4000);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  put (index, JOURNAL_ID, AP_RECORDING_COMPLETED);
  g_assert_cmpuint (scan (scratch, index), ==, 1);
  header.info.status = AP_RECORDING_COMPLETED;
  g_assert_true (ap_journal_compact (journal, scratch->fd, &header, TRUE, &error));
  g_assert_cmpuint (scan (scratch, index), ==, 0);
}

/* A power cut may take back from the index what it did not take back from the folder. */
static void
test_lost_rows (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);

  put (index, JOURNAL_ID, AP_RECORDING_ACTIVE);
  put (index, JOURNAL_ID_MORE, AP_RECORDING_ACTIVE);
  for (guint i = 0; i < 1500; i++) {
    g_autofree char *id = g_strdup_printf ("%08x-4e5f-4071-8293-a4b5c6d7e8f9", i);

    put (index, id, AP_RECORDING_COMPLETED);
  }
  write_at (scratch, JOURNAL_ID_MORE AP_STORAGE_WAV, 0, "only", 4);
  g_assert_cmpuint (scan (scratch, index), ==, 1);
  g_assert_true (has_row (index, JOURNAL_ID));
  g_assert_true (has_row (index, JOURNAL_ID_MORE));
  g_assert_false (has_row (index, "00000000-4e5f-4071-8293-a4b5c6d7e8f9"));
  g_assert_false (has_row (index, "000005db-4e5f-4071-8293-a4b5c6d7e8f9"));
}

#define ADD(name, test) g_test_add ("/recording-scan/" name, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("empty", test_empty);
  ADD ("bad-head", test_bad_head);
  ADD ("long-journal", test_long_journal);
  ADD ("lost-rows", test_lost_rows);
  return g_test_run ();
}
