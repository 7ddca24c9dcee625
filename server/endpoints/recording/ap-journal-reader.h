/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* The journal's bytes, without I/O. All numbers are little-endian.
 *
 *   header   0 "APJRNL1\n"   8 u32 length of the header   12 u32 CRC-32C of all else in it   16 id, 36 characters
 *           52 u8 format, status, length of carry, 0      56 u32 sample rate, channels
 *           64 i64 created, updated, completed            88 u64 chunks, bytes, frames, last seq
 *          120 carry, 8 bytes   128 u16 length of the user's id, 0xffff: none   130 the user's id
 *   record   0 "CHNK" "RJCT" "END "   4 u32 length of the payload   8 u64 seq   16 i64 time
 *           24 u16 flags   26 u16 container  28 u32 CRC-32C of these 28 bytes and the payload   32 payload
 *
 * The CRC of a record goes on from the header's, so that a record of another journal is never taken for one of this. */
#define AP_JOURNAL_HEADER_MAX  2048
#define AP_JOURNAL_PAYLOAD_MAX (1u << 30)
#define AP_JOURNAL_HEAD_LENGTH 32 /* of a record, before its payload */

typedef struct {
  ApRecordingInfo info; /* as of the beginning of this journal: its totals are what went before */
  guint64 last_seq;     /* of the chunk before this journal's first */
  guint8 carry[8];      /* what was left of the PCM before: part of a frame */
  guint carry_length;
} ApJournalHeader;

typedef enum {
  AP_JOURNAL_CHUNK = 1, /* seq: one more than the chunk before */
  AP_JOURNAL_REJECT,    /* directly behind the chunk of this seq, which was not taken; no payload */
  AP_JOURNAL_END,       /* seq: of the last chunk; no payload, and nothing after it */
} ApJournalType;

#define AP_JOURNAL_BEGINS 1 /* a flag: the chunk begins a segment, of the record's container */

typedef struct {
  ApJournalType type;
  guint64 seq;
  gint64 time_us; /* Unix time */
  guint flags;    /* 16 bits */
  ApContainer container;
  goffset offset;     /* of the record in the file, when it was read from one */
  const guint8 *data; /* the reader's */
  gsize length;       /* at most AP_JOURNAL_PAYLOAD_MAX */
} ApJournalRecord;

/* Where a reader is, and by which rules the next record must come. */
typedef struct {
  guint32 seed; /* the header's CRC */
  guint64 last_seq;
  ApJournalType last; /* 0: none yet */
} ApJournalReader;

void ap_journal_header_copy (ApJournalHeader *to, const ApJournalHeader *from);
void ap_journal_header_clear (ApJournalHeader *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ApJournalHeader, ap_journal_header_clear)

/* Both return the length of the header in bytes; 0: the user's id is over 1024 bytes, or @data holds no whole and good
 * header. They set @reader for the records that follow. @header: (out caller-allocates): to be cleared */
gsize ap_journal_header_encode (const ApJournalHeader *header, guint8 data[AP_JOURNAL_HEADER_MAX],
                                ApJournalReader *reader);
gsize ap_journal_header_decode (const guint8 *data, gsize length, ApJournalHeader *header, ApJournalReader *reader);

/* Whether @record may follow what @reader has seen. */
gboolean ap_journal_reader_admits (const ApJournalReader *reader, const ApJournalRecord *record);
void ap_journal_reader_advance (ApJournalReader *reader, const ApJournalRecord *record);
/* To before the chunk that begins with @head. */
void ap_journal_reader_seek (ApJournalReader *reader, const guint8 head[AP_JOURNAL_HEAD_LENGTH]);

/* The bytes before the payload, of a record of @reader's journal. */
void ap_journal_record_encode (const ApJournalReader *reader, const ApJournalRecord *record,
                               guint8 head[AP_JOURNAL_HEAD_LENGTH]);

/**
 * ap_journal_reader_next:
 * @data: from a record's beginning on
 *
 * Returns: 0: no record is here, nor can more bytes make one. At most @length: the record's length. More: so many bytes
 * are needed to tell
 */
gsize ap_journal_reader_next (ApJournalReader *reader, const guint8 *data, gsize length, ApJournalRecord *record);
