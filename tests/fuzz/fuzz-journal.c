/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal's bytes, as they are, and once more with all checksums made right, since no fuzzer finds those: reading
 * stays within the bytes, asks for no more than a record's length, and what is taken is written again as the same
 * bytes. */
#include "endpoints/recording/files/ap-journal-reader.h"

#include "base/ap-crc32c.h"
#include "base/ap-uuid.h"

#include <string.h>

#include "fuzz.h"

static guint32
number_at (const guint8 *data)
{
  guint32 number;

  memcpy (&number, data, sizeof number);
  return GUINT32_FROM_LE (number);
}

static void
put_crc (guint8 *at, guint32 crc)
{
  crc = GUINT32_TO_LE (crc);
  memcpy (at, &crc, sizeof crc);
}

/* The reader that the header gives. */
static ApJournalReader
check_header (const guint8 *data, gsize size, gsize *length)
{
  g_auto (ApJournalHeader) header = { 0 }, again = { 0 };
  guint8 encoded[AP_JOURNAL_HEADER_MAX];
  ApJournalReader reader = { 0 }, other = { 0 };

  *length = ap_journal_header_decode (data, size, &header, &reader);
  if (*length == 0)
    return reader;
  g_assert_cmpuint (*length, <=, size);
  g_assert_true (ap_uuid_is_valid (header.info.id));
  g_assert_cmpuint (header.carry_length, <=, sizeof header.carry);
  g_assert_cmpuint (ap_journal_header_encode (&header, encoded, &other), >, 0);
  g_assert_cmpuint (ap_journal_header_decode (encoded, sizeof encoded, &again, &other), >, 0);
  g_assert_cmpstr (header.info.user_id, ==, again.info.user_id);
  g_assert_cmpuint (header.last_seq, ==, again.last_seq);
  return reader;
}

static void
check_record (const ApJournalReader *before, const guint8 *data, gsize length, const ApJournalRecord *record)
{
  guint8 head[AP_JOURNAL_HEAD_LENGTH];

  g_assert_true (ap_journal_reader_admits (before, record));
  g_assert_cmpuint (length, ==, sizeof head + record->length);
  g_assert_true (record->data == data + sizeof head);
  ap_journal_record_encode (before, record, head);
  g_assert_cmpmem (head, sizeof head, data, sizeof head);
}

/* The next record, of which just as much is shown as is asked for, in memory of its own. Returns its length; 0: none.
 */
static gsize
check_next (ApJournalReader *reader, const guint8 *data, gsize size)
{
  gsize have = 0, need = 1;

  while (need > have && need <= size) {
    g_autofree guint8 *copy = g_memdup2 (data, need);
    ApJournalReader before = *reader;
    ApJournalRecord record;

    have = need;
    need = ap_journal_reader_next (reader, copy, have, &record);
    g_assert_cmpuint (need, <=, AP_JOURNAL_HEAD_LENGTH + (gsize)AP_JOURNAL_PAYLOAD_MAX);
    if (need > 0 && need <= have)
      check_record (&before, copy, need, &record);
  }
  return need <= size ? need : 0;
}

/* What is behind a place without a record: what is found there, a reader takes as the next, and no more is lost than
 * there was room for. Returns its place; @size: there is none */
static gsize
check_search (ApJournalReader *reader, const guint8 *data, gsize from, gsize size)
{
  for (gsize at = from; (at += ap_journal_reader_seek_head (reader, data + at, size - at)) < size; at++) {
    g_autofree guint8 *copy = g_memdup2 (data + at, size - at);
    ApJournalReader after;
    ApJournalRecord record;
    gint64 lost;
    gsize length = ap_journal_reader_resume (reader, copy, size - at, (goffset)(at - from + 1), &record, &after, &lost);

    g_assert_cmpuint (length, <=, AP_JOURNAL_HEAD_LENGTH + (gsize)AP_JOURNAL_PAYLOAD_MAX);
    if (length == 0 || length > size - at)
      continue;
    g_assert_cmpuint (reader->version, >, 1);
    g_assert_cmpint (lost, >=, -1);
    g_assert_cmpint (lost * AP_JOURNAL_HEAD_LENGTH, <=, (gint64)(at - from + 1));
    check_record (&after, copy, length, &record);
    *reader = after;
    return at;
  }
  return size;
}

static void
check (const guint8 *data, gsize size)
{
  gsize at, length;
  ApJournalReader reader = check_header (data, size, &length);

  for (at = length; length > 0; at += length) {
    g_assert_cmpuint (at, <=, size);
    length = check_next (&reader, data + at, size - at);
    if (length == 0 && at < size) {
      at = check_search (&reader, data, at + 1, size);
      length = at < size ? check_next (&reader, data + at, size - at) : 0;
      g_assert_true (length > 0 || at == size);
    }
  }
}

static void
repair (guint8 *data, gsize size)
{
  gsize at = size < 16 ? 0 : number_at (data + 8);
  guint32 seed;

  if (at < 16 || at > size)
    return;
  seed = ap_crc32c (ap_crc32c (0, data, 12), data + 16, at - 16);
  put_crc (data + 12, seed);
  while (size - at >= AP_JOURNAL_HEAD_LENGTH) {
    gsize payload = number_at (data + at + 4);
    guint64 place = GUINT64_TO_LE (at);
    guint32 crc = data[6] == '3' ? ap_crc32c (seed, (guint8 *)&place, sizeof place) : seed;

    if (payload > size - at - AP_JOURNAL_HEAD_LENGTH)
      return;
    crc = ap_crc32c (crc, data + at, 28);
    put_crc (data + at + 28, ap_crc32c (crc, data + at + AP_JOURNAL_HEAD_LENGTH, payload));
    at += AP_JOURNAL_HEAD_LENGTH + payload;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree guint8 *copy = g_memdup2 (data, size);

  check (data, size);
  repair (copy, size);
  check (copy, size);
  return 0;
}
