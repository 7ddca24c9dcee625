/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal, and chunks whose every byte follows from their seq. What fails here fails the test. */
#pragma once

#include "endpoints/recording/files/ap-journal.h"
#include "scratch.h"

#define JOURNAL_ID      "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"
#define JOURNAL         JOURNAL_ID ".jnl"
#define JOURNAL_ID_MORE "ffffffff-4e5f-4071-8293-a4b5c6d7e8f9"
#define JOURNAL_MORE    JOURNAL_ID_MORE ".jnl"

#define JOURNAL_HEADER_LENGTH 154 /* on disk, of journal_header_of() */

/* Of somebody's FLAC. To be cleared. */
ApJournalHeader journal_header_of (const char *id);

ApJournal *journal_create (Scratch *scratch);
ApJournal *journal_reopen (Scratch *scratch);
void journal_assert_cannot_open (Scratch *scratch, ApRecordingErrorCode code);

/* The next record of its type. */
gboolean journal_append (ApJournal *journal, ApJournalType type, gsize length, GError **error);
void journal_append_good (ApJournal *journal, ApJournalType type, gsize length);

/* Chunks of 5, 0, 3 and 7 bytes, of which the third is rejected. */
void journal_fill (ApJournal *journal);

/* @expected: SEQ:LENGTH of each chunk, and a space; `lost` before those that are */
void journal_assert_replays (ApJournal *journal, goffset from, const char *expected);
void journal_assert_totals (ApJournal *journal, guint64 last_seq, guint64 chunks, guint64 bytes, gboolean ended);
