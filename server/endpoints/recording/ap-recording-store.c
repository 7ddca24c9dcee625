/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* All recordings: those that are live in a table, the others on the disk and in the index. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-store.h"

#include "base/ap-log.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/ap-journal.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/ap-recording-scan.h"
#include "endpoints/recording/ap-recording.h"
#include "endpoints/recording/ap-storage-file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FOLDER    "audio_sessions"
#define ROTATE_BYTES      (64 * 1024 * 1024)
#define SYNC_THREADS      4
#define TICK_SECONDS      1
#define RETENTION_SECONDS 600
/* Recordings that are too old, removed in one go. */
#define RETENTION_BATCH 100

struct _ApRecordingStore {
  const ApRecordingSettings *settings;
  const char *path;
  ApRecordingShared shared; /* what needs the folder is set by get_ready() */
  ApStrand *desk;

  GMutex ready_lock; /* held while the folder is made ready */
  gint ready;        /* atomic */

  GMutex lock;            /* guards the rest, for a look */
  GHashTable *recordings; /* those that are live, by their ids */
  GPtrArray *unread;      /* of ids: to be read one after another, when nobody asks for them */
  GSource *ticker;
  gint64 retention_at; /* monotonic */
  gboolean stopping;
};

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
add_unread (const ApRecordingInfo *info, gpointer data)
{
  ApRecordingStore *store = data;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  g_hash_table_replace (store->recordings, g_strdup (info->id), ap_recording_new (&store->shared, info, TRUE));
  g_ptr_array_add (store->unread, g_strdup (info->id));
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

  while (store->unread->len > 0 && !store->stopping) {
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
  store->ticker = g_timeout_source_new_seconds (TICK_SECONDS);
  g_source_set_callback (store->ticker, on_tick, store, NULL);
  g_source_attach (store->ticker, NULL);
}

static gboolean
open_folder (ApRecordingStore *store, gboolean create, GError **error)
{
  gboolean rebuild;
  int fd = ap_recording_folder_open (store->path, create, error);

  if (fd < 0)
    return FALSE;
  store->shared.index = ap_recording_index_open (store->path, &rebuild, error);
  if (store->shared.index == NULL) {
    close (fd);
    return FALSE;
  }
  store->shared.writer.folder_fd = fd;
  store->shared.syncer = syncer_new (store);
  if (ap_recording_scan (fd, store->shared.index, rebuild, add_unread, store, error))
    return TRUE;
  g_clear_pointer (&store->shared.syncer, ap_syncer_free);
  g_clear_pointer (&store->shared.index, ap_recording_index_free);
  close (fd);
  return FALSE;
}

static gboolean
is_ready (ApRecordingStore *store)
{
  return g_atomic_int_get (&store->ready) != 0;
}

/* Blocking. */
static gboolean
get_ready (ApRecordingStore *store, gboolean create, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->ready_lock);

  if (is_ready (store))
    return TRUE;
  if (!open_folder (store, create, error))
    return FALSE;
  g_atomic_int_set (&store->ready, 1);
  start_ticker (store);
  read_next (store);
  return TRUE;
}

/* ---- What recordings ask ---- */

static gboolean
check_user (ApRecordingStore *store, const ApRecordingInfo *info, GError **error)
{
  guint64 most = (guint64)store->settings->max_user_mb * 1024 * 1024;
  guint64 recordings, bytes;

  if (most == 0 || info->user_id == NULL)
    return TRUE;
  if (!ap_recording_index_sum_user (store->shared.index, info->user_id, &recordings, &bytes, error))
    return FALSE;
  if (bytes < most)
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA,
               "the user's recordings have %" G_GINT64_FORMAT " MiB, as many as they may have",
               store->settings->max_user_mb);
  return FALSE;
}

static gboolean
admit (gpointer owner, const ApRecordingInfo *info, GError **error)
{
  ApRecordingStore *store = owner;

  return get_ready (store, TRUE, error) &&
         ap_recording_folder_check_space (store->shared.writer.folder_fd,
                                          (guint64)store->settings->min_free_mb * 1024 * 1024, error) &&
         check_user (store, info, error);
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

static GPtrArray *
list_live (ApRecordingStore *store)
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

static void
remove_old (gpointer data)
{
  ApRecordingStore *store = data;
  gint64 age_us = store->settings->retention_days * G_TIME_SPAN_DAY;
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) ids =
      ap_recording_index_older_than (store->shared.index, g_get_real_time () - age_us, RETENTION_BATCH, &error);

  for (char **id = ids; id != NULL && *id != NULL && error == NULL; id++)
    if (ap_recording_writer_remove (store->shared.writer.folder_fd, *id, &error) &&
        ap_recording_index_remove (store->shared.index, *id, &error))
      ap_info ("%s removed: older than %" G_GINT64_FORMAT " days", *id, store->settings->retention_days);
  if (error != NULL)
    ap_warning ("what is too old cannot be removed: %s", error->message);
  if (error == NULL && g_strv_length (ids) == RETENTION_BATCH)
    ap_strand_post (store->desk, remove_old, store, NULL);
}

static gboolean
on_tick (gpointer data)
{
  ApRecordingStore *store = data;
  g_autoptr (GPtrArray) live = list_live (store);
  gint64 now = g_get_monotonic_time ();

  for (guint i = 0; i < live->len; i++)
    ap_recording_tick (g_ptr_array_index (live, i));
  if (store->settings->retention_days > 0 && now >= store->retention_at) {
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

  store->shared.settings = settings;
  store->shared.pool = ap_strand_pool_new ("recording", MAX (4, 2 * g_get_num_processors ()));
  store->shared.admit = admit;
  store->shared.ended = on_ended;
  store->shared.owner = store;
  store->shared.writer.launcher = NULL;
  store->shared.writer.max_seconds = (guint64)settings->max_duration_hours * 3600;
  store->shared.writer.rotate_bytes = ROTATE_BYTES;
  store->shared.writer.max_realtime_factor = (guint)settings->max_realtime_factor;
}

ApRecordingStore *
ap_recording_store_new (const ApRecordingSettings *settings, GError **error)
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
  set_up_shared (store);
  store->desk = ap_strand_new (store->shared.pool);
  store->shared.writer.launcher = ap_decoder_launcher_new (sandbox, error);
  if (store->shared.writer.launcher == NULL) {
    ap_recording_store_free (store);
    return NULL;
  }
  /* Who does not record wants no folder. */
  if ((settings->storage_path != NULL || g_file_test (store->path, G_FILE_TEST_EXISTS)) &&
      !get_ready (store, TRUE, &reason))
    ap_warning ("nothing can be recorded until this is mended: %s", reason->message);
  return store;
}

/* Runs on each strand behind all else. */
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

static void
suspend_all (ApRecordingStore *store)
{
  g_autoptr (GPtrArray) live = list_live (store);
  Barrier barrier = { .waited_for = live->len };

  for (guint i = 0; i < live->len; i++)
    ap_recording_suspend (g_ptr_array_index (live, i), arrive, &barrier);
  g_mutex_lock (&barrier.lock);
  while (barrier.waited_for > 0)
    g_cond_wait (&barrier.changed, &barrier.lock);
  g_mutex_unlock (&barrier.lock);
}

static void
stop_reading (ApRecordingStore *store)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  store->stopping = TRUE;
}

void
ap_recording_store_free (ApRecordingStore *store)
{
  stop_reading (store);
  suspend_all (store);
  if (store->ticker != NULL) {
    g_source_destroy (store->ticker);
    g_source_unref (store->ticker);
  }
  /* What is synced is told to strands, so these end later. */
  g_clear_pointer (&store->shared.syncer, ap_syncer_free);
  ap_strand_unref (store->desk);
  ap_strand_pool_free (store->shared.pool);
  g_hash_table_unref (store->recordings);
  g_ptr_array_unref (store->unread);
  g_clear_pointer (&store->shared.index, ap_recording_index_free);
  g_clear_pointer (&store->shared.writer.launcher, ap_decoder_launcher_free);
  if (is_ready (store))
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

/* ---- For HTTP ---- */

ApStrand *
ap_recording_store_get_desk (ApRecordingStore *store)
{
  return store->desk;
}

static gboolean
not_found (GError **error)
{
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "Session not found");
  return FALSE;
}

/* A folder that is not there has no recordings. */
static gboolean
ask_index (ApRecordingStore *store, GError **error)
{
  if (is_ready (store) || get_ready (store, FALSE, NULL))
    return TRUE;
  if (!g_file_test (store->path, G_FILE_TEST_EXISTS))
    return not_found (error);
  return get_ready (store, FALSE, error);
}

typedef struct {
  Barrier barrier;
  ApRecordingInfo *info;
  GError *error;
} Wait;

static void
on_loaded (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  Wait *wait = data;

  if (error != NULL)
    wait->error = g_error_copy (error);
  else
    ap_recording_info_copy (wait->info, info);
  arrive (&wait->barrier);
}

/* Its strand runs on another thread: the desk is the only one that waits. */
static gboolean
wait_for_load (ApRecording *recording, ApRecordingInfo *info, GError **error)
{
  Wait wait = { .barrier.waited_for = 1, .info = info };

  ap_recording_load (recording, on_loaded, &wait);
  g_mutex_lock (&wait.barrier.lock);
  while (wait.barrier.waited_for > 0)
    g_cond_wait (&wait.barrier.changed, &wait.barrier.lock);
  g_mutex_unlock (&wait.barrier.lock);
  if (wait.error == NULL)
    return TRUE;
  g_propagate_error (error, wait.error);
  return FALSE;
}

gboolean
ap_recording_store_get_info (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);

  if (recording == NULL)
    return ask_index (store, error) && ap_recording_index_get (store->shared.index, id, info, error);
  if (ap_recording_look (recording, info))
    return TRUE;
  ap_recording_info_clear (info);
  return wait_for_load (recording, info, error);
}

GPtrArray *
ap_recording_store_list (ApRecordingStore *store, const ApRecordingFilter *filter, guint64 *total, GError **error)
{
  g_autoptr (GError) reason = NULL;
  GPtrArray *list;

  *total = 0;
  if (!ask_index (store, &reason)) {
    if (g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND))
      return g_ptr_array_new ();
    g_propagate_error (error, g_steal_pointer (&reason));
    return NULL;
  }
  list = ap_recording_index_list (store->shared.index, filter, total, error);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    ApRecordingInfo *info = g_ptr_array_index (list, i);
    g_autoptr (ApRecording) recording = ap_recording_store_find (store, info->id);
    ApRecordingInfo now = { 0 };

    if (recording == NULL || !ap_recording_look (recording, &now)) {
      ap_recording_info_clear (&now);
      continue;
    }
    ap_recording_info_clear (info);
    *info = now;
  }
  return list;
}

int
ap_recording_store_open_audio (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error)
{
  int fd;

  if (!ap_recording_store_get_info (store, id, info, error))
    return -1;
  fd = ap_storage_open (store->shared.writer.folder_fd, id, AP_STORAGE_WAV, O_RDONLY, error);
  if (fd < 0)
    ap_recording_info_clear (info);
  return fd;
}

typedef struct {
  ApRecordingStore *store;
  char id[AP_RECORDING_ID_LENGTH + 1];
  ApRecordingDone done;
  gpointer data;
} Request;

static void
post_request (ApRecordingStore *store, ApStrandFunc func, const char *id, ApRecordingDone done, gpointer data)
{
  Request *request = g_new0 (Request, 1);

  request->store = store;
  g_strlcpy (request->id, id, sizeof request->id);
  request->done = done;
  request->data = data;
  ap_strand_post (store->desk, func, request, g_free);
}

static void
tell_of_ended (gpointer data)
{
  Request *request = data;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (ap_recording_store_get_info (request->store, request->id, &info, &error))
    request->done (&info, NULL, request->data);
  else
    request->done (NULL, error, request->data);
}

static void
delete_ended (gpointer data)
{
  Request *request = data;
  ApRecordingStore *store = request->store;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (ap_recording_store_get_info (store, request->id, &info, &error) &&
      ap_recording_writer_remove (store->shared.writer.folder_fd, request->id, &error) &&
      ap_recording_index_remove (store->shared.index, request->id, &error))
    request->done (&info, NULL, request->data);
  else
    request->done (NULL, error, request->data);
}

void
ap_recording_store_close (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);

  if (recording != NULL)
    ap_recording_end (recording, NULL, done, data);
  else
    post_request (store, tell_of_ended, id, done, data);
}

void
ap_recording_store_delete (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);

  if (recording != NULL)
    ap_recording_discard (recording, done, data);
  else
    post_request (store, delete_ended, id, done, data);
}
