/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "journal-support.h"

ApJournalHeader
journal_header_of (const char *id)
{
  ApJournalHeader header = {
    .info = { .user_id = g_strdup ("somebody"),
              .format = AP_RECORDING_FORMAT_FLAC,
              .sample_rate = 44100,
              .channels = 2,
              .created_us = 1700000000000000,
              .updated_us = 1700000000000001 },
  };

  g_strlcpy (header.info.id, id, sizeof header.info.id);
  return header;
}

ApJournal *
journal_create (Scratch *scratch)
{
  g_auto (ApJournalHeader) header = journal_header_of (JOURNAL_ID);
  g_autoptr (GError) error = NULL;
  ApJournal *journal = ap_journal_create (scratch->fd, &header, &error);

  g_assert_no_error (error);
  return journal;
}

ApJournal *
journal_reopen (Scratch *scratch)
{
  g_autoptr (GError) error = NULL;
  ApJournal *journal = ap_journal_open (scratch->fd, JOURNAL_ID, &error);

  g_assert_no_error (error);
  return journal;
}

void
journal_assert_cannot_open (Scratch *scratch, ApRecordingErrorCode code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ap_journal_open (scratch->fd, JOURNAL_ID, &error));
  g_assert_error (error, AP_RECORDING_ERROR, (gint)code);
}

/* A chunk's bytes follow from its seq. */
static GBytes *
payload_of (guint64 seq, gsize length)
{
  guint8 *bytes = g_malloc (length + 1);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)(seq * 31 + i);
  return g_bytes_new_take (bytes, length);
}

gboolean
journal_append (ApJournal *journal, ApJournalType type, gsize length, GError **error)
{
  guint64 seq = ap_journal_get_totals (journal).last_seq + (type == AP_JOURNAL_CHUNK ? 1 : 0);
  g_autoptr (GBytes) payload = payload_of (seq, length);
  ApJournalRecord record = {
    .type = type,
    .seq = seq,
    .time_us = (gint64)seq * 1000,
    .flags = seq == 1 ? AP_JOURNAL_BEGINS : 0,
    .container = AP_CONTAINER_FLAC,
    .data = g_bytes_get_data (payload, NULL),
    .length = length,
  };

  return ap_journal_append (journal, &record, error);
}

void
journal_append_good (ApJournal *journal, ApJournalType type, gsize length)
{
  g_autoptr (GError) error = NULL;

  journal_append (journal, type, length, &error);
  g_assert_no_error (error);
}

static gboolean
note (const ApJournalRecord *record, gpointer data, GError **error)
{
  g_autoptr (GBytes) expected = payload_of (record->seq, record->length);

  if (record->lost > 0) {
    g_string_append_printf (data, "lost%" G_GUINT64_FORMAT ":%" G_GSIZE_FORMAT " ", record->seq, record->length);
    for (gsize i = 0; i < record->length; i++)
      g_assert_cmpuint (record->data[i], ==, 0);
    return TRUE;
  }
  g_assert_cmpint (record->type, ==, AP_JOURNAL_CHUNK);
  g_assert_cmpmem (record->data, record->length, g_bytes_get_data (expected, NULL), record->length);
  g_assert_cmpint (record->time_us, ==, (gint64)record->seq * 1000);
  g_assert_cmpuint (record->flags, ==, record->seq == 1 ? AP_JOURNAL_BEGINS : 0);
  g_assert_cmpint (record->container, ==, AP_CONTAINER_FLAC);
  g_string_append_printf (data, "%" G_GUINT64_FORMAT ":%" G_GSIZE_FORMAT " ", record->seq, record->length);
  return TRUE;
}

void
journal_assert_replays (ApJournal *journal, goffset from, const char *expected)
{
  g_autoptr (GString) seen = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_journal_replay (journal, from, note, seen, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (seen->str, ==, expected);
}

void
journal_assert_totals (ApJournal *journal, guint64 last_seq, guint64 chunks, guint64 bytes, gboolean ended)
{
  ApJournalTotals totals = ap_journal_get_totals (journal);

  g_assert_cmpuint (totals.last_seq, ==, last_seq);
  g_assert_cmpuint (totals.chunks, ==, chunks);
  g_assert_cmpuint (totals.bytes, ==, bytes);
  g_assert_cmpint (totals.ended, ==, ended);
}

void
journal_fill (ApJournal *journal)
{
  journal_append_good (journal, AP_JOURNAL_CHUNK, 5);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 0);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 3);
  journal_append_good (journal, AP_JOURNAL_REJECT, 0);
  journal_append_good (journal, AP_JOURNAL_CHUNK, 7);
}
