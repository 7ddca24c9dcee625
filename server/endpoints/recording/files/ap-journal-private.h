/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/files/ap-journal-reader.h"
#include "endpoints/recording/files/ap-journal.h"

/* A journal's fields, for the files that it is made of. */

/* Bytes between good records that are none. */
typedef struct {
  goffset offset, end;           /* of the bytes; at the end the next good record begins */
  ApJournalReader before, after; /* readers for the record that was here, and for the next good one */
  ApJournalTotals totals;        /* before it */
  guint64 lost;                  /* chunks that had been taken */
  gsize bytes;                   /* of these, or a little more: the heads of what had not been taken */
  gboolean takes_back;           /* the chunk before it had not been taken */
  gint64 time_us;                /* of the next good record, as is @container, if that is a chunk */
  ApContainer container;
} ApJournalHole;

struct _ApJournal {
  int fd; /* the number stays the same: what it stands for changes by a compaction */
  ApJournalHeader header;
  goffset first; /* where records begin */
  goffset end;   /* of the last whole one */
  goffset allocated;
  ApJournalReader reader; /* at @end */
  ApJournalTotals totals;
  GArray *holes;         /* of ApJournalHole, by their places */
  gboolean broken;       /* what is behind @end could not be cut off */
  goffset refused;       /* up to here, at most, the disk has refused to read something */
  goffset left_at, left; /* the bytes behind the end that were left in the file before this, and how many */
  gint sync_error;       /* atomic: 0, or that of the first sync that failed */

  GMutex sync_lock;  /* for what syncs on another thread have to know */
  goffset written;   /* @end, for these */
  goffset syncing;   /* and as it was when the last sync began */
  goffset synced;    /* what is before it was on the disk, as it is now */
  goffset rewritten; /* the lowest place that was written to again since the last sync began */
};

/* What @record, which @reader has just taken, adds to the totals. */
void ap_journal_count (ApJournal *journal, const ApJournalRecord *record);

/* The file @fd, with the name of a new journal, gets the place of the one that there is, in the directory and here.
 * dup3() changes what the number stands for in one step, so that a sync that is under way on another thread ends on the
 * old file, or begins on the new one. After an error the old one has its name, or nothing is appended any more. */
gboolean ap_journal_take_place (ApJournal *journal, int fd, int dir_fd, GError **error);

/* The record at @offset, if it ends at @limit at the latest. Returns its length; 0: there is none; -1 with @error. */
gssize ap_journal_read_record (ApJournal *journal, ApJournalReader *reader, GByteArray *bytes, goffset offset,
                               goffset limit, ApJournalRecord *record, GError **error);

/* ---- ap-journal-damage.c ---- */

/* Takes all records up to @limit, over holes. @end is behind the last that counts. */
gboolean ap_journal_walk (ApJournal *journal, goffset limit, GError **error);
/* A damaged journal keeps a name: what is left of it may be worth a look. */
gboolean ap_journal_put_aside (ApJournal *journal, int dir_fd, GError **error);
/* A copy of all that counts takes the place of the file, which keeps a name, and what is behind that up to @limit. */
gboolean ap_journal_leave_rest (ApJournal *journal, int dir_fd, goffset limit, GError **error);
/* (nullable): the hole that begins at @offset */
const ApJournalHole *ap_journal_get_hole (ApJournal *journal, goffset offset);
/* Calls @func for what was lost there, if any was. */
gboolean ap_journal_replay_hole (const ApJournalHole *hole, ApJournalFunc func, gpointer data, GError **error);
