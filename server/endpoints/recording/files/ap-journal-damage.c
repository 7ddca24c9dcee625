/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A journal's records in their order, and what comes of those that cannot be read any more. Where bytes are no record
 * and good ones follow, either the system was cut off while it wrote them, in whatever order, and then nobody has been
 * told of any; or they were whole once and the disk has lost them. Later records say up to where the disk had all: what
 * lies before that was lost, and counts; the rest is cut off, or left in the old file if the disk refused to read it:
 * that may be over another day. */
#include "endpoints/recording/files/ap-journal-private.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  WINDOW = 64 * 1024, /* is searched at a time */
};

/* ---- The next good record -----------------------------------------------------------------------------------------
 */

/* Whether there is one at @hole->end, that may follow. -1 with @error */
static gint
try_record (ApJournal *journal, GByteArray *bytes, goffset limit, ApJournalHole *hole, ApJournalRecord *record,
            GError **error)
{
  gsize have = 0, need = AP_JOURNAL_HEAD_LENGTH, length = 0;
  gint64 lost = 0;

  do {
    gssize n;

    if ((goffset)need > limit - hole->end)
      return 0;
    g_byte_array_set_size (bytes, (guint)need);
    n = ap_storage_read_around (journal->fd, bytes->data + have, need - have, hole->end + (goffset)have,
                                &journal->refused, error);
    if (n < 0 || (gsize)n < need - have)
      return (gint)MIN (n, 0);
    have = need;
    length = ap_journal_reader_resume (&hole->before, bytes->data, have, hole->end - hole->offset, record, &hole->after,
                                       &lost);
    need = length;
  } while (length > have);
  hole->lost = (guint64)MAX (lost, 0);
  hole->takes_back =
      lost < 0 || (hole->before.last == AP_JOURNAL_CHUNK && hole->before.last_length == 0); /* as in the reader */
  return length > 0;
}

/* Sets @hole->end to the next good record behind @hole->offset. 0: there is none; -1 with @error */
static gint
search (ApJournal *journal, GByteArray *bytes, goffset limit, ApJournalHole *hole, ApJournalRecord *record,
        GError **error)
{
  g_autofree guint8 *window = g_malloc (WINDOW);
  goffset at = hole->offset + 1;

  while (limit - at >= AP_JOURNAL_HEAD_LENGTH) {
    gssize n =
        ap_storage_read_around (journal->fd, window, (gsize)MIN (WINDOW, limit - at), at, &journal->refused, error);
    gsize place = 0;

    if (n < 4)
      return n < 0 ? -1 : 0;
    while ((place += ap_journal_reader_seek_head (&hole->before, window + place, (gsize)n - place)) < (gsize)n) {
      gint found;

      hole->end = at + (goffset)place;
      found = try_record (journal, bytes, limit, hole, record, error);
      if (found != 0)
        return found;
      place++;
    }
    at += n - 3; /* one may begin within the last bytes */
  }
  return 0;
}

static gboolean
refuse_size (goffset size, GError **error)
{
  if (size <= AP_JOURNAL_PAYLOAD_MAX)
    return FALSE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE,
               "%" G_GOFFSET_FORMAT " bytes of the journal are damaged, more than can be passed over", size);
  return TRUE;
}

/* Goes on behind what cannot be read at the journal's end. 0: there is nothing behind it; -1 with @error */
static gint
pass_hole (ApJournal *journal, GByteArray *bytes, goffset limit, GError **error)
{
  ApJournalHole hole = { .offset = journal->end, .before = journal->reader, .totals = journal->totals };
  ApJournalTotals *totals = &journal->totals;
  ApJournalRecord record;
  gint found = journal->reader.version == 1 ? 0 : search (journal, bytes, limit, &hole, &record, error);

  if (found <= 0)
    return found;
  if (refuse_size (hole.end - hole.offset, error))
    return -1;
  hole.bytes = hole.lost > 0 ? (gsize)(hole.end - hole.offset) - hole.lost * AP_JOURNAL_HEAD_LENGTH : 0;
  hole.time_us = record.time_us;
  hole.container = record.container != AP_CONTAINER_NONE ? record.container : hole.before.container;
  totals->chunks += hole.lost - (hole.takes_back ? 1 : 0) + (record.type == AP_JOURNAL_REJECT ? 1 : 0);
  totals->bytes += hole.bytes - (hole.takes_back ? hole.before.last_length : 0);
  totals->damaged += hole.lost;
  journal->reader = hole.after;
  journal->end = hole.end;
  g_array_append_val (journal->holes, hole);
  return 1;
}

/* ---- What counts --------------------------------------------------------------------------------------------------
 */

/* Its name says what it is; it may have it from an attempt that failed later. */
static gboolean
link_aside (ApJournal *journal, int dir_fd)
{
  g_autofree char *from = g_strconcat (journal->header.info.id, AP_STORAGE_JOURNAL, NULL);
  g_autofree char *to = g_strconcat (journal->header.info.id, AP_STORAGE_JOURNAL_DAMAGED, NULL);

  return linkat (dir_fd, from, dir_fd, to, 0) == 0 || errno == EEXIST;
}

gboolean
ap_journal_put_aside (ApJournal *journal, int dir_fd, GError **error)
{
  /* There are file systems without links; the copy is for people to look at. */
  if (journal->holes->len == 0 || link_aside (journal, dir_fd) || errno == EPERM || errno == EOPNOTSUPP ||
      errno == EMLINK)
    return TRUE;
  ap_storage_set_error (error, errno, "link");
  return FALSE;
}

/* The name may be that of a file of before, which has a rest of its own: none is given up for the other. */
static gboolean
keep_aside (ApJournal *journal, int dir_fd, GError **error)
{
  g_autofree char *name = g_strconcat (journal->header.info.id, AP_STORAGE_JOURNAL_DAMAGED, NULL);
  struct stat here, there;

  if (!link_aside (journal, dir_fd) || fstat (journal->fd, &here) < 0 ||
      fstatat (dir_fd, name, &there, AT_SYMLINK_NOFOLLOW) < 0) {
    ap_storage_set_error (error, errno, name);
    return FALSE;
  }
  if (here.st_ino == there.st_ino && here.st_dev == there.st_dev)
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE,
               "the disk refuses to read the journal's end, and %s is there from before: move it away", name);
  return FALSE;
}

/* All up to the end. What is in holes may be refused here too: it is none of the records. */
static gboolean
copy_records (ApJournal *journal, int fd, GError **error)
{
  g_autofree guint8 *window = g_malloc (WINDOW);

  for (goffset at = 0; at < journal->end;) {
    gssize n = ap_storage_read_around (journal->fd, window, (gsize)MIN (WINDOW, journal->end - at), at, &(goffset){ 0 },
                                       error);
    struct iovec piece = { window, (gsize)MAX (n, 0) };

    if (n <= 0 || !ap_storage_write (fd, &piece, 1, at, error))
      return FALSE;
    at += n;
  }
  return ap_storage_sync (fd, error);
}

gboolean
ap_journal_leave_rest (ApJournal *journal, int dir_fd, goffset limit, GError **error)
{
  const char *id = journal->header.info.id;
  int fd;
  gboolean done;

  if (!ap_storage_remove (dir_fd, id, AP_STORAGE_JOURNAL_NEW, error) ||
      (fd = ap_storage_open (dir_fd, id, AP_STORAGE_JOURNAL_NEW, O_RDWR | O_CREAT, error)) < 0)
    return FALSE;
  journal->left_at = journal->end;
  journal->left = limit - journal->end;
  done = copy_records (journal, fd, error) && keep_aside (journal, dir_fd, error) &&
         ap_journal_take_place (journal, fd, dir_fd, error) && ap_storage_sync (dir_fd, error);
  close (fd);
  if (!done)
    ap_storage_remove (dir_fd, id, AP_STORAGE_JOURNAL_NEW, NULL);
  return done;
}

static goffset
synced_before (const ApJournalRecord *record)
{
  return record->unsynced == AP_JOURNAL_UNKNOWN ? 0 : record->offset - (goffset)record->unsynced * 1024;
}

/* Up to @synced the disk had all. */
static void
forget_unsynced (ApJournal *journal, goffset synced)
{
  for (guint i = 0; i < journal->holes->len; i++) {
    const ApJournalHole *hole = &g_array_index (journal->holes, ApJournalHole, i);

    if (hole->end <= synced)
      continue;
    journal->end = hole->offset;
    journal->reader = hole->before;
    journal->totals = hole->totals;
    g_array_set_size (journal->holes, i);
    return;
  }
}

gboolean
ap_journal_walk (ApJournal *journal, goffset limit, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  goffset synced = 0;
  ApJournalRecord record;
  gint more = 1;

  while (more > 0) {
    gssize n = ap_journal_read_record (journal, &journal->reader, bytes, journal->end, limit, &record, error);

    if (n > 0) {
      ap_journal_count (journal, &record);
      journal->end += n;
      synced = MAX (synced, synced_before (&record));
    } else {
      more = n < 0 ? -1 : pass_hole (journal, bytes, limit, error);
    }
  }
  forget_unsynced (journal, synced);
  journal->allocated = journal->end;
  return more == 0;
}

/* ---- Holes --------------------------------------------------------------------------------------------------------
 */

const ApJournalHole *
ap_journal_get_hole (ApJournal *journal, goffset offset)
{
  for (guint i = 0; i < journal->holes->len; i++) {
    const ApJournalHole *hole = &g_array_index (journal->holes, ApJournalHole, i);

    if (hole->offset == offset)
      return hole;
  }
  return NULL;
}

gboolean
ap_journal_replay_hole (const ApJournalHole *hole, ApJournalFunc func, gpointer data, GError **error)
{
  g_autofree guint8 *zeros = g_try_malloc0 (hole->bytes);
  const ApJournalRecord record = {
    .type = AP_JOURNAL_CHUNK,
    .seq = hole->before.last_seq - (hole->takes_back ? 1 : 0) + hole->lost,
    .time_us = hole->time_us,
    .container = hole->container,
    .offset = hole->offset,
    .data = zeros,
    .length = hole->bytes,
    .lost = hole->lost,
  };

  if (hole->lost == 0)
    return TRUE;
  if (zeros == NULL && hole->bytes > 0) {
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE, "no memory to pass over damage");
    return FALSE;
  }
  return func (&record, data, error);
}

ApJournalDamage
ap_journal_get_damage (ApJournal *journal)
{
  ApJournalDamage damage = { .places = journal->holes->len + (journal->left > 0 ? 1 : 0),
                             .bytes = (guint64)journal->left,
                             .offset = journal->left_at };

  for (guint i = 0; i < journal->holes->len; i++) {
    const ApJournalHole *hole = &g_array_index (journal->holes, ApJournalHole, i);

    damage.chunks += hole->lost;
    damage.bytes += (guint64)(hole->end - hole->offset);
    damage.offset = i == 0 ? hole->offset : damage.offset;
  }
  return damage;
}
