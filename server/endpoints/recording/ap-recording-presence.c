/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A folder of recordings that is taken away while the server runs (unmounted, renamed, removed), and put back. What is
 * live is dropped, so that nothing of the folder stays open; what was acknowledged is in it, and is read as after a
 * crash when it is back. */
#define G_LOG_DOMAIN "recording"

#include "base/ap-log.h"
#include "endpoints/recording/ap-recording-folder.h"
#include "endpoints/recording/ap-recording-store-private.h"

#include <fcntl.h>
#include <unistd.h>

/* ---- Away ---- */

/* A recording whose files may be read later, in the place of @recording. Its files are not asked: a disk that has gone
 * may never answer. */
static ApRecording *
successor_of (ApRecordingStore *store, ApRecording *recording)
{
  g_auto (ApRecordingInfo) info = { 0 };
  ApRecording *successor;

  if (!ap_recording_look (recording, &info) && !ap_recording_exists (recording))
    return NULL; /* about to be refused */
  successor = ap_recording_new (&store->shared, &info, TRUE);
  ap_recording_count (successor, info.frames * info.channels * 2);
  return successor;
}

/* @successor: (nullable). FALSE: it has ended meanwhile */
static gboolean
replace (ApRecordingStore *store, ApRecording *recording, ApRecording *successor)
{
  const char *id = ap_recording_get_id (recording);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  if (g_hash_table_lookup (store->recordings, id) != recording)
    return FALSE;
  if (successor != NULL)
    g_hash_table_replace (store->recordings, g_strdup (id), ap_recording_ref (successor));
  else
    g_hash_table_remove (store->recordings, id);
  return TRUE;
}

/* What may take long is done before the store's lock, for which workers wait. */
static void
drop_one (ApRecordingStore *store, ApRecording *recording)
{
  g_autoptr (ApRecording) successor = successor_of (store, recording);

  if (replace (store, recording, successor)) {
    g_ptr_array_add (store->leaving, ap_recording_ref (recording));
    ap_recording_drop (recording);
  } else if (successor != NULL) {
    ap_recording_drop (successor);
  }
}

static void
forget_unread (ApRecordingStore *store)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->lock);

  g_ptr_array_set_size (store->unread, 0);
}

/* Who comes to the table later waits for the folder. */
static void
drop_all (ApRecordingStore *store)
{
  g_autoptr (GPtrArray) live = ap_recording_store_list_live (store);

  forget_unread (store);
  for (guint i = 0; i < live->len; i++)
    drop_one (store, g_ptr_array_index (live, i));
}

static void
look (ApRecordingStore *store)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&store->ready_lock);
  const char *reason;

  if (!ap_recording_store_is_ready (store) || g_atomic_int_get (&store->stopping) != 0 ||
      ap_recording_folder_is_at (store->shared.writer.folder_fd, store->path, &reason))
    return;
  ap_warning ("%s: %s: nothing can be recorded until the recordings are back", store->path, reason);
  g_atomic_int_set (&store->away, 1);
  g_atomic_int_set (&store->ready, 0);
  drop_all (store);
}

/* ---- And back ---- */

/* What is left in hand of a folder is written there, wherever it is now. */
static void
let_go (ApRecordingStore *store)
{
  int nowhere = open ("/dev/null", O_RDONLY | O_CLOEXEC);

  ap_recording_index_leave (store->shared.index);
  if (nowhere >= 0) {
    dup3 (nowhere, store->shared.writer.folder_fd, O_CLOEXEC);
    close (nowhere);
  }
  store->let_go = nowhere >= 0;
}

gboolean
ap_recording_store_let_go (ApRecordingStore *store, GError **error)
{
  for (guint i = store->leaving->len; i > 0; i--)
    if (ap_recording_is_unused (g_ptr_array_index (store->leaving, i - 1)))
      g_ptr_array_remove_index_fast (store->leaving, i - 1);
  if (store->leaving->len == 0 && !store->let_go)
    let_go (store);
  if (!store->let_go)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the recordings of before are being closed");
  return store->let_go;
}

gboolean
ap_recording_store_admit_folder (ApRecordingStore *store, int fd, GError **error)
{
  if (!store->was_mount || ap_recording_folder_is_mount (fd))
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "%s: nothing is mounted there any more",
               store->path);
  return FALSE;
}

void
ap_recording_store_check (ApRecordingStore *store)
{
  look (store);
  if (ap_recording_store_is_away (store))
    ap_recording_store_get_ready (store, TRUE, NULL);
}

/* ---- What others ask ---- */

gboolean
ap_recording_store_is_away (ApRecordingStore *store)
{
  return g_atomic_int_get (&store->away) != 0;
}

gboolean
ap_recording_store_is_reachable (gpointer owner, GError **error)
{
  if (ap_recording_store_is_ready (owner))
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the folder of recordings is not there");
  return FALSE;
}

gboolean
ap_recording_store_has_dropped (gpointer owner, ApRecording *recording)
{
  ApRecordingStore *store = owner;
  g_autoptr (ApRecording) now = NULL;

  look (store);
  now = ap_recording_store_find (store, ap_recording_get_id (recording));
  return now != recording;
}
