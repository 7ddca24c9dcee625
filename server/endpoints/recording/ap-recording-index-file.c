/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of the index: how it is opened, what is done when it is no good, and what is there while there is none. */
#include "endpoints/recording/ap-recording-index-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "index.sqlite"
/* "APri": the file is ours. */
#define APPLICATION "41507269"
/* Of the table; 0 until the index has been filled. */
#define VERSION "2"

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

/* ---- errors ---- */

gboolean
ap_recording_index_fail (ApRecordingIndex *index, GError **error)
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
  ap_recording_index_fail (index, error);
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

void
ap_recording_index_close (ApRecordingIndex *index)
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
  sqlite3_busy_timeout (index->db, AP_RECORDING_INDEX_BUSY_MS);
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
  return index->replaces = TRUE;
}

static gboolean
open_file (ApRecordingIndex *index, gboolean *rebuild, GError **error)
{
  State state = attach (index, rebuild, error);

  index->replaces = FALSE;
  if (state != STATE_DAMAGED)
    return state == STATE_GOOD;
  ap_recording_index_close (index);
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
  ap_recording_index_close (index);
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

  ap_recording_index_close (index);
  if (open_file (index, rebuild, error))
    return TRUE;
  leave_files (index);
  return FALSE;
}

gboolean
ap_recording_index_set_version (ApRecordingIndex *index, GError **error)
{
  return sqlite3_exec (index->db, "PRAGMA user_version = " VERSION, NULL, NULL, NULL) == SQLITE_OK ||
         ap_recording_index_fail (index, error);
}

gboolean
ap_recording_index_replaces (const ApRecordingIndex *index)
{
  return index->replaces;
}
