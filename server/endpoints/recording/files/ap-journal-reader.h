/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/files/ap-journal-record.h"

/* Reads a journal's bytes, and writes them, without I/O. */

/* Where a reader is, and by which rules the next record must come. */
typedef struct {
  guint32 seed;  /* the header's CRC */
  guint32 mark;  /* the secret's low half */
  guint version; /* of the format */
  goffset place; /* of the next record in the file */
  guint64 last_seq;
  ApJournalType last; /* 0: none yet */
  gsize last_length;  /* the last chunk's, as is @container */
  ApContainer container;
} ApJournalReader;

/* Both return the length of the header in bytes; 0: the user's id is over 1024 bytes, or @data holds no whole and good
 * header. They set @reader for the records that follow. @header: (out caller-allocates): to be cleared */
gsize ap_journal_header_encode (const ApJournalHeader *header, guint8 data[AP_JOURNAL_HEADER_MAX],
                                ApJournalReader *reader);
gsize ap_journal_header_decode (const guint8 *data, gsize length, ApJournalHeader *header, ApJournalReader *reader);

/* Whether @record may follow what @reader has seen. */
gboolean ap_journal_reader_admits (const ApJournalReader *reader, const ApJournalRecord *record);
void ap_journal_reader_advance (ApJournalReader *reader, const ApJournalRecord *record);
/* To before the chunk that begins at @place with @head. */
void ap_journal_reader_seek (ApJournalReader *reader, goffset place, const guint8 head[AP_JOURNAL_HEAD_LENGTH]);

/* The bytes before the payload, of a record at @reader's place. */
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

/* ---- Behind damage ---- */

/* Where in @data a record of @reader's journal may begin, by its first four bytes; @length: nowhere. */
gsize ap_journal_reader_seek_head (const ApJournalReader *reader, const guint8 *data, gsize length);

/**
 * ap_journal_reader_resume:
 * @before: a reader that was refused the record in its turn
 * @gap: bytes between that place and @data
 * @after: (out): a reader that takes the record at @data as the next
 * @lost: (out): chunks between, which had been taken; -1: none, and the last one before was not taken either
 *
 * Returns: as ap_journal_reader_next()
 */
gsize ap_journal_reader_resume (const ApJournalReader *before, const guint8 *data, gsize length, goffset gap,
                                ApJournalRecord *record, ApJournalReader *after, gint64 *lost);
