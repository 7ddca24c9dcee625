/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journals of which the disk refuses to read a part (EIO): what can be read is there, and nothing is cut off. */
#include "journal-support.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define BLOCK   4096
#define DAMAGED JOURNAL_ID ".jnl.damaged"

/* ---- A disk that refuses ---- */

static ino_t bad_file;
static goffset bad_from, bad_to;

/* In the place of the C library's. As the kernel's: up to what is bad, and an error from there on. */
ssize_t
pread (int fd, void *data, size_t length, off_t offset)
{
  struct stat about;

  if (bad_to > 0 && fstat (fd, &about) == 0 && about.st_ino == bad_file && offset < bad_to &&
      offset + (off_t)length > bad_from) {
    if (offset >= bad_from) {
      errno = EIO;
      return -1;
    }
    length = (size_t)(bad_from - offset);
  }
  return syscall (SYS_pread64, fd, data, length, offset);
}

/* Of the file that has the name now, these blocks. */
static void
refuse (Scratch *scratch, guint from, guint to)
{
  struct stat about;

  g_assert_cmpint (fstatat (scratch->fd, JOURNAL, &about, 0), ==, 0);
  bad_file = about.st_ino;
  bad_from = (goffset)from * BLOCK;
  bad_to = (goffset)to * BLOCK;
}

static void
mend (Scratch *scratch, gconstpointer data)
{
  bad_to = 0;
  scratch_tear_down (scratch, data);
}

/* ---- Tests ---- */

/* Forty chunks of 1000 bytes, each on the disk before the next. */
static void
write_journal (Scratch *scratch)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);

  for (guint i = 0; i < 40; i++) {
    journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
    g_assert_true (ap_journal_sync (journal, NULL));
  }
}

static gboolean
count (const ApJournalRecord *record, gpointer data, GError **error)
{
  guint64 *counts = data;

  counts[0] += record->lost == 0;
  counts[1] += record->lost;
  counts[2] = record->seq;
  return TRUE;
}

static goffset
length_of (Scratch *scratch, const char *name)
{
  struct stat about;

  return fstatat (scratch->fd, name, &about, 0) == 0 ? about.st_size : -1;
}

/* Each block but the first and those that the last chunks are in. */
static void
test_middle (Scratch *scratch, gconstpointer data)
{
  goffset length;

  write_journal (scratch);
  length = length_of (scratch, JOURNAL);
  for (guint block = 1; block < 9; block++) {
    g_autoptr (ApJournal) journal = NULL;
    guint64 counts[3] = { 0 };
    ApJournalDamage damage;

    refuse (scratch, block, block + 1);
    journal = journal_reopen (scratch);
    damage = ap_journal_get_damage (journal);
    g_assert_true (ap_journal_replay (journal, 0, count, counts, NULL));
    g_assert_cmpuint (counts[0] + counts[1], ==, 40);
    g_assert_cmpuint (counts[2], ==, 40);
    g_assert_cmpuint (counts[1], >=, 4);
    g_assert_cmpuint (counts[1], <=, 6);
    g_assert_cmpuint (ap_journal_get_totals (journal).damaged, ==, counts[1]);
    g_assert_cmpuint (damage.chunks, ==, counts[1]);
    g_assert_cmpuint (damage.places, ==, 1);
    g_assert_cmpint (length_of (scratch, JOURNAL), ==, length);
  }
}

/* Nothing tells how many chunks that was. The file keeps what it has, and what is read later is read. */
static void
test_end (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = NULL;
  g_autoptr (GByteArray) before = NULL, aside = NULL;
  ApJournalDamage damage;
  guint64 chunks;

  write_journal (scratch);
  before = scratch_get (scratch, JOURNAL);
  refuse (scratch, 9, 1000);
  journal = journal_reopen (scratch);
  damage = ap_journal_get_damage (journal);
  chunks = ap_journal_get_totals (journal).chunks;
  g_assert_cmpuint (chunks, >=, 34);
  g_assert_cmpuint (chunks, <, 40);
  g_assert_cmpuint (damage.places, ==, 1);
  g_assert_cmpuint (damage.bytes, ==, before->len - JOURNAL_HEADER_LENGTH - chunks * 1032);
  g_assert_cmpuint ((guint64)damage.offset + damage.bytes, ==, before->len);
  bad_to = 0;
  aside = scratch_get (scratch, DAMAGED);
  g_assert_cmpmem (aside->data, aside->len, before->data, before->len);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 7);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  g_assert_cmpuint (ap_journal_get_totals (journal).chunks, ==, chunks + 1);
  g_assert_cmpuint (ap_journal_get_damage (journal).places, ==, 0);
}

/* In both places: what was passed over is so in the copy, too. */
static void
test_middle_and_end (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = NULL;
  guint64 chunks;

  write_journal (scratch);
  bytes = scratch_get (scratch, JOURNAL);
  memset (bytes->data + 3 * BLOCK, 0xa5, 100);
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  refuse (scratch, 9, 1000);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (ApJournal) journal = journal_reopen (scratch);
    guint64 counts[3] = { 0 };

    g_assert_true (ap_journal_replay (journal, 0, count, counts, NULL));
    g_assert_cmpuint (counts[1], ==, 1);
    chunks = i == 0 ? counts[2] : chunks;
    g_assert_cmpuint (counts[2], ==, chunks);
    g_assert_cmpuint (ap_journal_get_damage (journal).places, ==, 2 - i);
  }
}

/* What was left aside the first time is not given up for what would be now, nor that for it. */
static void
test_end_twice (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = NULL;
  guint64 chunks;
  goffset length;

  write_journal (scratch);
  refuse (scratch, 9, 1000);
  journal = journal_reopen (scratch);
  bad_to = 0;
  for (guint i = 0; i < 20; i++)
    journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
  chunks = ap_journal_get_totals (journal).chunks;
  g_clear_pointer (&journal, ap_journal_free);
  length = length_of (scratch, JOURNAL);
  refuse (scratch, 12, 1000);
  journal_assert_cannot_open (scratch, AP_RECORDING_ERROR_STORAGE);
  bad_to = 0;
  g_assert_cmpint (length_of (scratch, JOURNAL), ==, length);
  journal = journal_reopen (scratch);
  g_assert_cmpuint (ap_journal_get_totals (journal).chunks, ==, chunks);
}

/* Without its head nothing in it can be told from what it is not. */
static void
test_head (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = NULL;
  goffset length;

  write_journal (scratch);
  length = length_of (scratch, JOURNAL);
  refuse (scratch, 0, 1);
  journal_assert_cannot_open (scratch, AP_RECORDING_ERROR_STORAGE);
  g_assert_cmpint (length_of (scratch, JOURNAL), ==, length);
  g_assert_cmpint (length_of (scratch, DAMAGED), ==, -1);
  bad_to = 0;
  journal = journal_reopen (scratch);
  g_assert_cmpuint (ap_journal_get_totals (journal).chunks, ==, 40);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/journal-unreadable/" name, Scratch, NULL, scratch_set_up_quick, test, mend)
  ADD ("middle", test_middle);
  ADD ("end", test_end);
  ADD ("end-twice", test_end_twice);
  ADD ("middle-and-end", test_middle_and_end);
  ADD ("head", test_head);
#undef ADD
  return g_test_run ();
}
