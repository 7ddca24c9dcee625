/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a folder of recordings holds, as its files tell it. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-scan.h"

#include "base/ap-log.h"
#include "endpoints/recording/files/ap-journal-reader.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/files/ap-storage-file.h"
#include "endpoints/recording/files/ap-wav-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  int folder_fd;
  ApRecordingIndex *index;
  gboolean rebuild;
  void (*unread) (const ApRecordingInfo *info, gpointer data);
  gpointer data;
} Scan;

static gssize
read_beginning (int folder_fd, const char *id, const char *suffix, guint8 *data, gsize length, struct stat *about,
                GError **error)
{
  int fd = ap_storage_open (folder_fd, id, suffix, O_RDONLY, error);
  gssize got;

  if (fd < 0)
    return -1;
  got = ap_storage_read (fd, data, length, 0, error);
  if (got >= 0 && fstat (fd, about) < 0) {
    ap_storage_set_error (error, errno, "fstat");
    got = -1;
  }
  close (fd);
  return got;
}

/* A recording's WAV is made when the head of its journal is on the disk. */
static gboolean
has_wav (const Scan *scan, const char *id)
{
  g_autofree char *name = g_strconcat (id, AP_STORAGE_WAV, NULL);

  return faccessat (scan->folder_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static gboolean
remove_empty (const Scan *scan, const char *id, goffset length, GError **error)
{
  if (length > AP_JOURNAL_HEADER_MAX || has_wav (scan, id)) {
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "its journal has no good head");
    return FALSE;
  }
  ap_warning ("%s%s holds nothing: removed", id, AP_STORAGE_JOURNAL);
  return ap_storage_remove (scan->folder_fd, id, AP_STORAGE_JOURNAL, error);
}

/* A journal that ends before its head is whole never had an acknowledged chunk: its recording was not greeted. Another
 * may have had: it is damaged, or another version's. */
static gboolean
scan_journal (const Scan *scan, const char *id, GError **error)
{
  guint8 data[AP_JOURNAL_HEADER_MAX];
  g_auto (ApJournalHeader) header = { 0 };
  ApJournalReader reader;
  struct stat about;
  gssize length = read_beginning (scan->folder_fd, id, AP_STORAGE_JOURNAL, data, sizeof data, &about, error);

  if (length < 0)
    return FALSE;
  if (ap_journal_header_decode (data, (gsize)length, &header, &reader) == 0)
    return remove_empty (scan, id, about.st_size, error);
  if (header.info.status == AP_RECORDING_COMPLETED)
    return ap_recording_index_put (scan->index, &header.info, error);
  if (scan->rebuild && !ap_recording_index_put (scan->index, &header.info, error))
    return FALSE;
  scan->unread (&header.info, scan->data);
  return TRUE;
}

/* One that ended, and whose journal's head does not say so, is to be completed once more. */
static gboolean
is_known_to_have_ended (const Scan *scan, const char *id)
{
  guint8 data[AP_JOURNAL_HEADER_MAX];
  g_auto (ApRecordingInfo) info = { 0 };
  g_auto (ApJournalHeader) header = { 0 };
  ApJournalReader reader;
  struct stat about;
  gssize length;

  if (scan->rebuild || !ap_recording_index_get (scan->index, id, &info, NULL) || info.status != AP_RECORDING_COMPLETED)
    return FALSE;
  length = read_beginning (scan->folder_fd, id, AP_STORAGE_JOURNAL, data, sizeof data, &about, NULL);
  return length > 0 && ap_journal_header_decode (data, (gsize)length, &header, &reader) != 0 &&
         header.info.status == AP_RECORDING_COMPLETED;
}

/* Only the WAV is left: what it says is little. */
static gboolean
scan_wav (const Scan *scan, const char *id, GError **error)
{
  guint8 data[AP_WAV_HEADER_LENGTH];
  ApRecordingInfo info = { .status = AP_RECORDING_COMPLETED };
  guint64 bytes;
  struct stat about;
  g_autoptr (GError) reason = NULL;
  gssize length = read_beginning (scan->folder_fd, id, AP_STORAGE_WAV, data, sizeof data, &about, &reason);

  if (length < 0) {
    ap_warning ("%s%s is passed over: %s", id, AP_STORAGE_WAV, reason->message);
    return TRUE;
  }
  if (!ap_wav_header_read (data, (gsize)length, &info.sample_rate, &info.channels, &bytes)) {
    ap_warning ("%s%s is no recording of this server: passed over", id, AP_STORAGE_WAV);
    return TRUE;
  }
  g_strlcpy (info.id, id, sizeof info.id);
  info.frames = bytes / (info.channels * 2);
  info.created_us = info.updated_us = info.completed_us = (gint64)about.st_mtime * G_USEC_PER_SEC;
  return ap_recording_index_put (scan->index, &info, error);
}

static gboolean
scan_wavs (const Scan *scan, GHashTable *journals, GHashTable *wavs, GError **error)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, wavs);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    if (!g_hash_table_contains (journals, id) && !scan_wav (scan, id, error))
      return FALSE;
  return TRUE;
}

/* Of a page, those that have no file. */
static void
note_lost (const GPtrArray *page, GHashTable *journals, GHashTable *wavs, GPtrArray *lost)
{
  for (guint i = 0; i < page->len; i++) {
    const ApRecordingInfo *info = g_ptr_array_index (page, i);

    if (!g_hash_table_contains (journals, info->id) && !g_hash_table_contains (wavs, info->id))
      g_ptr_array_add (lost, g_strdup (info->id));
  }
}

/* Rows whose files are gone: they were deleted, and a crash undid that in the index. */
static gboolean
remove_lost (const Scan *scan, GHashTable *journals, GHashTable *wavs, GError **error)
{
  g_autoptr (GPtrArray) lost = g_ptr_array_new_with_free_func (g_free);
  ApRecordingFilter filter = { .limit = 1000 };
  guint64 total = 1;

  for (; filter.offset < total; filter.offset += filter.limit) {
    g_autoptr (GPtrArray) page = ap_recording_index_list (scan->index, &filter, &total, error);

    if (page == NULL)
      return FALSE;
    note_lost (page, journals, wavs, lost);
  }
  for (guint i = 0; i < lost->len; i++)
    if (!ap_recording_index_remove (scan->index, g_ptr_array_index (lost, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
remove_leftovers (const Scan *scan, GError **error)
{
  g_autoptr (GPtrArray) ids = ap_recording_folder_list (scan->folder_fd, AP_STORAGE_JOURNAL_NEW, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++) {
    g_autoptr (GError) reason = NULL;

    if (!ap_storage_remove (scan->folder_fd, g_ptr_array_index (ids, i), AP_STORAGE_JOURNAL_NEW, &reason))
      ap_warning ("%s is passed over", reason->message);
  }
  return ids != NULL;
}

/* The ids of those that have such a file. NULL with @error */
static GHashTable *
list_files (const Scan *scan, const char *suffix, GError **error)
{
  g_autoptr (GPtrArray) ids = ap_recording_folder_list (scan->folder_fd, suffix, error);
  GHashTable *set;

  if (ids == NULL)
    return NULL;
  set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < ids->len; i++)
    g_hash_table_add (set, g_strdup (g_ptr_array_index (ids, i)));
  return set;
}

/* What a removal has left that a crash cut short. */
static void
remove_orphans (const Scan *scan, GHashTable *journals, GHashTable *wavs)
{
  g_autoptr (GPtrArray) ids = ap_recording_folder_list (scan->folder_fd, AP_STORAGE_JOURNAL_DAMAGED, NULL);

  for (guint i = 0; ids != NULL && i < ids->len; i++) {
    const char *id = g_ptr_array_index (ids, i);

    if (!g_hash_table_contains (journals, id) && !g_hash_table_contains (wavs, id))
      ap_storage_remove (scan->folder_fd, id, AP_STORAGE_JOURNAL_DAMAGED, NULL);
  }
}

static void
scan_journals (const Scan *scan, GHashTable *journals)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, journals);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    g_autoptr (GError) reason = NULL;

    if (!is_known_to_have_ended (scan, id) && !scan_journal (scan, id, &reason))
      ap_warning ("%s is passed over: %s", (const char *)id, reason->message);
  }
}

gboolean
ap_recording_scan (int folder_fd, ApRecordingIndex *index, gboolean rebuild,
                   void (*unread) (const ApRecordingInfo *info, gpointer data), gpointer data, GError **error)
{
  const Scan scan = { folder_fd, index, rebuild, unread, data };
  g_autoptr (GHashTable) journals = NULL;
  g_autoptr (GHashTable) wavs = NULL;

  if (!remove_leftovers (&scan, error) || (journals = list_files (&scan, AP_STORAGE_JOURNAL, error)) == NULL ||
      (wavs = list_files (&scan, AP_STORAGE_WAV, error)) == NULL)
    return FALSE;
  remove_orphans (&scan, journals, wavs);
  scan_journals (&scan, journals);
  if (!rebuild)
    return remove_lost (&scan, journals, wavs, error);
  return scan_wavs (&scan, journals, wavs, error) && ap_recording_index_declare_complete (index, error);
}
