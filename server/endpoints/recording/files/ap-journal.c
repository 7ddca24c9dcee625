/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The journal's file. */
#include "endpoints/recording/files/ap-journal-private.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  RESERVE = 64 * 1024, /* kept for what is no chunk; also the step in which space is taken */
};

/* ---- What records add up to ---------------------------------------------------------------------------------------
 */

void
ap_journal_count (ApJournal *journal, const ApJournalRecord *record)
{
  ApJournalTotals *totals = &journal->totals;

  totals->time_us = record->time_us;
  totals->last_seq = journal->reader.last_seq;
  totals->ended = record->type == AP_JOURNAL_END;
  if (record->type == AP_JOURNAL_CHUNK) {
    totals->chunks++;
    totals->bytes += record->length;
  } else if (record->type == AP_JOURNAL_REJECT) {
    totals->chunks--;
    totals->bytes -= journal->reader.last_length;
  }
}

/* For a journal whose header is @length bytes, and has no record yet. */
static void
begin (ApJournal *journal, gsize length)
{
  const ApJournalHeader *header = &journal->header;

  journal->first = journal->end = journal->allocated = (goffset)length;
  journal->broken = FALSE;
  g_array_set_size (journal->holes, 0);
  journal->totals = (ApJournalTotals){
    .last_seq = header->last_seq,
    .chunks = header->info.total_chunks,
    .bytes = header->info.bytes_received,
    .damaged = header->info.damaged_chunks,
    .time_us = header->info.updated_us,
  };
}

/* ---- What the disk has --------------------------------------------------------------------------------------------
 */

/* All up to the end, which no sync that is under way covers: it may have begun on another file. */
static void
note_all_synced (ApJournal *journal)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);

  journal->synced = journal->written = journal->end;
  journal->rewritten = 0;
}

static void
note_written (ApJournal *journal)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);

  journal->written = journal->end;
}

/* Before that is done. */
static void
note_rewriting (ApJournal *journal, goffset from)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);

  journal->written = MIN (journal->written, from);
  journal->synced = MIN (journal->synced, from);
  journal->rewritten = MIN (journal->rewritten, from);
}

void
ap_journal_sync_begins (ApJournal *journal)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);

  journal->syncing = journal->written;
  journal->rewritten = G_MAXOFFSET;
}

gboolean
ap_journal_sync_ends (ApJournal *journal, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);
  gint failed = g_atomic_int_get (&journal->sync_error);

  if (failed != 0) {
    ap_storage_set_error (error, failed, "fdatasync");
    return FALSE;
  }
  journal->synced = MAX (journal->synced, MIN (journal->syncing, journal->rewritten));
  return TRUE;
}

/* KiB before the end that need not be on the disk. */
static guint
count_unsynced (ApJournal *journal)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&journal->sync_lock);

  return (guint)MIN ((journal->end - journal->synced + 1023) / 1024, AP_JOURNAL_UNKNOWN);
}

/* ---- Reading ------------------------------------------------------------------------------------------------------
 */

gssize
ap_journal_read_record (ApJournal *journal, ApJournalReader *reader, GByteArray *bytes, goffset offset, goffset limit,
                        ApJournalRecord *record, GError **error)
{
  gsize have = 0, need = AP_JOURNAL_HEAD_LENGTH, length;

  do {
    gssize n;

    if ((goffset)need > limit - offset)
      return 0;
    g_byte_array_set_size (bytes, (guint)need);
    n = ap_storage_read_around (journal->fd, bytes->data + have, need - have, offset + (goffset)have, &journal->refused,
                                error);
    if (n < 0 || (gsize)n < need - have)
      return MIN (n, 0);
    have = need;
    length = ap_journal_reader_next (reader, bytes->data, have, record);
    need = length;
  } while (length > have);
  record->offset = offset;
  return (gssize)length;
}

static gboolean
read_header (ApJournal *journal, GError **error)
{
  guint8 data[AP_JOURNAL_HEADER_MAX];
  gssize n = ap_storage_read (journal->fd, data, sizeof data, 0, error);
  gsize length;

  if (n < 0)
    return FALSE;
  length = ap_journal_header_decode (data, (gsize)n, &journal->header, &journal->reader);
  if (length == 0)
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "not a journal");
  else
    begin (journal, length);
  return length > 0;
}

/* Whether the record at @offset, behind a chunk, takes that back. -1 with @error. */
static gint
is_rejected (ApJournal *journal, ApJournalReader reader, goffset offset, goffset limit, GError **error)
{
  const ApJournalHole *hole = ap_journal_get_hole (journal, offset);
  guint8 head[AP_JOURNAL_HEAD_LENGTH];
  ApJournalRecord record;
  gssize n;

  if (hole != NULL)
    return hole->takes_back;
  if (limit - offset < (goffset)sizeof head)
    return 0;
  n = ap_storage_read (journal->fd, head, sizeof head, offset, error);
  if (n < 0)
    return -1;
  return n == sizeof head && ap_journal_reader_next (&reader, head, sizeof head, &record) == sizeof head &&
         record.type == AP_JOURNAL_REJECT;
}

/* A reader that stands before the chunk at @from. */
static gboolean
reader_at (ApJournal *journal, goffset from, ApJournalReader *reader, GError **error)
{
  guint8 head[AP_JOURNAL_HEAD_LENGTH] = { 0 };

  *reader = journal->reader;
  reader->place = journal->first;
  reader->last = 0;
  reader->last_seq = journal->header.last_seq;
  if (from <= journal->first ||
      ap_journal_get_hole (journal, from) != NULL) /* which is left with a reader of its own */
    return TRUE;
  if (ap_storage_read (journal->fd, head, sizeof head, from, error) < 0)
    return FALSE;
  ap_journal_reader_seek (reader, from, head);
  return TRUE;
}

/* What was read once is not to be read otherwise now. */
static goffset
fail_damaged (GError **error)
{
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the journal was damaged meanwhile");
  return -1;
}

/* What is at @at, and to @func what it is. Returns how long it is; -1 with @error */
static goffset
replay_one (ApJournal *journal, ApJournalReader *reader, GByteArray *bytes, goffset at, goffset limit,
            ApJournalFunc func, gpointer data, GError **error)
{
  const ApJournalHole *hole = ap_journal_get_hole (journal, at);
  ApJournalRecord record;
  gint rejected = 1;
  gssize n;

  if (hole != NULL) {
    *reader = hole->after;
    return ap_journal_replay_hole (hole, func, data, error) ? hole->end - at : -1;
  }
  n = ap_journal_read_record (journal, reader, bytes, at, limit, &record, error);
  if (n <= 0)
    return n < 0 ? -1 : fail_damaged (error);
  if (record.type == AP_JOURNAL_CHUNK)
    rejected = is_rejected (journal, *reader, at + n, limit, error);
  return rejected < 0 || (rejected == 0 && !func (&record, data, error)) ? -1 : n;
}

gboolean
ap_journal_replay (ApJournal *journal, goffset from, ApJournalFunc func, gpointer data, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  goffset at = MAX (from, journal->first), limit = journal->end;
  ApJournalReader reader;

  if (!reader_at (journal, from, &reader, error))
    return FALSE;
  while (at < limit) {
    goffset length = replay_one (journal, &reader, bytes, at, limit, func, data, error);

    if (length < 0)
      return FALSE;
    at += length;
  }
  return TRUE;
}

/* ---- Life ---------------------------------------------------------------------------------------------------------
 */

static ApJournal *
journal_new (int fd)
{
  ApJournal *journal = g_new0 (ApJournal, 1);

  journal->fd = fd;
  journal->holes = g_array_new (FALSE, FALSE, sizeof (ApJournalHole));
  g_mutex_init (&journal->sync_lock);
  return journal;
}

void
ap_journal_free (ApJournal *journal)
{
  close (journal->fd);
  g_array_unref (journal->holes);
  g_mutex_clear (&journal->sync_lock);
  ap_journal_header_clear (&journal->header);
  g_free (journal);
}

static guint64
new_secret (void)
{
  guint64 secret;

  ap_random_fill (&secret, sizeof secret);
  return secret;
}

/* Writes a new file's header and, with @end, that record, and syncs. Returns the length; 0 with @error. */
static gsize
write_beginning (int fd, const ApJournalHeader *header, gboolean end, ApJournalReader *reader, GError **error)
{
  guint8 data[AP_JOURNAL_HEADER_MAX], head[AP_JOURNAL_HEAD_LENGTH];
  struct iovec pieces[] = { { data, 0 }, { head, end ? sizeof head : 0 } };
  gsize length = ap_journal_header_encode (header, data, reader);

  if (length == 0) {
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "no header for a journal");
    return 0;
  }
  pieces[0].iov_len = length;
  if (end) {
    ApJournalRecord record = { AP_JOURNAL_END, header->last_seq, header->info.updated_us,
                               .unsynced = AP_JOURNAL_UNKNOWN };
    ap_journal_record_encode (reader, &record, head);
  }
  if (!ap_storage_write (fd, pieces, G_N_ELEMENTS (pieces), 0, error) || !ap_storage_sync (fd, error))
    return 0;
  return length;
}

ApJournal *
ap_journal_create (int dir_fd, const ApJournalHeader *header, GError **error)
{
  int fd = ap_storage_open (dir_fd, header->info.id, AP_STORAGE_JOURNAL, O_RDWR | O_CREAT, error);
  g_autoptr (ApJournal) journal = NULL;
  gsize length;

  if (fd < 0)
    return NULL;
  journal = journal_new (fd);
  ap_journal_header_copy (&journal->header, header);
  journal->header.secret = new_secret ();
  length = write_beginning (fd, &journal->header, FALSE, &journal->reader, error);
  begin (journal, length);
  note_all_synced (journal);
  if (length == 0 || !ap_storage_reserve (fd, &journal->allocated, journal->end + RESERVE, RESERVE, error)) {
    ap_storage_remove (dir_fd, header->info.id, AP_STORAGE_JOURNAL, NULL);
    return NULL;
  }
  return g_steal_pointer (&journal);
}

/* What is behind the end, up to @limit. */
static gboolean
drop_rest (ApJournal *journal, int dir_fd, goffset limit, GError **error)
{
  if (journal->refused > journal->end)
    return ap_journal_leave_rest (journal, dir_fd, limit, error);
  return ap_storage_cut (journal->fd, journal->end, error);
}

ApJournal *
ap_journal_open (int dir_fd, const char *id, GError **error)
{
  int fd = ap_storage_open (dir_fd, id, AP_STORAGE_JOURNAL, O_RDWR, error);
  g_autoptr (ApJournal) journal = NULL;
  struct stat status;

  if (fd < 0)
    return NULL;
  journal = journal_new (fd);
  if (fstat (fd, &status) < 0) {
    ap_storage_set_error (error, errno, "fstat");
    return NULL;
  }
  if (!ap_storage_settle (fd, error) || !read_header (journal, error) ||
      !ap_journal_walk (journal, status.st_size, error))
    return NULL;
  if (journal->end < status.st_size &&
      (!drop_rest (journal, dir_fd, status.st_size, error) || !ap_storage_sync (fd, error)))
    return NULL;
  /* The directory too: who put this file into its place may have been killed before that was for good. */
  if (!ap_storage_remove (dir_fd, id, AP_STORAGE_JOURNAL_NEW, error) || !ap_storage_sync (dir_fd, error))
    return NULL;
  note_all_synced (journal);
  return g_steal_pointer (&journal);
}

const ApJournalHeader *
ap_journal_get_header (ApJournal *journal)
{
  return &journal->header;
}

ApJournalTotals
ap_journal_get_totals (ApJournal *journal)
{
  return journal->totals;
}

goffset
ap_journal_get_length (ApJournal *journal)
{
  return journal->end;
}

/* ---- Writing ------------------------------------------------------------------------------------------------------
 */

static gboolean
refuse (GError **error, const char *why)
{
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, why);
  return FALSE;
}

/* Back to the last whole record. This gives the space ahead back too; the next chunk takes it again. */
static void
cut_back (ApJournal *journal)
{
  journal->broken = !ap_storage_cut (journal->fd, journal->end, NULL);
  journal->allocated = journal->end;
}

/* A rejection behind a chunk of some length: an empty chunk and the rejection, in the place of that. What clients are
 * refused must not fill the disk. After a crash there is the chunk as it was, or none, or this. */
static gboolean
reject_whole (ApJournal *journal, const ApJournalRecord *rejection, GError **error)
{
  ApJournalReader reader = journal->reader;
  ApJournalRecord stamped = *rejection;
  const ApJournalRecord empty = {
    .type = AP_JOURNAL_CHUNK, .seq = rejection->seq, .time_us = rejection->time_us, .unsynced = AP_JOURNAL_UNKNOWN
  };
  guint8 heads[2][AP_JOURNAL_HEAD_LENGTH];
  struct iovec piece = { heads, sizeof heads };
  goffset at = journal->end - AP_JOURNAL_HEAD_LENGTH - (goffset)journal->reader.last_length;

  note_rewriting (journal, at);
  reader.place = at;
  ap_journal_record_encode (&reader, &empty, heads[0]);
  reader.place += AP_JOURNAL_HEAD_LENGTH;
  stamped.unsynced = AP_JOURNAL_UNKNOWN;
  ap_journal_record_encode (&reader, &stamped, heads[1]);
  if (!ap_storage_write (journal->fd, &piece, 1, at, error)) {
    journal->broken = TRUE;
    return FALSE;
  }
  ap_journal_reader_advance (&reader, rejection);
  journal->reader = reader;
  ap_journal_count (journal, rejection);
  journal->end = at + (goffset)sizeof heads;
  cut_back (journal);
  note_written (journal);
  ap_storage_reserve (journal->fd, &journal->allocated, journal->end + RESERVE, RESERVE, NULL);
  return TRUE;
}

gboolean
ap_journal_append (ApJournal *journal, const ApJournalRecord *record, GError **error)
{
  guint8 head[AP_JOURNAL_HEAD_LENGTH];
  ApJournalRecord stamped = *record;
  struct iovec pieces[] = { { head, sizeof head }, { (gpointer)record->data, record->length } };
  goffset end = journal->end + (goffset)sizeof head + (goffset)record->length;

  if (journal->broken)
    return refuse (error, "the journal has a torn record that could not be cut off");
  if (!ap_journal_reader_admits (&journal->reader, record))
    return refuse (error, "a record out of its order");
  if (record->type == AP_JOURNAL_REJECT && journal->reader.last_length >= sizeof head)
    return reject_whole (journal, record, error);
  if (record->type == AP_JOURNAL_CHUNK &&
      !ap_storage_reserve (journal->fd, &journal->allocated, end + RESERVE, RESERVE, error))
    return FALSE;
  stamped.unsynced = count_unsynced (journal);
  ap_journal_record_encode (&journal->reader, &stamped, head);
  if (!ap_storage_write (journal->fd, pieces, G_N_ELEMENTS (pieces), journal->end, error)) {
    cut_back (journal);
    return FALSE;
  }
  ap_journal_reader_advance (&journal->reader, record);
  ap_journal_count (journal, record);
  journal->end = end;
  note_written (journal);
  return TRUE;
}

gboolean
ap_journal_sync (ApJournal *journal, GError **error)
{
  ap_journal_sync_begins (journal);
  if (g_atomic_int_get (&journal->sync_error) == 0 && fdatasync (journal->fd) < 0)
    g_atomic_int_set (&journal->sync_error, errno);
  return ap_journal_sync_ends (journal, error);
}

/* ---- Compaction ---------------------------------------------------------------------------------------------------
 */

static gboolean
rename_new (int dir_fd, const char *id, GError **error)
{
  g_autofree char *from = g_strconcat (id, AP_STORAGE_JOURNAL_NEW, NULL);
  g_autofree char *to = g_strconcat (id, AP_STORAGE_JOURNAL, NULL);

  if (renameat (dir_fd, from, dir_fd, to) == 0)
    return TRUE;
  ap_storage_set_error (error, errno, "rename");
  return FALSE;
}

gboolean
ap_journal_take_place (ApJournal *journal, int fd, int dir_fd, GError **error)
{
  if (!rename_new (dir_fd, journal->header.info.id, error))
    return FALSE;
  if (dup3 (fd, journal->fd, O_CLOEXEC) >= 0)
    return TRUE;
  journal->broken = TRUE; /* this is not the file any more that has the name */
  ap_storage_set_error (error, errno, "dup3");
  return FALSE;
}

/* The new file, in its place. Returns its header's length; 0 with @error. */
static gsize
replace (ApJournal *journal, int fd, int dir_fd, const ApJournalHeader *header, gboolean end, GError **error)
{
  ApJournalReader reader;
  gsize length = write_beginning (fd, header, end, &reader, error);

  if (length == 0 || !ap_journal_take_place (journal, fd, dir_fd, error))
    return 0;
  journal->reader = reader;
  return length;
}

/* If it is not sure which file has the name after a crash, nothing more can be promised of what is written to this one.
 */
static gboolean
sync_place (ApJournal *journal, int dir_fd, GError **error)
{
  if (ap_storage_sync (dir_fd, error))
    return TRUE;
  journal->broken = TRUE;
  g_atomic_int_set (&journal->sync_error, EIO);
  return FALSE;
}

gboolean
ap_journal_compact (ApJournal *journal, int dir_fd, const ApJournalHeader *header, gboolean end, GError **error)
{
  g_auto (ApJournalHeader) now = { 0 };
  const char *id = journal->header.info.id;
  gsize length;
  int fd;

  ap_journal_header_copy (&now, header);
  now.last_seq = journal->totals.last_seq;
  now.secret = new_secret ();
  g_strlcpy (now.info.id, id, sizeof now.info.id);
  if (!ap_journal_put_aside (journal, dir_fd, error) || !ap_storage_remove (dir_fd, id, AP_STORAGE_JOURNAL_NEW, error))
    return FALSE;
  fd = ap_storage_open (dir_fd, id, AP_STORAGE_JOURNAL_NEW, O_RDWR | O_CREAT, error);
  if (fd < 0)
    return FALSE;
  length = replace (journal, fd, dir_fd, &now, end, error);
  close (fd);
  if (length == 0) {
    ap_storage_remove (dir_fd, id, AP_STORAGE_JOURNAL_NEW, NULL);
    return FALSE;
  }
  ap_journal_header_clear (&journal->header);
  ap_journal_header_copy (&journal->header, &now);
  begin (journal, length);
  if (end) {
    ApJournalRecord record = { AP_JOURNAL_END, now.last_seq, now.info.updated_us };
    ap_journal_reader_advance (&journal->reader, &record);
    ap_journal_count (journal, &record);
    journal->end += AP_JOURNAL_HEAD_LENGTH;
  }
  note_all_synced (journal);
  return sync_place (journal, dir_fd, error);
}
