/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a start makes of a folder: which recordings are to be gone on with, which rows are right, and that nothing is
 * removed which may hold audio. */
#include "endpoints/recording/ap-recording-scan.h"

#include "endpoints/recording/files/ap-journal.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/files/ap-storage-file.h"
#include "journal-support.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
count_unread (const ApRecordingInfo *info, gpointer data)
{
  g_assert_cmpstr (info->id, ==, JOURNAL_ID);
  ++*(guint *)data;
}

static guint
scan_to (Scratch *scratch, ApRecordingIndex *index, gboolean rebuild)
{
  guint unread = 0;
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_recording_scan (scratch->fd, index, rebuild, count_unread, &unread, &error));
  g_assert_no_error (error);
  return unread;
}

/* Returns how many are to be gone on with. */
static guint
scan (Scratch *scratch, ApRecordingIndex *index)
{
  return scan_to (scratch, index, FALSE);
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

/* Chunks behind a head that cannot be read were acknowledged; also few of them, for there is a WAV, which was made
 * after the head. */
static void
test_bad_head (Scratch *scratch, gconstpointer length)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);

  journal_append_good (journal, AP_JOURNAL_CHUNK, GPOINTER_TO_UINT (length));
  write_at (scratch, JOURNAL_ID AP_STORAGE_WAV, 0, "RIFF", 4);
  write_at (scratch, JOURNAL, 20, "?", 1);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "*passed over*");
  g_assert_cmpuint (scan (scratch, index), ==, 0);
  g_test_assert_expected_messages ();
  g_assert_cmpint (faccessat (scratch->fd, JOURNAL, F_OK, 0), ==, 0);
}

/* Half of a list would take the other half for removed. */
static void
test_unreadable_folder (Scratch *scratch, gconstpointer data)
{
  pid_t pid = fork ();
  int status = 0;

  if (pid == 0) {
    scmp_filter_ctx filter = seccomp_init (SCMP_ACT_ALLOW);

    if (seccomp_rule_add (filter, SCMP_ACT_ERRNO (EIO), SCMP_SYS (getdents64), 0) != 0 || seccomp_load (filter) != 0)
      _exit (2);
    _exit (ap_recording_folder_list (scratch->fd, AP_STORAGE_JOURNAL, NULL) == NULL ? 0 : 1);
  }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

/* It ended, and what is left of its audio could not be written then. Its journal need not be long. */
static void
test_ended_journal (Scratch *scratch, gconstpointer length)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (GError) error = NULL;

  journal_append_good (journal, AP_JOURNAL_CHUNK, GPOINTER_TO_SIZE (length));
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

static gboolean
has_file (Scratch *scratch, const char *name)
{
  return faccessat (scratch->fd, name, F_OK, 0) == 0;
}

/* A removal that was cut short has left it; as long as there is more of the recording, it belongs to that. */
static void
test_orphans (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autoptr (ApJournal) journal = journal_create (scratch);

  write_at (scratch, JOURNAL_ID AP_STORAGE_JOURNAL_DAMAGED, 0, "what is left", 12);
  write_at (scratch, JOURNAL_ID_MORE AP_STORAGE_JOURNAL_DAMAGED, 0, "what is left", 12);
  write_at (scratch, JOURNAL_ID_MORE AP_STORAGE_WAV, 0, "only", 4);
  g_assert_cmpuint (scan (scratch, index), ==, 1);
  g_assert_true (has_file (scratch, JOURNAL_ID AP_STORAGE_JOURNAL_DAMAGED));
  g_assert_true (has_file (scratch, JOURNAL_ID_MORE AP_STORAGE_JOURNAL_DAMAGED));
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL, 0), ==, 0);
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL_ID_MORE AP_STORAGE_WAV, 0), ==, 0);
  g_assert_cmpuint (scan (scratch, index), ==, 0);
  g_assert_false (has_file (scratch, JOURNAL_ID AP_STORAGE_JOURNAL_DAMAGED));
  g_assert_false (has_file (scratch, JOURNAL_ID_MORE AP_STORAGE_JOURNAL_DAMAGED));
}

/* What stands beside it is nobody's business, whatever it is called: a pipe, which would be waited for, a folder, a
 * link to somewhere else. */
static void
assert_passed_over (Scratch *scratch, const char *name)
{
  g_autoptr (ApRecordingIndex) index = open_index (scratch);
  g_autofree char *line = g_strdup_printf ("*%s*is passed over*", JOURNAL_ID_MORE);
  g_autoptr (ApJournal) journal = journal_create (scratch);

  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, line);
  g_assert_cmpuint (scan_to (scratch, index, TRUE), ==, 1);
  g_test_assert_expected_messages ();
  g_assert_true (has_row (index, JOURNAL_ID));
  g_assert_false (has_row (index, JOURNAL_ID_MORE));
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL, 0), ==, 0);
  g_assert_cmpint (faccessat (scratch->fd, name, F_OK, AT_SYMLINK_NOFOLLOW), ==, 0);
}

static void
test_pipe (Scratch *scratch, gconstpointer name)
{
  g_assert_cmpint (mkfifoat (scratch->fd, name, 0600), ==, 0);
  assert_passed_over (scratch, name);
  g_assert_cmpint (unlinkat (scratch->fd, name, 0), ==, 0);
}

static void
test_folder (Scratch *scratch, gconstpointer name)
{
  g_assert_cmpint (mkdirat (scratch->fd, name, 0700), ==, 0);
  assert_passed_over (scratch, name);
  g_assert_cmpint (unlinkat (scratch->fd, name, AT_REMOVEDIR), ==, 0);
}

static void
test_link (Scratch *scratch, gconstpointer name)
{
  g_assert_cmpint (symlinkat ("/etc/passwd", scratch->fd, name), ==, 0);
  assert_passed_over (scratch, name);
  g_assert_cmpint (unlinkat (scratch->fd, name, 0), ==, 0);
}

#define ADD_FOR(name, test, data)                                                                                      \
  g_test_add ("/recording-scan/" name, Scratch, data, scratch_set_up, test, scratch_tear_down)
#define ADD(name, test) ADD_FOR (name, test, NULL)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("empty", test_empty);
  ADD_FOR ("bad-head", test_bad_head, GUINT_TO_POINTER (4000));
  ADD_FOR ("bad-head-of-little", test_bad_head, GUINT_TO_POINTER (100));
  ADD ("unreadable-folder", test_unreadable_folder);
  ADD_FOR ("ended-journal/long", test_ended_journal, GSIZE_TO_POINTER (4000));
  ADD_FOR ("ended-journal/short", test_ended_journal, GSIZE_TO_POINTER (10));
  ADD ("lost-rows", test_lost_rows);
  ADD ("orphans", test_orphans);
  ADD_FOR ("pipe/journal", test_pipe, JOURNAL_MORE);
  ADD_FOR ("pipe/wav", test_pipe, JOURNAL_ID_MORE AP_STORAGE_WAV);
  ADD_FOR ("folder/journal", test_folder, JOURNAL_MORE);
  ADD_FOR ("folder/new-journal", test_folder, JOURNAL_ID_MORE AP_STORAGE_JOURNAL_NEW);
  ADD_FOR ("folder/wav", test_folder, JOURNAL_ID_MORE AP_STORAGE_WAV);
  ADD_FOR ("link/wav", test_link, JOURNAL_ID_MORE AP_STORAGE_WAV);
  return g_test_run ();
}
