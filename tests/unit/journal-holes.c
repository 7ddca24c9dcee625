/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journals of which the disk has lost what it had: the rest stays, and all is counted. What only looks as if it had
 * been there is not taken for it. */
#include "journal-support.h"

#include "base/ap-crc32c.h"
#include "base/ap-little-endian.h"
#include "endpoints/recording/files/ap-journal-reader.h"

#include <string.h>

static void
append_synced (ApJournal *journal, ApJournalType type, gsize length)
{
  journal_append_good (journal, type, length);
  g_assert_true (ap_journal_sync (journal, NULL));
}

/* Of six chunks, one was refused that leaves an empty one, and one that stays as it is. Returns its bytes; @last: where
 * the last record begins */
static GByteArray *
make_synced (Scratch *scratch, gsize *last)
{
  static const gsize lengths[] = { 5, 40, 3, 7, 100, 33 };
  g_autoptr (ApJournal) journal = journal_create (scratch);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    *last = (gsize)ap_journal_get_length (journal);
    append_synced (journal, AP_JOURNAL_CHUNK, lengths[i]);
    if (i == 1 || i == 2)
      append_synced (journal, AP_JOURNAL_REJECT, 0);
  }
  journal_assert_totals (journal, 4, 4, 145, FALSE);
  return scratch_get (scratch, JOURNAL);
}

static gboolean
count_chunks (const ApJournalRecord *record, gpointer data, GError **error)
{
  guint64 *counts = data;

  counts[0] += record->lost == 0;
  counts[1] += record->lost;
  counts[2] += record->length;
  g_assert_true (record->seq == counts[0] + counts[1]);
  return TRUE;
}

/* The journal is @bytes, damaged somewhere before its last record: nothing is taken from it, and nothing counts less.
 */
static void
assert_all_there (Scratch *scratch, const GByteArray *bytes)
{
  g_autoptr (ApJournal) journal = NULL;
  g_autoptr (GByteArray) after = NULL;
  ApJournalDamage damage;
  guint64 counts[3] = { 0 };
  ApJournalTotals totals;

  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  journal = journal_reopen (scratch);
  totals = ap_journal_get_totals (journal);
  damage = ap_journal_get_damage (journal);
  after = scratch_get (scratch, JOURNAL);
  g_assert_cmpmem (after->data, after->len, bytes->data, bytes->len);
  g_assert_true (ap_journal_replay (journal, 0, count_chunks, counts, NULL));
  g_assert_cmpuint (damage.places, ==, 1);
  g_assert_cmpuint (damage.chunks, ==, counts[1]);
  g_assert_cmpuint (totals.damaged, ==, counts[1]);
  g_assert_cmpuint (totals.chunks, ==, 4);
  g_assert_cmpuint (totals.last_seq, ==, 4);
  g_assert_cmpuint (counts[0] + counts[1], ==, 4);
  g_assert_cmpuint (totals.bytes, ==, counts[2]);
  g_assert_cmpuint (totals.bytes, >=, 141); /* a chunk that was refused may stand for the one that took its number */
  g_assert_cmpuint (totals.bytes, <, bytes->len);
}

static void
test_flipped_bits (Scratch *scratch, gconstpointer data)
{
  gsize last;
  g_autoptr (GByteArray) bytes = make_synced (scratch, &last);

  for (gsize place = JOURNAL_HEADER_LENGTH; place < last; place++)
    for (guint bit = 0; bit < 8; bit++) {
      bytes->data[place] ^= (guint8)(1 << bit);
      assert_all_there (scratch, bytes);
      bytes->data[place] ^= (guint8)(1 << bit);
    }
}

/* Zeros, as of a block that is gone: over several records, or parts of them. */
static void
test_lost_blocks (Scratch *scratch, gconstpointer data)
{
  static const gsize lengths[] = { 9, 64, 150 };
  gsize last;
  g_autoptr (GByteArray) bytes = make_synced (scratch, &last);

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (gsize place = JOURNAL_HEADER_LENGTH; place + lengths[i] <= last; place++) {
      g_autoptr (GByteArray) damaged = g_byte_array_new ();

      g_byte_array_append (damaged, bytes->data, bytes->len);
      memset (damaged->data + place, 0, lengths[i]);
      if (memcmp (damaged->data, bytes->data, bytes->len) != 0)
        assert_all_there (scratch, damaged);
    }
}

static void
flip (Scratch *scratch, goffset place)
{
  g_autoptr (GByteArray) bytes = scratch_get (scratch, JOURNAL);

  bytes->data[place] ^= 1;
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
}

/* What is appended behind a hole is found again behind it. */
static void
test_goes_on (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  goffset second, third;

  append_synced (journal, AP_JOURNAL_CHUNK, 10);
  second = ap_journal_get_length (journal);
  append_synced (journal, AP_JOURNAL_CHUNK, 20);
  third = ap_journal_get_length (journal);
  append_synced (journal, AP_JOURNAL_CHUNK, 30);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, second + 4); /* the length */

  for (guint round = 0; round < 2; round++) {
    journal = journal_reopen (scratch);
    journal_assert_replays (journal, 0, round == 0 ? "1:10 lost2:20 3:30 " : "1:10 lost2:20 3:30 4:40 ");
    journal_assert_replays (journal, second, round == 0 ? "lost2:20 3:30 " : "lost2:20 3:30 4:40 ");
    journal_assert_replays (journal, third, round == 0 ? "3:30 " : "3:30 4:40 ");
    if (round == 0)
      append_synced (journal, AP_JOURNAL_CHUNK, 40);
    g_clear_pointer (&journal, ap_journal_free);
  }
  flip (scratch, third);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:10 lost3:50 4:40 "); /* side by side, the holes are one */
  journal_assert_totals (journal, 4, 4, 100, FALSE);
}

/* Records that the disk need not have had when the system was cut off: what is lost of those is the end. */
static void
test_unsynced (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  goffset first, second, third;

  first = ap_journal_get_length (journal);
  append_synced (journal, AP_JOURNAL_CHUNK, 10);
  second = ap_journal_get_length (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 2000);
  third = ap_journal_get_length (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 2000);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 2000);
  g_clear_pointer (&journal, ap_journal_free);

  flip (scratch, first + 40);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "lost1:10 2:2000 3:2000 4:2000 ");
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, third + 40);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "lost1:10 2:2000 ");
  journal_assert_totals (journal, 2, 2, 2010, FALSE);
  g_assert_cmpint (ap_journal_get_length (journal), ==, third);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, second + 40); /* nothing is behind it any more */
  journal = journal_reopen (scratch);
  journal_assert_totals (journal, 0, 0, 0, FALSE);
}

/* A record that the disk shows once more, further on, says nothing of what is before it there: that the chunk was not
 * synced stays true. */
static void
test_displaced (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) bytes = NULL, record = g_byte_array_new ();
  goffset second, third;

  append_synced (journal, AP_JOURNAL_CHUNK, 10);
  second = ap_journal_get_length (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 2000);
  third = ap_journal_get_length (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 50);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, second + 40);
  bytes = scratch_get (scratch, JOURNAL);
  g_byte_array_append (record, bytes->data + third, (guint)(bytes->len - (gsize)third));
  g_byte_array_set_size (bytes, bytes->len + 4000);
  memset (bytes->data + bytes->len - 4000, 0, 4000);
  g_byte_array_append (bytes, record->data, record->len);
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:10 ");
  journal_assert_totals (journal, 1, 1, 10, FALSE);
}

/* A sync by other means is one as well, of what was there when it began. */
static void
test_synced_otherwise (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  goffset second;

  journal_append_good (journal, AP_JOURNAL_CHUNK, 3000);
  second = ap_journal_get_length (journal);
  ap_journal_sync_begins (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 3 * 1024 - AP_JOURNAL_HEAD_LENGTH); /* places are told in KiB */
  g_assert_true (ap_journal_sync_ends (journal, NULL));
  journal_append_good (journal, AP_JOURNAL_CHUNK, 3000);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, JOURNAL_HEADER_LENGTH + 40);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "lost1:3000 2:3040 3:3000 ");
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, JOURNAL_HEADER_LENGTH + 40);
  flip (scratch, second + 40);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:3000 ");
}

/* A chunk was on the disk, and then another in its place was not. */
static void
test_rewritten (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  goffset place;

  append_synced (journal, AP_JOURNAL_CHUNK, 3000);
  append_synced (journal, AP_JOURNAL_CHUNK, 3000);
  journal_append_good (journal, AP_JOURNAL_REJECT, 0);
  place = ap_journal_get_length (journal);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 1000);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, place + 40);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:3000 ");
  journal_assert_totals (journal, 1, 1, 3000, FALSE);
}

/* What a client can know of a journal, and of its records: all but the secret. */
static GByteArray *
forge (Scratch *scratch, gboolean knows_secret, gboolean knows_crc)
{
  g_autoptr (GByteArray) bytes = scratch_get (scratch, JOURNAL);
  g_auto (ApJournalHeader) header = { 0 };
  guint8 data[AP_JOURNAL_HEADER_MAX], head[AP_JOURNAL_HEAD_LENGTH];
  ApJournalRecord record = { .type = AP_JOURNAL_CHUNK, .seq = 3, .container = AP_CONTAINER_FLAC, .time_us = 3000 };
  ApJournalReader real, reader;
  GByteArray *forged = g_byte_array_new ();

  g_assert_cmpuint (ap_journal_header_decode (bytes->data, bytes->len, &header, &real), >, 0);
  if (!knows_secret)
    header.secret = 0;
  ap_journal_header_encode (&header, data, &reader);
  if (knows_crc)
    reader.seed = real.seed;
  reader.place = (goffset)bytes->len + AP_JOURNAL_HEAD_LENGTH;
  ap_journal_record_encode (&reader, &record, head);
  g_byte_array_append (forged, head, sizeof head);
  reader.place += (goffset)sizeof head;
  record.type = AP_JOURNAL_END;
  ap_journal_record_encode (&reader, &record, head);
  g_byte_array_append (forged, head, sizeof head);
  return forged;
}

static void
append_bytes (ApJournal *journal, const GByteArray *bytes)
{
  ApJournalRecord record = { .type = AP_JOURNAL_CHUNK,
                             .seq = 2,
                             .container = AP_CONTAINER_FLAC,
                             .time_us = 2000,
                             .data = bytes->data,
                             .length = bytes->len };

  g_assert_true (ap_journal_append (journal, &record, NULL));
  g_assert_true (ap_journal_sync (journal, NULL));
}

/* A chunk that looks like records, and of which the head is lost. */
static void
test_forged (Scratch *scratch, gconstpointer data)
{
  const guint knows = GPOINTER_TO_UINT (data);
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) forged = NULL;
  goffset place;

  append_synced (journal, AP_JOURNAL_CHUNK, 10);
  forged = forge (scratch, (knows & 1) != 0, (knows & 2) != 0);
  place = ap_journal_get_length (journal);
  append_bytes (journal, forged);
  append_synced (journal, AP_JOURNAL_CHUNK, 30);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, place + 4);
  journal = journal_reopen (scratch);
  if ((knows & 1) != 0) { /* so it is the secret that keeps it out */
    g_assert_true (ap_journal_get_totals (journal).ended);
    return;
  }
  journal_assert_replays (journal, 0, "1:10 lost2:64 3:30 ");
  g_clear_pointer (&journal, ap_journal_free);
  scratch_cut (scratch, JOURNAL, place + AP_JOURNAL_HEAD_LENGTH + 64);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:10 ");
}

/* A journal that is begun anew or has ended tells how much is missing, and the damaged one is still there. */
static void
test_put_aside (Scratch *scratch, gconstpointer data)
{
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  gsize last;
  g_autoptr (GByteArray) bytes = make_synced (scratch, &last);
  g_autoptr (GByteArray) aside = NULL;
  g_autoptr (ApJournal) journal = NULL;
  g_autoptr (GError) error = NULL;

  flip (scratch, JOURNAL_HEADER_LENGTH);
  journal = journal_reopen (scratch);
  header.info.total_chunks = ap_journal_get_totals (journal).chunks;
  header.info.damaged_chunks = ap_journal_get_totals (journal).damaged;
  ap_journal_compact (journal, scratch->fd, &header, FALSE, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ap_journal_get_damage (journal).places, ==, 0);
  aside = scratch_get (scratch, JOURNAL ".damaged");
  bytes->data[JOURNAL_HEADER_LENGTH] ^= 1;
  g_assert_cmpmem (aside->data, aside->len, bytes->data, bytes->len);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  g_assert_cmpuint (ap_journal_get_totals (journal).damaged, ==, 1);
  g_assert_cmpuint (ap_journal_get_totals (journal).chunks, ==, 4);
}

/* ---- Of earlier versions ------------------------------------------------------------------------------------------
 */

/* The header of @now, as that @version had it. */
static void
put_old_header (GByteArray *bytes, const GByteArray *now, guint version, ApJournalReader *reader)
{
  const guint length = JOURNAL_HEADER_LENGTH - (version == 1 ? 16 : 0);
  g_auto (ApJournalHeader) header = { 0 };

  g_byte_array_append (bytes, now->data, length);
  bytes->data[6] = (guint8)('0' + version);
  ap_put_le (bytes->data + 8, 4, length);
  ap_put_le (bytes->data + 12, 4, ap_crc32c (ap_crc32c (0, bytes->data, 12), bytes->data + 16, length - 16));
  g_assert_cmpuint (ap_journal_header_decode (bytes->data, length, &header, reader), ==, length);
  g_assert_cmpstr (header.info.user_id, ==, "somebody");
  g_assert_cmpuint (reader->version, ==, version);
}

static void
put_old_record (GByteArray *bytes, const ApJournalReader *reader, const char *type, guint64 seq, guint length)
{
  guint at = bytes->len, size = reader->version == 1 ? 2 : 1;
  guint8 *head;

  g_byte_array_set_size (bytes, at + AP_JOURNAL_HEAD_LENGTH + length);
  head = bytes->data + at;
  memset (head, 0, AP_JOURNAL_HEAD_LENGTH);
  ap_put_le (head, 4, ap_get_le ((const guint8 *)type, 4) ^ reader->mark);
  ap_put_le (head + 4, 4, length);
  ap_put_le (head + 8, 8, seq);
  ap_put_le (head + 16, 8, seq * 1000);
  ap_put_le (head + 24, size, seq == 1 ? AP_JOURNAL_BEGINS : 0);
  ap_put_le (head + 24 + size, size, AP_CONTAINER_FLAC);
  for (guint i = 0; i < length; i++)
    head[AP_JOURNAL_HEAD_LENGTH + i] = (guint8)(seq * 31 + i);
  ap_put_le (head + 28, 4, ap_crc32c (ap_crc32c (reader->seed, head, 28), head + AP_JOURNAL_HEAD_LENGTH, length));
}

/* Is read and gone on with as it is; what is damaged in it is the end; and it is of this version when it is begun anew.
 */
static void
test_version_1 (Scratch *scratch, gconstpointer data)
{
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) now = scratch_get (scratch, JOURNAL), bytes = g_byte_array_new ();
  ApJournalReader reader;

  g_clear_pointer (&journal, ap_journal_free);
  put_old_header (bytes, now, 1, &reader);
  put_old_record (bytes, &reader, "CHNK", 1, 5);
  put_old_record (bytes, &reader, "CHNK", 2, 0);
  put_old_record (bytes, &reader, "RJCT", 2, 0);
  put_old_record (bytes, &reader, "CHNK", 3, 100);
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:5 3:100 ");
  append_synced (journal, AP_JOURNAL_CHUNK, 50);
  append_synced (journal, AP_JOURNAL_REJECT, 0);
  append_synced (journal, AP_JOURNAL_CHUNK, 60);
  journal_assert_totals (journal, 5, 3, 165, FALSE);
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:5 3:100 5:60 ");
  g_clear_pointer (&journal, ap_journal_free);

  flip (scratch, bytes->len - 1);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:5 ");
  journal_assert_totals (journal, 2, 1, 5, FALSE);
  header.info.total_chunks = 1;
  g_assert_true (ap_journal_compact (journal, scratch->fd, &header, FALSE, NULL));
  g_clear_pointer (&journal, ap_journal_free);
  journal = journal_reopen (scratch);
  g_assert_cmpint (ap_journal_get_length (journal), ==, JOURNAL_HEADER_LENGTH);
  journal_assert_totals (journal, 2, 1, 0, FALSE);
}

/* Is searched behind damage, too. */
static void
test_version_2 (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  g_autoptr (GByteArray) now = scratch_get (scratch, JOURNAL), bytes = g_byte_array_new ();
  ApJournalReader reader;

  g_clear_pointer (&journal, ap_journal_free);
  put_old_header (bytes, now, 2, &reader);
  put_old_record (bytes, &reader, "CHNK", 1, 5);
  put_old_record (bytes, &reader, "CHNK", 2, 100);
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "1:5 2:100 ");
  append_synced (journal, AP_JOURNAL_CHUNK, 50);
  append_synced (journal, AP_JOURNAL_REJECT, 0);
  append_synced (journal, AP_JOURNAL_CHUNK, 60);
  g_clear_pointer (&journal, ap_journal_free);
  flip (scratch, JOURNAL_HEADER_LENGTH + 3);
  journal = journal_reopen (scratch);
  journal_assert_replays (journal, 0, "lost1:5 2:100 3:60 ");
}

#define ADD(name, test, data)                                                                                          \
  g_test_add ("/journal-holes/" name, Scratch, data, scratch_set_up_quick, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("flipped-bits", test_flipped_bits, NULL);
  ADD ("lost-blocks", test_lost_blocks, NULL);
  ADD ("goes-on", test_goes_on, NULL);
  ADD ("unsynced", test_unsynced, NULL);
  ADD ("displaced", test_displaced, NULL);
  ADD ("synced-otherwise", test_synced_otherwise, NULL);
  ADD ("rewritten", test_rewritten, NULL);
  ADD ("forged/knows-all-else", test_forged, NULL);
  ADD ("forged/knows-secret", test_forged, GUINT_TO_POINTER (1));
  ADD ("forged/knows-crc", test_forged, GUINT_TO_POINTER (2));
  ADD ("put-aside", test_put_aside, NULL);
  ADD ("version-1", test_version_1, NULL);
  ADD ("version-2", test_version_2, NULL);
  return g_test_run ();
}
