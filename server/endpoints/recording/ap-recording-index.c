/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The index of recordings: one table of SQLite behind a lock, and what is done when its file is no good. */
#include "endpoints/recording/ap-recording-index.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "index.sqlite"
/* "APri": the file is ours. */
#define APPLICATION "41507269"
/* Of the table; 0 until the index has been filled. */
#define VERSION "2"
/* Somebody may look at the file with another program. */
#define BUSY_MS 2000

static const char schema[] = "BEGIN;"
                             "CREATE TABLE recordings ("
                             " id TEXT NOT NULL PRIMARY KEY,"
                             " user_id TEXT,"
                             " format TEXT NOT NULL CHECK (format IN ('wav','mp3','flac','aac','ogg','webm')),"
                             " sample_rate INTEGER NOT NULL CHECK (sample_rate > 0),"
                             " channels INTEGER NOT NULL CHECK (channels > 0),"
                             " status TEXT NOT NULL CHECK (status IN ('active','completed','error')),"
                             " created_us INTEGER NOT NULL,"
                             " updated_us INTEGER NOT NULL,"
                             " completed_us INTEGER NOT NULL,"
                             " total_chunks INTEGER NOT NULL CHECK (total_chunks >= 0),"
                             " bytes_received INTEGER NOT NULL CHECK (bytes_received >= 0),"
                             " frames INTEGER NOT NULL CHECK (frames >= 0),"
                             " damaged_chunks INTEGER NOT NULL CHECK (damaged_chunks >= 0)"
                             ") STRICT;"
                             "CREATE INDEX by_time ON recordings (created_us);"
                             "CREATE INDEX by_status ON recordings (status, created_us);"
                             "CREATE INDEX by_user ON recordings (user_id, created_us);"
                             "CREATE INDEX by_user_and_status ON recordings (user_id, status, created_us);"
                             "CREATE INDEX by_end ON recordings (updated_us) WHERE status <> 'active';"
                             "PRAGMA application_id = 0x" APPLICATION ";"
                             "COMMIT";

#define COLUMNS                                                                                                        \
  "id, user_id, format, sample_rate, channels, status, created_us, updated_us, completed_us, total_chunks, "           \
  "bytes_received, frames, damaged_chunks"
#define PAGE      " ORDER BY created_us DESC, rowid DESC LIMIT ?3 OFFSET ?4"
#define OF_STATUS " WHERE status = ?1"
#define OF_USER   " WHERE user_id = ?2"
#define OF_BOTH   " WHERE user_id = ?2 AND status = ?1"

typedef enum {
  PUT,
  REMOVE,
  GET,
  LIST, /* and three more, by what is filtered */
  COUNT = LIST + 4,
  SUM_ENDED = COUNT + 4,
  OLDER_THAN,
  N_STATEMENTS,
} Statement;

enum { BY_STATUS = 1, BY_USER = 2 };

static const char *const statements[N_STATEMENTS] = {
  [PUT] = "INSERT INTO recordings (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
          " ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, format = excluded.format,"
          " sample_rate = excluded.sample_rate, channels = excluded.channels, status = excluded.status,"
          " created_us = excluded.created_us, updated_us = excluded.updated_us, completed_us = excluded.completed_us,"
          " total_chunks = excluded.total_chunks, bytes_received = excluded.bytes_received, frames = excluded.frames,"
          " damaged_chunks = excluded.damaged_chunks",
  [REMOVE] = "DELETE FROM recordings WHERE id = ?1",
  [GET] = "SELECT " COLUMNS " FROM recordings WHERE id = ?1",
  [LIST] = "SELECT " COLUMNS " FROM recordings" PAGE,
  [LIST + BY_STATUS] = "SELECT " COLUMNS " FROM recordings" OF_STATUS PAGE,
  [LIST + BY_USER] = "SELECT " COLUMNS " FROM recordings" OF_USER PAGE,
  [LIST + BY_STATUS + BY_USER] = "SELECT " COLUMNS " FROM recordings" OF_BOTH PAGE,
  [COUNT] = "SELECT count(*) FROM recordings",
  [COUNT + BY_STATUS] = "SELECT count(*) FROM recordings" OF_STATUS,
  [COUNT + BY_USER] = "SELECT count(*) FROM recordings" OF_USER,
  [COUNT + BY_STATUS + BY_USER] = "SELECT count(*) FROM recordings" OF_BOTH,
  [SUM_ENDED] = "SELECT coalesce(sum(frames * channels * 2), 0) FROM recordings WHERE user_id = ?1"
                " AND status <> 'active'",
  [OLDER_THAN] = "SELECT id FROM recordings WHERE status <> 'active' AND updated_us < ?1 ORDER BY updated_us LIMIT ?2",
};

struct _ApRecordingIndex {
  char *path;
  GMutex lock; /* for all that follows */
  sqlite3 *db;
  sqlite3_stmt *prepared[N_STATEMENTS];
  GHashTable *owed; /* rows that could not be written yet: ApRecordingInfo by its id */
};

/* ---- errors ---- */

static gboolean
fail (ApRecordingIndex *index, GError **error)
{
  gboolean full = sqlite3_errcode (index->db) == SQLITE_FULL;

  g_set_error (error, AP_RECORDING_ERROR, full ? AP_RECORDING_ERROR_NO_SPACE : AP_RECORDING_ERROR_STORAGE,
               "the index of recordings (%s): %s", index->path, sqlite3_errmsg (index->db));
  return FALSE;
}

static gboolean
fail_by_errno (const char *path, GError **error)
{
  g_set_error (error, AP_RECORDING_ERROR, errno == ENOSPC ? AP_RECORDING_ERROR_NO_SPACE : AP_RECORDING_ERROR_STORAGE,
               "the index of recordings (%s): %s", path, g_strerror (errno));
  return FALSE;
}

/* ---- opening ---- */

typedef enum {
  STATE_GOOD,
  STATE_DAMAGED, /* or not ours */
  STATE_FAILED,  /* the system's fault, not the file's: with an error */
} State;

static const char *const parts[] = { "", "-wal", "-shm" };

/* A file of no bytes is an empty database; made here, because SQLite would let everybody read it. */
static State
look_at_files (ApRecordingIndex *index, GError **error)
{
  int fd;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = g_strconcat (index->path, parts[i], NULL);
    struct stat status;

    if (lstat (path, &status) == 0 && !S_ISREG (status.st_mode))
      return STATE_DAMAGED;
  }
  fd = g_open (index->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    fail_by_errno (index->path, error);
    return STATE_FAILED;
  }
  close (fd);
  return STATE_GOOD;
}

static State
state_of_error (ApRecordingIndex *index, GError **error)
{
  int code = sqlite3_errcode (index->db);

  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR)
    return STATE_DAMAGED;
  fail (index, error);
  return STATE_FAILED;
}

static State
run (ApRecordingIndex *index, const char *sql, GError **error)
{
  return sqlite3_exec (index->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STATE_GOOD : state_of_error (index, error);
}

static int
take_text (void *data, int columns, char **values, char **names)
{
  char **text = data;

  g_free (*text);
  *text = g_strdup (values[0]);
  return 0;
}

/* The one value that @sql gives, or the last. */
static State
ask (ApRecordingIndex *index, const char *sql, char **text, GError **error)
{
  return sqlite3_exec (index->db, sql, take_text, text, NULL) == SQLITE_OK ? STATE_GOOD : state_of_error (index, error);
}

static State
check (ApRecordingIndex *index, GError **error)
{
  g_autofree char *verdict = NULL;
  State state = ask (index, "PRAGMA integrity_check(1)", &verdict, error);

  return state == STATE_GOOD && g_strcmp0 (verdict, "ok") != 0 ? STATE_DAMAGED : state;
}

/* What the file is: new, of ours and yet to be filled, or of ours and complete. Nothing is written to any other. */
static State
recognise (ApRecordingIndex *index, gboolean *rebuild, GError **error)
{
  static const char look[] =
      "SELECT printf ('%x %d %d', application_id, user_version,"
      " (SELECT count(*) FROM sqlite_schema) > 0) FROM pragma_application_id, pragma_user_version";
  g_autofree char *known = NULL;
  State state = ask (index, look, &known, error);

  if (state != STATE_GOOD)
    return state;
  *rebuild = TRUE;
  if (g_strcmp0 (known, "0 0 0") == 0)
    return run (index, schema, error);
  if (g_strcmp0 (known, APPLICATION " 0 1") == 0)
    return run (index, "DELETE FROM recordings", error);
  *rebuild = FALSE;
  return g_strcmp0 (known, APPLICATION " " VERSION " 1") == 0 ? check (index, error) : STATE_DAMAGED;
}

static State
prepare (ApRecordingIndex *index, GError **error)
{
  for (guint i = 0; i < N_STATEMENTS; i++)
    if (sqlite3_prepare_v3 (index->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &index->prepared[i], NULL) !=
        SQLITE_OK)
      return state_of_error (index, error);
  return STATE_GOOD;
}

static void
detach (ApRecordingIndex *index)
{
  for (guint i = 0; i < N_STATEMENTS; i++)
    g_clear_pointer (&index->prepared[i], sqlite3_finalize);
  g_clear_pointer (&index->db, sqlite3_close);
}

static State
attach (ApRecordingIndex *index, gboolean *rebuild, GError **error)
{
  State state = look_at_files (index, error);

  if (state != STATE_GOOD)
    return state;
  if (sqlite3_open_v2 (index->path, &index->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return state_of_error (index, error);
  sqlite3_busy_timeout (index->db, BUSY_MS);
  state = run (index, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF", error);
  if (state == STATE_GOOD)
    state = recognise (index, rebuild, error);
  if (state == STATE_GOOD)
    state = prepare (index, error);
  return state == STATE_GOOD ? run (index, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error) : state;
}

/* The log and its map belong to the file that has gone: a new one must not see them. */
static gboolean
move_aside (ApRecordingIndex *index, GError **error)
{
  g_autofree char *aside = g_strconcat (index->path, ".damaged", NULL);

  for (guint i = 1; i < G_N_ELEMENTS (parts); i++) {
    g_autofree char *path = g_strconcat (index->path, parts[i], NULL);

    if (g_remove (path) != 0 && errno != ENOENT)
      return fail_by_errno (path, error);
  }
  if (g_remove (aside) != 0 && errno != ENOENT)
    return fail_by_errno (aside, error);
  if (g_rename (index->path, aside) != 0 && errno != ENOENT)
    return fail_by_errno (index->path, error);
  return TRUE;
}

static gboolean
open_file (ApRecordingIndex *index, gboolean *rebuild, GError **error)
{
  State state = attach (index, rebuild, error);

  if (state != STATE_DAMAGED)
    return state == STATE_GOOD;
  detach (index);
  if (!move_aside (index, error))
    return FALSE;
  state = attach (index, rebuild, error);
  if (state == STATE_DAMAGED)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the index of recordings (%s) cannot be made",
                 index->path);
  return state == STATE_GOOD;
}

ApRecordingIndex *
ap_recording_index_open (const char *folder, gboolean *rebuild, GError **error)
{
  g_autoptr (ApRecordingIndex) index = g_new0 (ApRecordingIndex, 1);

  index->path = g_build_filename (folder, FILE_NAME, NULL);
  index->owed = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, ap_recording_info_free);
  g_mutex_init (&index->lock);
  return open_file (index, rebuild, error) ? g_steal_pointer (&index) : NULL;
}

/* Its log stays as it is: where its name leads now there may be another's. */
static void
leave_files (ApRecordingIndex *index)
{
  if (index->db != NULL)
    sqlite3_db_config (index->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  detach (index);
  g_hash_table_remove_all (index->owed);
  if (sqlite3_open_v2 (":memory:", &index->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK ||
      run (index, schema, NULL) != STATE_GOOD || prepare (index, NULL) != STATE_GOOD)
    g_error ("no memory for an index of recordings");
}

void
ap_recording_index_leave (ApRecordingIndex *index)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);

  leave_files (index);
}

gboolean
ap_recording_index_return (ApRecordingIndex *index, gboolean *rebuild, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);

  detach (index);
  if (open_file (index, rebuild, error))
    return TRUE;
  leave_files (index);
  return FALSE;
}

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
  return sqlite3_step (use) == SQLITE_DONE || fail (index, error);
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
  sqlite3_busy_timeout (index->db, BUSY_MS);
  return TRUE;
}

void
ap_recording_index_free (ApRecordingIndex *index)
{
  if (index->db != NULL) /* it was opened */
    pay (index, NULL);
  detach (index);
  g_hash_table_unref (index->owed);
  g_mutex_clear (&index->lock);
  g_free (index->path);
  g_free (index);
}

gboolean
ap_recording_index_declare_complete (ApRecordingIndex *index, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&index->lock);

  if (!pay (index, error))
    return FALSE;
  return sqlite3_exec (index->db, "PRAGMA user_version = " VERSION, NULL, NULL, NULL) == SQLITE_OK ||
         fail (index, error);
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
    return fail (index, error);
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
  return code == SQLITE_DONE || fail (index, error);
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
    return fail (index, error);
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
    return fail (index, error);
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
    fail (index, error);
  return NULL;
}
