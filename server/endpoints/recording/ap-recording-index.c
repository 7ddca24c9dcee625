/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of recordings: one table of SQLite behind a lock. */
#include "endpoints/recording/ap-recording-index-private.h"

/* ---- rows ---- */

/* A statement in use; ready to be used again when this goes out of scope. */
typedef sqlite3_stmt Use;

static void
end_use (Use *use)
{
  sqlite3_reset (use);
  sqlite3_clear_bindings (use);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Use, end_use)

static void
bind_text (Use *use, int place, const char *text)
{
  sqlite3_bind_text (use, place, text, -1, SQLITE_STATIC);
}

static void
bind_number (Use *use, int place, guint64 number)
{
  sqlite3_bind_int64 (use, place, (gint64)MIN (number, G_MAXINT64));
}

static gboolean
finish (ApRecordingIndex *index, Use *use, GError **error)
{
  return sqlite3_step (use) == SQLITE_DONE || ap_recording_index_fail (index, error);
}

/* In the order of COLUMNS. */
static void
bind_info (Use *use, const ApRecordingInfo *info)
{
  bind_text (use, 1, info->id);
  bind_text (use, 2, info->user_id);
  bind_text (use, 3, ap_recording_format_to_string (info->format));
  bind_number (use, 4, info->sample_rate);
  bind_number (use, 5, info->channels);
  bind_text (use, 6, ap_recording_status_to_string (info->status));
  sqlite3_bind_int64 (use, 7, info->created_us);
  sqlite3_bind_int64 (use, 8, info->updated_us);
  sqlite3_bind_int64 (use, 9, info->completed_us);
  bind_number (use, 10, info->total_chunks);
  bind_number (use, 11, info->bytes_received);
  bind_number (use, 12, info->frames);
  bind_number (use, 13, info->damaged_chunks);
}

static const char *
get_text (Use *use, int column)
{
  return (const char *)sqlite3_column_text (use, column);
}

/* FALSE: the row is none of ours. What the table's own checks say is looked at when the file is opened; it may have
 * been damaged since. */
static gboolean
read_info (Use *use, ApRecordingInfo *info)
{
  const char *id = get_text (use, 0), *format = get_text (use, 2), *status = get_text (use, 5);

  *info = (ApRecordingInfo){ 0 };
  if (id == NULL || g_strlcpy (info->id, id, sizeof info->id) >= sizeof info->id || format == NULL || status == NULL ||
      !ap_recording_format_parse (format, &info->format) || !ap_recording_status_parse (status, &info->status))
    return FALSE;
  info->user_id = g_strdup (get_text (use, 1));
  info->sample_rate = (guint)sqlite3_column_int64 (use, 3);
  info->channels = (guint)sqlite3_column_int64 (use, 4);
  info->created_us = sqlite3_column_int64 (use, 6);
  info->updated_us = sqlite3_column_int64 (use, 7);
  info->completed_us = sqlite3_column_int64 (use, 8);
  info->total_chunks = (guint64)sqlite3_column_int64 (use, 9);
  info->bytes_received = (guint64)sqlite3_column_int64 (use, 10);
  info->frames = (guint64)sqlite3_column_int64 (use, 11);
  info->damaged_chunks = (guint64)sqlite3_column_int64 (use, 12);
  return TRUE;
}

static gboolean
fail_by_row (ApRecordingIndex *index, GError **error)
{
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the index of recordings (%s): a row is damaged",
               index->path);
  return FALSE;
}

static gboolean
write_row (ApRecordingIndex *index, const ApRecordingInfo *info, GError **error)
{
  g_autoptr (Use) use = index->prepared[PUT];

  bind_info (use, info);
  return finish (index, use, error);
}

/* ---- rows that are owed ---- */

/* One wait for who else has the file is enough: as long as something is owed, everybody behind it is told at once. */
static void
owe (ApRecordingIndex *index, const ApRecordingInfo *info)
{
  ApRecordingInfo *copy = g_new0 (ApRecordingInfo, 1);

  ap_recording_info_copy (copy, info);
  g_hash_table_replace (index->owed, copy->id, copy);
  sqlite3_busy_timeout (index->db, 0);
}

static gboolean
pay (ApRecordingIndex *index, GError **error)
{
  GHashTableIter iter;
  gpointer info;

  g_hash_table_iter_init (&iter, index->owed);
  while (g_hash_table_iter_next (&iter, NULL, &info)) {
    if (!write_row (index, info, error))
      return FALSE;
    g_hash_table_iter_remove (&iter);
  }
  sqlite3_busy_timeout (index->db, AP_RECORDING_INDEX_BUSY_MS);
  return TRUE;
}

void
ap_recording_index_free (ApRecordingIndex *index)
{
  if (index->db != NULL) /* it was opened */
    pay (index, NULL);
  ap_recording_index_close (index);
  g_hash_table_unref (index->owed);
  g_mutex_clear (&index->lock);
  g_free (index->path);
  g_free (index);
}

gboolean
ap_recording_index_declare_complete (ApRecordingIndex *index, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);

  return pay (index, error) && ap_recording_index_set_version (index, error);
}

gboolean
ap_recording_index_put (ApRecordingIndex *index, const ApRecordingInfo *info, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);

  if (g_hash_table_size (index->owed) > 0) {
    owe (index, info);
    pay (index, NULL);
    return TRUE;
  }
  if (write_row (index, info, error))
    return TRUE;
  if (sqlite3_errcode (index->db) != SQLITE_CONSTRAINT) /* it will never be taken */
    owe (index, info);
  return FALSE;
}

gboolean
ap_recording_index_remove (ApRecordingIndex *index, const char *id, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);
  g_autoptr (Use) use = index->prepared[REMOVE];

  g_hash_table_remove (index->owed, id);
  bind_text (use, 1, id);
  return finish (index, use, error);
}

gboolean
ap_recording_index_get (ApRecordingIndex *index, const char *id, ApRecordingInfo *info, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);
  g_autoptr (Use) use = index->prepared[GET];
  const ApRecordingInfo *owed = g_hash_table_lookup (index->owed, id);

  if (owed != NULL) {
    ap_recording_info_copy (info, owed);
    return TRUE;
  }
  bind_text (use, 1, id);
  switch (sqlite3_step (use)) {
  case SQLITE_ROW:
    return read_info (use, info) || fail_by_row (index, error);
  case SQLITE_DONE:
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "there is no recording %s", id);
    return FALSE;
  default:
    return ap_recording_index_fail (index, error);
  }
}

/* ---- lists ---- */

static gboolean
read_rows (ApRecordingIndex *index, Use *use, GPtrArray *rows, GError **error)
{
  int code;

  while ((code = sqlite3_step (use)) == SQLITE_ROW) {
    ApRecordingInfo info;

    if (!read_info (use, &info))
      return fail_by_row (index, error);
    g_ptr_array_add (rows, g_memdup2 (&info, sizeof info));
  }
  return code == SQLITE_DONE || ap_recording_index_fail (index, error);
}

static void
bind_filter (Use *use, const ApRecordingFilter *filter)
{
  if (filter->status != NULL)
    bind_text (use, 1, ap_recording_status_to_string (*filter->status));
  if (filter->user_id != NULL)
    bind_text (use, 2, filter->user_id);
}

static gboolean
count (ApRecordingIndex *index, const ApRecordingFilter *filter, guint which, guint64 *total, GError **error)
{
  g_autoptr (Use) use = index->prepared[COUNT + which];

  bind_filter (use, filter);
  if (sqlite3_step (use) != SQLITE_ROW)
    return ap_recording_index_fail (index, error);
  *total = (guint64)sqlite3_column_int64 (use, 0);
  return TRUE;
}

GPtrArray *
ap_recording_index_list (ApRecordingIndex *index, const ApRecordingFilter *filter, guint64 *total, GError **error)
{
  guint which = (filter->status != NULL ? BY_STATUS : 0) | (filter->user_id != NULL ? BY_USER : 0);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (ap_recording_info_free);
  g_autoptr (Use) use = index->prepared[LIST + which];

  pay (index, NULL);
  if (total != NULL && !count (index, filter, which, total, error))
    return NULL;
  bind_filter (use, filter);
  bind_number (use, 3, filter->limit);
  bind_number (use, 4, filter->offset);
  return read_rows (index, use, rows, error) ? g_steal_pointer (&rows) : NULL;
}

/* Of rows that have not been written: the table has them as active, or not at all. */
static guint64
sum_owed (ApRecordingIndex *index, const char *user_id)
{
  GHashTableIter iter;
  const ApRecordingInfo *info;
  guint64 bytes = 0;

  g_hash_table_iter_init (&iter, index->owed);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&info))
    if (info->status != AP_RECORDING_ACTIVE && g_strcmp0 (info->user_id, user_id) == 0)
      bytes += info->frames * info->channels * 2;
  return bytes;
}

gboolean
ap_recording_index_sum_ended (ApRecordingIndex *index, const char *user_id, guint64 *bytes, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);
  g_autoptr (Use) use = index->prepared[SUM_ENDED];

  pay (index, NULL);
  bind_text (use, 1, user_id);
  if (sqlite3_step (use) != SQLITE_ROW)
    return ap_recording_index_fail (index, error);
  *bytes = (guint64)sqlite3_column_int64 (use, 0) + sum_owed (index, user_id);
  return TRUE;
}

char **
ap_recording_index_older_than (ApRecordingIndex *index, gint64 time_us, guint limit, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  g_autoptr (Use) use = index->prepared[OLDER_THAN];
  int code;

  pay (index, NULL);
  sqlite3_bind_int64 (use, 1, time_us);
  bind_number (use, 2, limit);
  while ((code = sqlite3_step (use)) == SQLITE_ROW && get_text (use, 0) != NULL)
    g_strv_builder_add (ids, get_text (use, 0));
  if (code == SQLITE_DONE)
    return g_strv_builder_end (ids);
  if (code == SQLITE_ROW)
    fail_by_row (index, error);
  else
    ap_recording_index_fail (index, error);
  return NULL;
}
