/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Journals that are not as they were written: torn, damaged or foreign records are not taken, and all before them are.
 */
#include "journal-support.h"

#include "endpoints/recording/files/ap-journal-reader.h"

#include <string.h>

/* Ends of header and records in the journal of fill(), with an END. */
static const guint steps[] = { 154, 191, 223, 258, 290, 329, 361 };
static const char *const replays[] = { "",         "1:5 ",         "1:5 2:0 ",    "1:5 2:0 3:3 ",
                                       "1:5 2:0 ", "1:5 2:0 3:7 ", "1:5 2:0 3:7 " };

static GByteArray *
make_bytes (Scratch *scratch)
{
  g_autoptr (ApJournal) journal = journal_create (scratch);
  GByteArray *bytes;

  journal_fill (journal);
  journal_append_good (journal, AP_JOURNAL_END, 0);
  bytes = scratch_get (scratch, JOURNAL);
  g_assert_cmpuint (bytes->len, ==, steps[6]);
  return bytes;
}

/* The last step that lies within @length bytes; -1: not even the header */
static gint
step_of (gsize length)
{
  gint step = -1;

  while (step + 1 < (gint)G_N_ELEMENTS (steps) && steps[step + 1] <= length)
    step++;
  return step;
}

static void
assert_opens_at (Scratch *scratch, gint step)
{
  if (step < 0) {
    journal_assert_cannot_open (scratch, AP_RECORDING_ERROR_UNDECODABLE);
  } else {
    g_autoptr (ApJournal) journal = journal_reopen (scratch);
    g_autoptr (GByteArray) bytes = scratch_get (scratch, JOURNAL);

    journal_assert_replays (journal, 0, replays[step]);
    g_assert_cmpint (ap_journal_get_totals (journal).ended, ==, step == 6);
    g_assert_cmpint (ap_journal_get_length (journal), ==, steps[step]);
    g_assert_cmpuint (bytes->len, ==, steps[step]);
    g_assert_cmpint (journal_append (journal, AP_JOURNAL_CHUNK, 9, NULL), ==, step != 6);
  }
}

/* Each length that a crash may leave. What was cut off does not come back, and what follows stays. */
static void
test_torn (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = make_bytes (scratch);

  for (gsize length = 0; length <= bytes->len; length++) {
    gint step = step_of (length);

    scratch_put (scratch, JOURNAL, bytes->data, length);
    assert_opens_at (scratch, step);
    if (step >= 0 && step < 6) {
      g_autoptr (ApJournal) journal = journal_reopen (scratch);
      g_assert_cmpint (ap_journal_get_length (journal), ==, (goffset)(steps[step] + AP_JOURNAL_HEAD_LENGTH + 9));
    }
  }
}

/* Zeros or noise behind a torn record, which a power cut may leave. */
static void
test_torn_with_rest (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = make_bytes (scratch);

  for (gsize length = steps[0]; length < bytes->len; length++) {
    g_autoptr (GByteArray) damaged = g_byte_array_new ();

    g_byte_array_append (damaged, bytes->data, (guint)length);
    g_byte_array_set_size (damaged, 4096);
    memset (damaged->data + length, length % 2 == 0 ? 0 : 0xa5, 4096 - length);
    scratch_put (scratch, JOURNAL, damaged->data, damaged->len);
    /* some of the bytes may be what they were */
    assert_opens_at (scratch, memcmp (damaged->data, bytes->data, bytes->len) == 0 ? 6 : step_of (length));
  }
}

static void
test_flipped_bits (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = make_bytes (scratch);

  for (gsize place = 0; place < bytes->len; place++)
    for (guint bit = 0; bit < 8; bit++) {
      bytes->data[place] ^= (guint8)(1 << bit);
      scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
      assert_opens_at (scratch, step_of (place));
      bytes->data[place] ^= (guint8)(1 << bit);
    }
}

/* Records left out, twice there, in another order, or of another journal. */
static void
test_foreign_records (Scratch *scratch, gconstpointer data)
{
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID_MORE);
  g_autoptr (GByteArray) bytes = make_bytes (scratch);
  g_autoptr (GByteArray) gap = g_byte_array_new (), twice = g_byte_array_new ();
  g_autoptr (ApJournal) other = ap_journal_create (scratch->fd, &header, NULL);
  g_autoptr (GByteArray) foreign = NULL;

  g_byte_array_append (gap, bytes->data, bytes->len);
  g_byte_array_remove_range (gap, steps[1], steps[2] - steps[1]);
  scratch_put (scratch, JOURNAL, gap->data, gap->len);
  assert_opens_at (scratch, 1);

  g_byte_array_append (twice, bytes->data, steps[1]);
  g_byte_array_append (twice, bytes->data + steps[0], bytes->len - steps[0]);
  scratch_put (scratch, JOURNAL, twice->data, twice->len);
  assert_opens_at (scratch, 1);

  journal_fill (other);
  foreign = scratch_get (scratch, JOURNAL_MORE);
  memcpy (foreign->data, bytes->data, steps[1]);
  scratch_put (scratch, JOURNAL, foreign->data, foreign->len);
  assert_opens_at (scratch, 1);
}

/* A record that says that it is longer than the file, with a CRC that is right as far as it goes, is not waited for. */
static void
test_larger_than_file (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = make_bytes (scratch);
  g_auto (ApJournalHeader) header = { 0 };
  static const guint8 payload[100];
  guint8 head[AP_JOURNAL_HEAD_LENGTH];
  ApJournalRecord record = { AP_JOURNAL_CHUNK, 1, .data = payload, .length = sizeof payload };
  ApJournalReader reader;

  g_assert_cmpuint (ap_journal_header_decode (bytes->data, bytes->len, &header, &reader), ==, steps[0]);
  ap_journal_record_encode (&reader, &record, head);
  g_byte_array_set_size (bytes, steps[0]);
  g_byte_array_append (bytes, head, sizeof head);
  g_byte_array_append (bytes, payload, sizeof payload - 1);
  g_assert_cmpuint (ap_journal_reader_next (&reader, bytes->data + steps[0], bytes->len - steps[0], &record), ==,
                    sizeof head + sizeof payload);
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  assert_opens_at (scratch, 0);

  bytes->data[steps[0] + 7] = 0x3f; /* just under 1 GiB */
  scratch_put (scratch, JOURNAL, bytes->data, bytes->len);
  assert_opens_at (scratch, 0);
}

#define ADD(name, test)                                                                                                \
  g_test_add ("/journal-damage/" name, Scratch, NULL, scratch_set_up_quick, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("torn/lengths", test_torn);
  ADD ("torn/with-rest", test_torn_with_rest);
  ADD ("flipped-bits", test_flipped_bits);
  ADD ("foreign-records", test_foreign_records);
  ADD ("larger-than-file", test_larger_than_file);
  return g_test_run ();
}
