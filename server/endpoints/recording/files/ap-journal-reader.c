/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The journal's bytes: what they mean, and which of them are good. */
#include "endpoints/recording/files/ap-journal-reader.h"

#include "base/ap-crc32c.h"
#include "base/ap-little-endian.h"
#include "base/ap-uuid.h"

#include <string.h>

enum {
  HEADER_CRC = 12,
  HEADER_CARRY = 120,
  HEADER_USER = 130,
  HEADER_USER_MAX = 1024,
  HEADER_NO_USER = 0xffff,
  HEADER_TAIL = 16, /* behind the user's id */
  RECORD_CRC = 28,
  VERSION = 3, /* of what is written */
};

/* By version, from 1 on. */
static const char magics[][8] = {
  { 'A', 'P', 'J', 'R', 'N', 'L', '1', '\n' },
  { 'A', 'P', 'J', 'R', 'N', 'L', '2', '\n' },
  { 'A', 'P', 'J', 'R', 'N', 'L', '3', '\n' },
};
static const char types[][4] = {
  [AP_JOURNAL_CHUNK] = { 'C', 'H', 'N', 'K' },
  [AP_JOURNAL_REJECT] = { 'R', 'J', 'C', 'T' },
  [AP_JOURNAL_END] = { 'E', 'N', 'D', ' ' },
};

/* ---- The header ---------------------------------------------------------------------------------------------------
 */

void
ap_journal_header_copy (ApJournalHeader *to, const ApJournalHeader *from)
{
  *to = *from;
  ap_recording_info_copy (&to->info, &from->info);
}

void
ap_journal_header_clear (ApJournalHeader *header)
{
  ap_recording_info_clear (&header->info);
}

static guint32
header_crc (const guint8 *data, gsize length)
{
  guint32 crc = ap_crc32c (0, data, HEADER_CRC);

  return ap_crc32c (crc, data + HEADER_CRC + 4, length - HEADER_CRC - 4);
}

static void
put_info (guint8 *data, const ApRecordingInfo *info)
{
  memcpy (data + 16, info->id, AP_UUID_LENGTH);
  ap_put_le (data + 52, 1, info->format);
  ap_put_le (data + 53, 1, info->status);
  ap_put_le (data + 56, 4, info->sample_rate);
  ap_put_le (data + 60, 4, info->channels);
  ap_put_le (data + 64, 8, (guint64)info->created_us);
  ap_put_le (data + 72, 8, (guint64)info->updated_us);
  ap_put_le (data + 80, 8, (guint64)info->completed_us);
  ap_put_le (data + 88, 8, info->total_chunks);
  ap_put_le (data + 96, 8, info->bytes_received);
  ap_put_le (data + 104, 8, info->frames);
}

static void
get_info (const guint8 *data, ApRecordingInfo *info)
{
  memcpy (info->id, data + 16, AP_UUID_LENGTH);
  info->format = (ApRecordingFormat)ap_get_le (data + 52, 1);
  info->status = (ApRecordingStatus)ap_get_le (data + 53, 1);
  info->sample_rate = (guint)ap_get_le (data + 56, 4);
  info->channels = (guint)ap_get_le (data + 60, 4);
  info->created_us = (gint64)ap_get_le (data + 64, 8);
  info->updated_us = (gint64)ap_get_le (data + 72, 8);
  info->completed_us = (gint64)ap_get_le (data + 80, 8);
  info->total_chunks = ap_get_le (data + 88, 8);
  info->bytes_received = ap_get_le (data + 96, 8);
  info->frames = ap_get_le (data + 104, 8);
}

/* Of bytes whose CRC is right: what no version of this program has written, all the same. */
static gboolean
is_sound (const ApJournalHeader *header)
{
  const ApRecordingInfo *info = &header->info;

  return ap_uuid_is_valid (info->id) && (guint)info->format <= AP_RECORDING_FORMAT_WEBM &&
         (guint)info->status <= AP_RECORDING_FAILED && info->sample_rate > 0 && info->channels > 0 &&
         header->carry_length <= sizeof header->carry;
}

static ApJournalReader
reader_of (const ApJournalHeader *header, gsize length, guint32 crc, guint version)
{
  return (ApJournalReader){ .seed = crc,
                            .mark = (guint32)header->secret,
                            .version = version,
                            .place = (goffset)length,
                            .last_seq = header->last_seq };
}

gsize
ap_journal_header_encode (const ApJournalHeader *header, guint8 data[AP_JOURNAL_HEADER_MAX], ApJournalReader *reader)
{
  const char *user = header->info.user_id;
  gsize user_length = user != NULL ? strlen (user) : 0;
  gsize length = HEADER_USER + user_length + HEADER_TAIL;
  guint32 crc;

  if (user_length > HEADER_USER_MAX || !is_sound (header))
    return 0;
  memset (data, 0, length);
  memcpy (data, magics[VERSION - 1], sizeof magics[0]);
  ap_put_le (data + 8, 4, length);
  put_info (data, &header->info);
  ap_put_le (data + 54, 1, header->carry_length);
  ap_put_le (data + 112, 8, header->last_seq);
  memcpy (data + HEADER_CARRY, header->carry, header->carry_length);
  ap_put_le (data + 128, 2, user != NULL ? user_length : HEADER_NO_USER);
  if (user_length > 0)
    memcpy (data + HEADER_USER, user, user_length);
  ap_put_le (data + length - HEADER_TAIL, 8, header->info.damaged_chunks);
  ap_put_le (data + length - 8, 8, header->secret);
  crc = header_crc (data, length);
  ap_put_le (data + HEADER_CRC, 4, crc);
  *reader = reader_of (header, length, crc, VERSION);
  return length;
}

/* Its length in bytes, which are all there and have the right CRC; 0: no header */
static gsize
measure_header (const guint8 *data, gsize length, gsize tail)
{
  gsize whole, user_length;

  if (length < HEADER_USER)
    return 0;
  whole = ap_get_le (data + 8, 4);
  user_length = ap_get_le (data + 128, 2);
  if (user_length == HEADER_NO_USER)
    user_length = 0;
  if (whole != HEADER_USER + user_length + tail || whole > length || user_length > HEADER_USER_MAX)
    return 0;
  return header_crc (data, whole) == ap_get_le (data + HEADER_CRC, 4) ? whole : 0;
}

/* 0: of none that this program knows */
static guint
version_of (const guint8 *data, gsize length)
{
  for (guint version = 1; version <= VERSION; version++)
    if (length >= sizeof magics[0] && memcmp (data, magics[version - 1], sizeof magics[0]) == 0)
      return version;
  return 0;
}

gsize
ap_journal_header_decode (const guint8 *data, gsize length, ApJournalHeader *header, ApJournalReader *reader)
{
  guint version = version_of (data, length);
  gsize tail = version == 1 ? 0 : HEADER_TAIL;
  gsize whole = measure_header (data, length, tail);

  *header = (ApJournalHeader){ 0 };
  if (whole == 0 || version == 0)
    return 0;
  get_info (data, &header->info);
  header->carry_length = data[54];
  header->last_seq = ap_get_le (data + 112, 8);
  memcpy (header->carry, data + HEADER_CARRY, sizeof header->carry);
  if (!is_sound (header))
    return 0;
  if (ap_get_le (data + 128, 2) != HEADER_NO_USER)
    header->info.user_id = g_strndup ((const char *)data + HEADER_USER, whole - tail - HEADER_USER);
  if (version > 1) {
    header->info.damaged_chunks = ap_get_le (data + whole - HEADER_TAIL, 8);
    header->secret = ap_get_le (data + whole - 8, 8);
  }
  *reader = reader_of (header, whole, header_crc (data, whole), version);
  return whole;
}

/* ---- Records ------------------------------------------------------------------------------------------------------
 */

gboolean
ap_journal_reader_admits (const ApJournalReader *reader, const ApJournalRecord *record)
{
  if (reader->last == AP_JOURNAL_END || (guint)record->container > AP_CONTAINER_WEBM)
    return FALSE;
  switch (record->type) {
  case AP_JOURNAL_CHUNK:
    return record->seq == reader->last_seq + 1 && record->length <= AP_JOURNAL_PAYLOAD_MAX;
  case AP_JOURNAL_REJECT:
    return record->seq == reader->last_seq && record->length == 0 && reader->last == AP_JOURNAL_CHUNK;
  case AP_JOURNAL_END:
    return record->seq == reader->last_seq && record->length == 0;
  default:
    return FALSE;
  }
}

/* What was not taken gives its seq to the next. */
void
ap_journal_reader_advance (ApJournalReader *reader, const ApJournalRecord *record)
{
  reader->place += AP_JOURNAL_HEAD_LENGTH + (goffset)record->length;
  reader->last = record->type;
  reader->last_seq = record->type == AP_JOURNAL_REJECT && reader->version > 1 ? record->seq - 1 : record->seq;
  if (record->type != AP_JOURNAL_CHUNK)
    return;
  reader->last_length = record->length;
  if (record->container != AP_CONTAINER_NONE) /* an empty chunk in the place of a rejected one has none */
    reader->container = record->container;
}

void
ap_journal_reader_seek (ApJournalReader *reader, goffset place, const guint8 head[AP_JOURNAL_HEAD_LENGTH])
{
  reader->place = place;
  reader->last = 0;
  reader->last_seq = ap_get_le (head + 8, 8) - 1;
}

static guint32
record_crc (const ApJournalReader *reader, const guint8 *head, const guint8 *payload, gsize length)
{
  guint8 place[8];
  guint32 crc = reader->seed;

  ap_put_le (place, sizeof place, (guint64)reader->place);
  if (reader->version > 2)
    crc = ap_crc32c (crc, place, sizeof place);
  return ap_crc32c (ap_crc32c (crc, head, RECORD_CRC), payload, length);
}

/* The first four bytes of a record. */
static guint32
word_of (const ApJournalReader *reader, ApJournalType type)
{
  return (guint32)ap_get_le ((const guint8 *)types[type], 4) ^ reader->mark;
}

void
ap_journal_record_encode (const ApJournalReader *reader, const ApJournalRecord *record,
                          guint8 head[AP_JOURNAL_HEAD_LENGTH])
{
  guint bytes = reader->version == 1 ? 2 : 1; /* of flags and of container */

  ap_put_le (head, 4, word_of (reader, record->type));
  ap_put_le (head + 4, 4, record->length);
  ap_put_le (head + 8, 8, record->seq);
  ap_put_le (head + 16, 8, (guint64)record->time_us);
  ap_put_le (head + 26, 2, record->unsynced);
  ap_put_le (head + 24, bytes, record->flags);
  ap_put_le (head + 24 + bytes, bytes, record->container);
  ap_put_le (head + RECORD_CRC, 4, record_crc (reader, head, record->data, record->length));
}

/* 0: none */
static ApJournalType
type_of (const ApJournalReader *reader, const guint8 *head)
{
  guint32 word = (guint32)ap_get_le (head, 4);

  for (guint type = AP_JOURNAL_CHUNK; type <= AP_JOURNAL_END; type++)
    if (word == word_of (reader, (ApJournalType)type))
      return (ApJournalType)type;
  return 0;
}

static ApJournalRecord
record_at (const ApJournalReader *reader, const guint8 *data)
{
  guint bytes = reader->version == 1 ? 2 : 1;

  return (ApJournalRecord){
    .type = type_of (reader, data),
    .length = ap_get_le (data + 4, 4),
    .seq = ap_get_le (data + 8, 8),
    .time_us = (gint64)ap_get_le (data + 16, 8),
    .flags = (guint)ap_get_le (data + 24, bytes),
    .container = (ApContainer)ap_get_le (data + 24 + bytes, bytes),
    .unsynced = reader->version == 1 ? AP_JOURNAL_UNKNOWN : (guint)ap_get_le (data + 26, 2),
    .data = data + AP_JOURNAL_HEAD_LENGTH,
  };
}

gsize
ap_journal_reader_next (ApJournalReader *reader, const guint8 *data, gsize length, ApJournalRecord *record)
{
  gsize whole;

  if (length < AP_JOURNAL_HEAD_LENGTH)
    return AP_JOURNAL_HEAD_LENGTH;
  *record = record_at (reader, data);
  if (!ap_journal_reader_admits (reader, record))
    return 0;
  whole = AP_JOURNAL_HEAD_LENGTH + record->length;
  if (length < whole)
    return whole;
  if (record_crc (reader, data, record->data, record->length) != ap_get_le (data + RECORD_CRC, 4))
    return 0;
  ap_journal_reader_advance (reader, record);
  return whole;
}

/* ---- Behind damage ------------------------------------------------------------------------------------------------
 */

gsize
ap_journal_reader_seek_head (const ApJournalReader *reader, const guint8 *data, gsize length)
{
  const guint32 chunk = word_of (reader, AP_JOURNAL_CHUNK), reject = word_of (reader, AP_JOURNAL_REJECT);
  const guint32 end = word_of (reader, AP_JOURNAL_END);

  for (gsize at = 0; at + 4 <= length; at++) {
    guint32 word = (guint32)ap_get_le (data + at, 4);

    if (word == chunk || word == reject || word == end)
      return at;
  }
  return length;
}

/* An empty chunk is all that was kept of one that was not taken: see its rejection. */
static guint64
taken_before_gap (const ApJournalReader *before)
{
  return before->last_seq - (before->last == AP_JOURNAL_CHUNK && before->last_length == 0 ? 1 : 0);
}

gsize
ap_journal_reader_resume (const ApJournalReader *before, const guint8 *data, gsize length, goffset gap,
                          ApJournalRecord *record, ApJournalReader *after, gint64 *lost)
{
  gboolean last_may_go = before->last == AP_JOURNAL_CHUNK && before->last_length > 0;
  ApJournalReader probe;

  if (before->version == 1)
    return 0;
  if (length < AP_JOURNAL_HEAD_LENGTH)
    return AP_JOURNAL_HEAD_LENGTH;
  *record = record_at (before, data);
  *lost = (gint64)(record->seq - (record->type != AP_JOURNAL_END ? 1 : 0) - taken_before_gap (before));
  if (*lost < (last_may_go ? -1 : 0) || ABS (*lost) > gap / AP_JOURNAL_HEAD_LENGTH) /* -1: for a rejection */
    return 0;
  probe = *before;
  probe.place = before->place + gap;
  probe.last = record->type == AP_JOURNAL_REJECT ? AP_JOURNAL_CHUNK : 0;
  probe.last_seq = record->type == AP_JOURNAL_CHUNK ? record->seq - 1 : record->seq;
  probe.last_length = 0;
  *after = probe;
  return before->last != AP_JOURNAL_END ? ap_journal_reader_next (&probe, data, length, record) : 0;
}
