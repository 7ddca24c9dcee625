/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* The journal's bytes. All numbers are little-endian.
 *
 *   header   0 "APJRNL3\n"   8 u32 length of the header   12 u32 CRC-32C of all else in it   16 id, 36 characters
 *           52 u8 format, status, length of carry, 0      56 u32 sample rate, channels
 *           64 i64 created, updated, completed            88 u64 chunks, bytes, frames, last seq
 *          120 carry, 8 bytes   128 u16 length of the user's id, 0xffff: none   130 the user's id
 *          behind it u64 damaged chunks, secret: a random number
 *   record   0 "CHNK" "RJCT" "END ", exclusive-or the secret's low half   4 u32 length of the payload   8 u64 seq
 *           16 i64 time   24 u8 flags, container   26 u16 unsynced
 *           28 u32 CRC-32C of the record's place in the file (u64), these 28 bytes and the payload   32 payload
 *
 * The CRC of a record goes on from the header's, so that a record of another journal is never taken for one of this;
 * nor is one that the disk shows elsewhere than where it was written: what it tells of the bytes before it would be
 * told of others. Behind damage the next record is searched for, in what clients have sent too: the secret is in no
 * answer, and a chunk that is made to look like a record has to guess its 64 bits, half of them in the first word, half
 * in the CRC.
 *
 * Earlier versions are read and gone on with. In "APJRNL2\n" the CRC leaves out the place. "APJRNL1\n" has neither the
 * header's last 16 bytes nor a secret; a chunk behind a rejected one has the next seq; flags and container have 16
 * bits, in the place of unsynced. It is not searched. */
#define AP_JOURNAL_HEADER_MAX  2048
#define AP_JOURNAL_PAYLOAD_MAX (1u << 30)
#define AP_JOURNAL_HEAD_LENGTH 32 /* of a record, before its payload */

typedef struct {
  ApRecordingInfo info; /* as of the beginning of this journal: its totals are what went before */
  guint64 last_seq;     /* of the chunk before this journal's first */
  guint8 carry[8];      /* what was left of the PCM before: part of a frame */
  guint carry_length;
  guint64 secret;
} ApJournalHeader;

typedef enum {
  AP_JOURNAL_CHUNK = 1, /* seq: one more than the chunk before that was taken */
  AP_JOURNAL_REJECT,    /* directly behind the chunk of this seq, which was not taken; no payload */
  AP_JOURNAL_END,       /* seq: of the last chunk that was taken; no payload, and nothing after it */
} ApJournalType;

#define AP_JOURNAL_BEGINS  1      /* a flag: the chunk begins a segment, of the record's container */
#define AP_JOURNAL_UNKNOWN 0xffff /* as unsynced: nothing is known of what the disk had */

typedef struct {
  ApJournalType type;
  guint64 seq;
  gint64 time_us; /* Unix time */
  guint flags;    /* 8 bits */
  ApContainer container;
  goffset offset;     /* of the record in the file, when it was read from one */
  const guint8 *data; /* the reader's */
  gsize length;       /* at most AP_JOURNAL_PAYLOAD_MAX */
  guint unsynced;     /* KiB before this that need not have been on the disk when it was written */
  guint64 lost;       /* not 0: so many chunks, up to seq, that are damaged; the data are zeros in their place */
} ApJournalRecord;

/* What cannot be read of the records behind the header. */
typedef struct {
  guint places;   /* in the file */
  guint64 chunks; /* that had been taken */
  guint64 bytes;
  goffset offset; /* of the first place */
} ApJournalDamage;

void ap_journal_header_copy (ApJournalHeader *to, const ApJournalHeader *from);
void ap_journal_header_clear (ApJournalHeader *header);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ApJournalHeader, ap_journal_header_clear)
