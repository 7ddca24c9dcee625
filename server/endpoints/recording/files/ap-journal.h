/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/files/ap-journal-record.h"

/* What was received for one recording, as it came: {id}.jnl. What is in it and was synced survives; all else is made
 * from it. All of this blocks. One thread at a time, but ap_journal_sync() may run beside anything but the free and
 * itself. Errors are AP_RECORDING_ERROR: NO_SPACE, STORAGE, NOT_FOUND. */
typedef struct _ApJournal ApJournal;

/* All that header and records tell without decoding. */
typedef struct {
  guint64 last_seq; /* the next chunk's is one more */
  guint64 chunks;   /* not rejected, with those before this journal */
  guint64 bytes;    /* of these */
  guint64 damaged;  /* of these chunks: they are counted, and lost */
  gint64 time_us;   /* of the last record, or when the header was updated */
  gboolean ended;
} ApJournalTotals;

/* Makes the file and syncs it. The caller syncs the directory, once all of the recording's files are there. */
ApJournal *ap_journal_create (int dir_fd, const ApJournalHeader *header, GError **error);

/* Walks the records that the disk has up to the first that is torn or wrong, cuts off the rest, and syncs, also the
 * directory: what it tells of then stays.
 * Wrong ones that later records tell to have been on the disk are passed over, counted, and left in the file. What the
 * disk refuses to read is as what is wrong, but is not cut off: then a copy without the rest takes the file's place.
 * STORAGE where another file is kept aside already.
 * UNDECODABLE: the file has no good header, so that no chunk in it can have been acknowledged. */
ApJournal *ap_journal_open (int dir_fd, const char *id, GError **error);
void ap_journal_free (ApJournal *journal);
const ApJournalHeader *ap_journal_get_header (ApJournal *journal);
ApJournalTotals ap_journal_get_totals (ApJournal *journal);
goffset ap_journal_get_length (ApJournal *journal); /* in bytes: for who rotates it */

ApJournalDamage ap_journal_get_damage (ApJournal *journal);

/**
 * ap_journal_append:
 * @record: whose seq follows the rules of ApJournalType, and whose offset is not looked at
 *
 * Appends the whole record, or nothing of it. A rejection takes the chunk's bytes out. NO_SPACE is returned for chunks
 * before the disk is quite full: the rest is kept for rejections and for the end, where the filesystem allows that.
 */
gboolean ap_journal_append (ApJournal *journal, const ApJournalRecord *record, GError **error);

/* fdatasync(2): the records that were appended before it was called are on the disk. Any thread. A failure is final,
 * and so is told to all later calls, because the kernel forgets which pages it could not write. */
gboolean ap_journal_sync (ApJournal *journal, GError **error);
/* Around syncs by other means: what was appended before the beginning is on the disk at the end, unless there was a
 * failure. One at a time. */
void ap_journal_sync_begins (ApJournal *journal);
gboolean ap_journal_sync_ends (ApJournal *journal, GError **error);

typedef gboolean (*ApJournalFunc) (const ApJournalRecord *record, gpointer data, GError **error);

/**
 * ap_journal_replay:
 * @from: 0, or the offset of a chunk's record
 * @record: called for each chunk that was not rejected, once for those that are lost in one place, and for no other
 * record; FALSE with an error stops
 *
 * Holds one record at a time in memory. What @record appends is not replayed.
 */
gboolean ap_journal_replay (ApJournal *journal, goffset from, ApJournalFunc record, gpointer data, GError **error);

/**
 * ap_journal_compact:
 * @header: what goes before: the recording as it is now. Of its id and last_seq the journal's own are taken
 * @end: with an END record behind it
 *
 * Puts a journal without chunks in the place of this one, in one step and for good: after a crash there is the one or
 * the other. The caller has synced what was made from the chunks. After an error the journal is as it was, or the new
 * one whose place in the directory may not survive a crash: both tell the truth, and to the new one nothing is
 * appended any more.
 */
gboolean ap_journal_compact (ApJournal *journal, int dir_fd, const ApJournalHeader *header, gboolean end,
                             GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApJournal, ap_journal_free)
