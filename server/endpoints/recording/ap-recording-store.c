/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All recordings: those that are live in a table, the others on the disk and in the index. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-store-private.h"

#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/ap-recording-scan.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <fcntl.h>
#include <unistd.h>

#define DEFAULT_FOLDER "audio_sessions"
#define ROTATE_BYTES   (64 * 1024 * 1024)
#define SYNC_THREADS   4
/* A chunk can take a decoder half a minute, a recovery longer: each of those may have a thread of its own. */
#define LEAST_THREADS     16
#define MOST_THREADS      512
#define TICK_SECONDS      1
#define RETENTION_SECONDS 600
/* Recordings that are too old, removed in one go. */
#define RETENTION_BATCH 100

/* ---- The folder ---- */

static ApSyncer *
syncer_new (ApRecordingStore *store)
{
  guint interval_ms = (guint)store->settings->sync_interval_ms;

  if (g_str_equal (store->settings->sync, "syncfs"))
    return ap_syncer_new_syncfs (store->shared.writer.folder_fd, interval_ms);
  return ap_syncer_new (SYNC_THREADS, interval_ms);
}

static void
note_unread (const ApRecordingInfo *info, gpointer list)
{
  ApRecordingInfo *copy = g_new0 (ApRecordingInfo, 1);

  ap_recording_info_copy (copy, info);
  g_ptr_array_add (list, copy);
}

/* @recording: (transfer full) (nullable): NULL: it is there, as one that waited for the folder is */
static void
put_unread (ApRecordingStore *store, const char *id, ApRecording *recording)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  if (recording != NULL)
    g_hash_table_insert (store->recordings, g_strdup (id), recording);
  g_ptr_array_add (store->unread, g_strdup (id));
}

/* What may take long is done before the lock. */
static void
add_unread (ApRecordingStore *store, const ApRecordingInfo *info)
{
  g_autoptr (ApRecording) known = ap_recording_store_find (store, info->id);
  ApRecording *unread = known == NULL ? ap_recording_new (&store->shared, info, TRUE) : NULL;

  if (unread != NULL)
    ap_recording_count (unread, ap_storage_measure (store->shared.writer.folder_fd, info->id));
  put_unread (store, info->id, unread);
}

static void read_next (ApRecordingStore *store);

static void
on_read (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  read_next (data);
}

static ApRecording *
steal_unread (ApRecordingStore *store)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  while (store->unread->len > 0 && g_atomic_int_get (&store->stopping) == 0) {
    g_autofree char *id = g_ptr_array_steal_index (store->unread, 0);
    ApRecording *recording = g_hash_table_lookup (store->recordings, id);

    if (recording != NULL)
      return ap_recording_ref (recording);
  }
  return NULL;
}

/* What was live when the server ended is read one after another; what a client waits for is read beside that. */
static void
read_next (ApRecordingStore *store)
{
  g_autoptr (ApRecording) recording = steal_unread (store);

  if (recording != NULL)
    ap_recording_load (recording, on_read, store);
}

static gboolean on_tick (gpointer data);

static void
start_ticker (ApRecordingStore *store)
{
  if (store->ticker != NULL)
    return;
  store->ticker = g_timeout_source_new_seconds (TICK_SECONDS);
  g_source_set_callback (store->ticker, on_tick, store, NULL);
  g_source_attach (store->ticker, NULL);
}

static gboolean
open_index (ApRecordingStore *store, gboolean *rebuild, GError **error)
{
  if (store->shared.index != NULL)
    return ap_recording_index_return (store->shared.index, rebuild, error);
  store->shared.index = ap_recording_index_open (store->path, rebuild, error);
  return store->shared.index != NULL;
}

static gboolean
read_folder (ApRecordingStore *store, int fd, GPtrArray *unread, GError **error)
{
  gboolean rebuild;

  if (!ap_recording_store_admit_folder (store, fd, error) || !open_index (store, &rebuild, error))
    return FALSE;
  if (ap_recording_index_replaces (store->shared.index))
    ap_warning ("the index of recordings could not be used: it is made anew, and index.sqlite.damaged is what it was");
  if (ap_recording_scan (fd, store->shared.index, rebuild, note_unread, unread, error))
    return TRUE;
  ap_recording_index_leave (store->shared.index);
  return FALSE;
}

/* Takes over @fd. The descriptor stays the same for those who have its number. */
static void
use_folder (ApRecordingStore *store, int fd)
{
  if (store->was_ready) {
    dup3 (fd, store->shared.writer.folder_fd, O_CLOEXEC);
    close (fd);
    return;
  }
  store->shared.writer.folder_fd = fd;
  store->shared.syncer = syncer_new (store);
}

static gboolean
open_folder (ApRecordingStore *store, gboolean create, GError **error)
{
  g_autoptr (GPtrArray) unread = g_ptr_array_new_with_free_func (ap_recording_info_free);
  int fd = ap_recording_folder_open (store->path, create, error);

  if (fd < 0)
    return FALSE;
  if (!read_folder (store, fd, unread, error)) {
    close (fd);
    return FALSE;
  }
  use_folder (store, fd);
  store->was_ready = TRUE;
  store->was_mount = ap_recording_folder_is_mount (store->shared.writer.folder_fd);
  store->let_go = FALSE;
  ap_recording_shares_forget (store->shared.shares, NULL);
  for (guint i = 0; i < unread->len; i++)
    add_unread (store, g_ptr_array_index (unread, i));
  return TRUE;
}

gboolean
ap_recording_store_is_ready (ApRecordingStore *store)
{
  return g_atomic_int_get (&store->ready) != 0;
}

gboolean
ap_recording_store_get_ready (ApRecordingStore *store, gboolean create, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->ready_lock);

  if (ap_recording_store_is_ready (store))
    return TRUE;
  if (g_atomic_int_get (&store->stopping) != 0) { /* nobody would close it again */
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the server ends");
    return FALSE;
  }
  /* One that was there is put back, not made: it may be another disk's. */
  if (!ap_recording_store_let_go (store, error) || !open_folder (store, create && !store->was_ready, error))
    return FALSE;
  g_atomic_int_set (&store->ready, 1);
  if (g_atomic_int_compare_and_exchange (&store->away, 1, 0))
    ap_info ("recordings are kept in %s again", store->path);
  start_ticker (store);
  read_next (store);
  return TRUE;
}

/* ---- What recordings ask ---- */

static gboolean
admit (gpointer owner, GError **error)
{
  ApRecordingStore *store = owner;

  return ap_recording_store_get_ready (store, TRUE, error) &&
         ap_recording_folder_check_space (store->shared.writer.folder_fd,
                                          (guint64)store->settings->min_free_mb * 1024 * 1024, error);
}

static void
on_ended (gpointer owner, ApRecording *recording)
{
  ApRecordingStore *store = owner;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  if (g_hash_table_lookup (store->recordings, ap_recording_get_id (recording)) == recording)
    g_hash_table_remove (store->recordings, ap_recording_get_id (recording));
}

/* ---- Now and then ---- */

GPtrArray *
ap_recording_store_list_live (ApRecordingStore *store)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify)ap_recording_unref);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);
  GHashTableIter iter;
  gpointer recording;

  g_hash_table_iter_init (&iter, store->recordings);
  while (g_hash_table_iter_next (&iter, NULL, &recording))
    g_ptr_array_add (list, ap_recording_ref (recording));
  return list;
}

/* @id: of a row that has ended. It may be live all the same: it failed, and has not been read since. */
static gboolean
remove_one (ApRecordingStore *store, const char *id, GError **error)
{
  g_autoptr (ApRecording) live = ap_recording_store_find (store, id);

  if (live != NULL || !ap_recording_writer_remove (store->shared.writer.folder_fd, id, error) ||
      !ap_recording_index_remove (store->shared.index, id, error))
    return FALSE;
  ap_info ("%s removed: older than %" G_GINT64_FORMAT " days", id, store->settings->retention_days);
  return TRUE;
}

static void
remove_old (gpointer data)
{
  ApRecordingStore *store = data;
  gint64 age_us = store->settings->retention_days * G_TIME_SPAN_DAY;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) ids =
      ap_recording_index_older_than (store->shared.index, g_get_real_time () - age_us, RETENTION_BATCH, &error);
  guint removed = 0;

  for (char **id = ids; id != NULL && *id != NULL && error == NULL && g_atomic_int_get (&store->stopping) == 0; id++)
    removed += remove_one (store, *id, &error) ? 1 : 0;
  ap_recording_shares_forget (store->shared.shares, NULL);
  if (error != NULL)
    ap_warning ("what is too old cannot be removed: %s", error->message);
  if (removed == RETENTION_BATCH)
    ap_strand_post (store->desk, remove_old, store, NULL);
}

static void
check (gpointer data)
{
  ApRecordingStore *store = data;

  g_atomic_int_set (&store->checking, 0);
  ap_recording_store_check (store);
}

static gboolean
on_tick (gpointer data)
{
  ApRecordingStore *store = data;
  g_autoptr (GPtrArray) live = ap_recording_store_list_live (store);
  gint64 now = g_get_monotonic_time ();

  ap_strand_pool_relieve (store->shared.pool);
  if (g_atomic_int_compare_and_exchange (&store->checking, 0, 1))
    ap_strand_post (store->desk, check, store, NULL);
  for (guint i = 0; i < live->len; i++)
    ap_recording_tick (g_ptr_array_index (live, i));
  if (store->settings->retention_days > 0 && ap_recording_store_is_ready (store) && now >= store->retention_at) {
    store->retention_at = now + RETENTION_SECONDS * G_USEC_PER_SEC;
    ap_strand_post (store->desk, remove_old, store, NULL);
  }
  return G_SOURCE_CONTINUE;
}

/* ---- The beginning and the end ---- */

static void
set_up_shared (ApRecordingStore *store)
{
  const ApRecordingSettings *settings = store->settings;
  guint threads = MAX (LEAST_THREADS, 2 * g_get_num_processors ());
  guint most = (guint)MIN (threads + settings->max_sessions, MOST_THREADS);

  store->shared.settings = settings;
  store->shared.pool = ap_strand_pool_new ("recording", threads, most);
  store->shared.shares = ap_recording_shares_new ((guint64)settings->max_user_mb * 1024 * 1024);
  store->shared.admit = admit;
  store->shared.reachable = ap_recording_store_is_reachable;
  store->shared.gone = ap_recording_store_has_dropped;
  store->shared.ended = on_ended;
  store->shared.owner = store;
  store->shared.writer.launcher = NULL;
  store->shared.writer.stopping = &store->stopping;
  store->shared.writer.max_seconds = (guint64)settings->max_duration_hours * 3600;
  store->shared.writer.rotate_bytes = ROTATE_BYTES;
  store->shared.writer.max_realtime_factor = (guint)settings->max_realtime_factor;
}

ApRecordingStore *
ap_recording_store_new (const ApRecordingSettings *settings)
{
  ApRecordingStore *store = g_new0 (ApRecordingStore, 1);
  ApSandbox sandbox = settings->sandbox[0] == 's'   ? AP_SANDBOX_SESSION
                      : settings->sandbox[0] == 'p' ? AP_SANDBOX_POOL
                                                    : AP_SANDBOX_OFF;
  g_autoptr (GError) reason = NULL;

  g_mutex_init (&store->lock);
  g_mutex_init (&store->ready_lock);
  store->settings = settings;
  store->path = settings->storage_path != NULL ? settings->storage_path : DEFAULT_FOLDER;
  store->recordings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)ap_recording_unref);
  store->unread = g_ptr_array_new_with_free_func (g_free);
  store->leaving = g_ptr_array_new_with_free_func ((GDestroyNotify)ap_recording_unref);
  store->let_go = TRUE;
  set_up_shared (store);
  store->desk = ap_strand_new (store->shared.pool);
  store->reading_desk = ap_strand_new (store->shared.pool);
  store->shared.writer.launcher = ap_decoder_launcher_new (sandbox);
  /* Who does not record wants no folder. */
  if ((settings->storage_path != NULL || g_file_test (store->path, G_FILE_TEST_EXISTS)) &&
      !ap_recording_store_get_ready (store, TRUE, &reason)) {
    ap_warning ("nothing can be recorded until this is mended: %s (the server is user %u)", reason->message, getuid ());
    g_atomic_int_set (&store->away, 1);
    start_ticker (store);
  }
  return store;
}

/* For who waits until so many strands have come to something. */
typedef struct {
  GMutex lock;
  GCond changed;
  guint waited_for;
} Barrier;

static void
arrive (gpointer data)
{
  Barrier *barrier = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&barrier->lock);

  barrier->waited_for--;
  g_cond_signal (&barrier->changed);
}

/* @until: monotonic. FALSE: some have not arrived by then */
static gboolean
wait_until (Barrier *barrier, gint64 until)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&barrier->lock);

  while (barrier->waited_for > 0)
    if (!g_cond_wait_until (&barrier->changed, &barrier->lock, until))
      return barrier->waited_for == 0;
  return TRUE;
}

static void
suspend_all (ApRecordingStore *store)
{
  g_autoptr (GPtrArray) live = ap_recording_store_list_live (store);
  Barrier barrier = { .waited_for = live->len };

  for (guint i = 0; i < live->len; i++)
    ap_recording_suspend (g_ptr_array_index (live, i), arrive, &barrier);
  if (!wait_until (&barrier, g_get_monotonic_time () + AP_STOP_MS * 1000)) {
    /* What they had in hand was not acknowledged. */
    ap_warning ("some chunks take too long to decode: their decoders are ended");
    ap_decoder_launcher_stop (store->shared.writer.launcher);
  }
  wait_until (&barrier, G_MAXINT64);
}

/* Who is making the folder ready now has finished; nobody will begin. */
static void
begin_to_stop (ApRecordingStore *store)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->ready_lock);

  g_atomic_int_set (&store->stopping, 1);
}

void
ap_recording_store_free (ApRecordingStore *store)
{
  begin_to_stop (store);
  suspend_all (store);
  if (store->ticker != NULL) {
    g_source_destroy (store->ticker);
    g_source_unref (store->ticker);
  }
  /* What is synced is told to strands, so these end later. */
  g_clear_pointer (&store->shared.syncer, ap_syncer_free);
  ap_strand_unref (store->desk);
  ap_strand_unref (store->reading_desk);
  ap_strand_pool_free (store->shared.pool);
  g_hash_table_unref (store->recordings);
  g_ptr_array_unref (store->unread);
  g_ptr_array_unref (store->leaving);
  ap_recording_shares_free (store->shared.shares);
  g_clear_pointer (&store->shared.index, ap_recording_index_free);
  g_clear_pointer (&store->shared.writer.launcher, ap_decoder_launcher_free);
  if (store->was_ready)
    close (store->shared.writer.folder_fd);
  g_mutex_clear (&store->lock);
  g_mutex_clear (&store->ready_lock);
  g_free (store);
}

/* ---- For sockets ---- */

const ApRecordingSettings *
ap_recording_store_get_settings (ApRecordingStore *store)
{
  return store->settings;
}

const char *
ap_recording_store_get_path (ApRecordingStore *store)
{
  return store->path;
}

static guint
count_of_user (ApRecordingStore *store, const char *user_id)
{
  GHashTableIter iter;
  gpointer recording;
  guint n = 0;

  g_hash_table_iter_init (&iter, store->recordings);
  while (g_hash_table_iter_next (&iter, NULL, &recording))
    n += g_strcmp0 (ap_recording_get_user (recording), user_id) == 0;
  return n;
}

static gboolean
has_room (ApRecordingStore *store, const ApRecordingInfo *info, GError **error)
{
  const ApRecordingSettings *settings = store->settings;

  if (g_hash_table_size (store->recordings) >= (guint)settings->max_sessions) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_LIMIT,
                 "the server has %" G_GINT64_FORMAT " sessions, as many as it takes", settings->max_sessions);
    return FALSE;
  }
  if (settings->max_user_sessions == 0 || info->user_id == NULL ||
      count_of_user (store, info->user_id) < (guint)settings->max_user_sessions)
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_LIMIT,
               "the user has %" G_GINT64_FORMAT " sessions, as many as there may be", settings->max_user_sessions);
  return FALSE;
}

ApRecording *
ap_recording_store_create (ApRecordingStore *store, const ApRecordingInfo *like, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);
  ApRecordingInfo info = *like;
  ApRecording *recording;

  if (!has_room (store, like, error))
    return NULL;
  ap_uuid_new (info.id);
  info.created_us = info.updated_us = g_get_real_time ();
  recording = ap_recording_new (&store->shared, &info, FALSE);
  g_hash_table_insert (store->recordings, g_strdup (info.id), ap_recording_ref (recording));
  return recording;
}

ApRecording *
ap_recording_store_find (ApRecordingStore *store, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);
  ApRecording *recording = g_hash_table_lookup (store->recordings, id);

  return recording != NULL ? ap_recording_ref (recording) : NULL;
}
