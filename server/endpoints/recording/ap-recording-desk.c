/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store's answers to HTTP's questions. */
#include "endpoints/recording/ap-recording-store-private.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <fcntl.h>

ApStrand *
ap_recording_store_get_desk (ApRecordingStore *store)
{
  return store->desk;
}

ApStrand *
ap_recording_store_get_reading_desk (ApRecordingStore *store)
{
  return store->reading_desk;
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
  if (ap_recording_store_is_ready (store) || ap_recording_store_get_ready (store, FALSE, NULL))
    return TRUE;
  if (!ap_recording_store_is_away (store) && !g_file_test (store->path, G_FILE_TEST_EXISTS))
    return not_found (error);
  return ap_recording_store_get_ready (store, FALSE, error);
}

/* @recording: (out) (transfer full): NULL: it is not live. What is in a folder that is made ready by this is. */
static gboolean
find_live (ApRecordingStore *store, const char *id, ApRecording **recording, GError **error)
{
  *recording = ap_recording_store_find (store, id);
  if (*recording != NULL)
    return TRUE;
  if (!ask_index (store, error))
    return FALSE;
  *recording = ap_recording_store_find (store, id);
  return TRUE;
}

gboolean
ap_recording_store_get_info (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error)
{
  g_autoptr (ApRecording) recording = NULL;

  if (!find_live (store, id, &recording, error))
    return FALSE;
  if (recording == NULL)
    return ap_recording_index_get (store->shared.index, id, info, error);
  if (ap_recording_look (recording, info))
    return TRUE;
  ap_recording_info_clear (info);
  /* It has just been tried, see ap_recording_store_ask(), and others wait behind this. */
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the recording cannot be read now");
  return FALSE;
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
  ApStrand *desk;
  ApStrandFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Question;

static void
on_read (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  g_autofree Question *question = data;

  ap_strand_post (question->desk, question->func, question->data, question->destroy);
}

void
ap_recording_store_ask (ApRecordingStore *store, const char *id, ApStrandFunc func, gpointer data,
                        GDestroyNotify destroy)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);
  const Question question = { store->desk, func, data, destroy };
  g_auto (ApRecordingInfo) info = { 0 };

  if (recording == NULL || ap_recording_look (recording, &info))
    ap_strand_post (store->desk, func, data, destroy);
  else
    ap_recording_load (recording, on_read, g_memdup2 (&question, sizeof question));
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
  ApRecordingStore *store = request->store;
  g_autoptr (ApRecording) recording = NULL;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (find_live (store, request->id, &recording, &error) && recording != NULL) {
    ap_recording_end (recording, request->done, request->data);
    return;
  }
  if (error == NULL)
    ap_recording_index_get (store->shared.index, request->id, &info, &error);
  request->done (error == NULL ? &info : NULL, error, request->data);
}

/* @info: (out): what it was */
static void
remove_ended (ApRecordingStore *store, const char *id, ApRecordingInfo *info, GError **error)
{
  if (ap_recording_index_get (store->shared.index, id, info, error) &&
      ap_recording_writer_remove (store->shared.writer.folder_fd, id, error) &&
      ap_recording_index_remove (store->shared.index, id, error))
    ap_recording_shares_forget (store->shared.shares, info->user_id);
}

static void
delete_ended (gpointer data)
{
  Request *request = data;
  ApRecordingStore *store = request->store;
  g_autoptr (ApRecording) recording = NULL;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (find_live (store, request->id, &recording, &error) && recording != NULL) {
    ap_recording_discard (recording, request->done, request->data);
    return;
  }
  if (error == NULL)
    remove_ended (store, request->id, &info, &error);
  request->done (error == NULL ? &info : NULL, error, request->data);
}

void
ap_recording_store_close (ApRecordingStore *store, const char *id, ApRecordingDone done, gpointer data)
{
  g_autoptr (ApRecording) recording = ap_recording_store_find (store, id);

  if (recording != NULL)
    ap_recording_end (recording, done, data);
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
