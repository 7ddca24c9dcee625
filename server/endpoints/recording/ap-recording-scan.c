/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a folder of recordings holds, as its files tell it. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-scan.h"

#include "base/ap-log.h"
#include "endpoints/recording/ap-journal-reader.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/ap-storage-file.h"
#include "endpoints/recording/ap-wav-file.h"

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
  if (fstat (fd, about) < 0)
    got = -1;
  close (fd);
  return got;
}

/* A journal without a good head never had an acknowledged chunk: its recording was not greeted. */
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
  if (ap_journal_header_decode (data, (gsize)length, &header, &reader) == 0) {
    ap_warning ("%s%s holds nothing: removed", id, AP_STORAGE_JOURNAL);
    return ap_storage_remove (scan->folder_fd, id, AP_STORAGE_JOURNAL, error);
  }
  if (header.info.status == AP_RECORDING_COMPLETED)
    return ap_recording_index_put (scan->index, &header.info, error);
  if (scan->rebuild && !ap_recording_index_put (scan->index, &header.info, error))
    return FALSE;
  scan->unread (&header.info, scan->data);
  return TRUE;
}

static gboolean
is_known_to_have_ended (const Scan *scan, const char *id)
{
  g_auto (ApRecordingInfo) info = { 0 };

  return !scan->rebuild && ap_recording_index_get (scan->index, id, &info, NULL) &&
         info.status == AP_RECORDING_COMPLETED;
}

/* Only the WAV is left: what it says is little. */
static gboolean
scan_wav (const Scan *scan, const char *id, GError **error)
{
  guint8 data[AP_WAV_HEADER_LENGTH];
  ApRecordingInfo info = { .status = AP_RECORDING_COMPLETED };
  guint64 bytes;
  struct stat about;
  gssize length = read_beginning (scan->folder_fd, id, AP_STORAGE_WAV, data, sizeof data, &about, error);

  if (length < 0)
    return FALSE;
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
scan_wavs (const Scan *scan, GHashTable *journals, GError **error)
{
  g_autoptr (GPtrArray) ids = ap_recording_folder_list (scan->folder_fd, AP_STORAGE_WAV, error);

  if (ids == NULL)
    return FALSE;
  for (guint i = 0; i < ids->len; i++) {
    const char *id = g_ptr_array_index (ids, i);

    if (!g_hash_table_contains (journals, id) && !scan_wav (scan, id, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
remove_leftovers (const Scan *scan, GError **error)
{
  g_autoptr (GPtrArray) ids = ap_recording_folder_list (scan->folder_fd, AP_STORAGE_JOURNAL_NEW, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    if (!ap_storage_remove (scan->folder_fd, g_ptr_array_index (ids, i), AP_STORAGE_JOURNAL_NEW, error))
      return FALSE;
  return ids != NULL;
}

gboolean
ap_recording_scan (int folder_fd, ApRecordingIndex *index, gboolean rebuild,
                   void (*unread) (const ApRecordingInfo *info, gpointer data), gpointer data, GError **error)
{
  const Scan scan = { folder_fd, index, rebuild, unread, data };
  g_autoptr (GPtrArray) ids = NULL;
  g_autoptr (GHashTable) journals = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GError) reason = NULL;

  if (!remove_leftovers (&scan, error))
    return FALSE;
  ids = ap_recording_folder_list (folder_fd, AP_STORAGE_JOURNAL, error);
  if (ids == NULL)
    return FALSE;
  for (guint i = 0; i < ids->len; i++) {
    const char *id = g_ptr_array_index (ids, i);

    g_hash_table_add (journals, (gpointer)id);
    if (!is_known_to_have_ended (&scan, id) && !scan_journal (&scan, id, &reason)) {
      ap_warning ("%s is passed over: %s", id, reason->message);
      g_clear_error (&reason);
    }
  }
  return !rebuild || (scan_wavs (&scan, journals, error) && ap_recording_index_declare_complete (index, error));
}
