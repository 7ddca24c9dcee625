/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What others read of a live recording, on its strand: its figures, its row in the index, its share of the disk. */
#define G_LOG_DOMAIN "recording"

#include "base/ap-log.h"
#include "endpoints/recording/ap-recording-private.h"

/* The rest never changes, and is read without the lock. */
static void
copy_figures (ApRecordingInfo *to, const ApRecordingInfo *from)
{
  to->status = from->status;
  to->updated_us = from->updated_us;
  to->completed_us = from->completed_us;
  to->total_chunks = from->total_chunks;
  to->bytes_received = from->bytes_received;
  to->frames = from->frames;
  to->damaged_chunks = from->damaged_chunks;
}

void
ap_recording_publish (ApRecording *recording)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&recording->lock);

  if (recording->writer != NULL)
    copy_figures (&recording->info, ap_recording_writer_get_info (recording->writer));
  if (recording->broken != NULL)
    recording->info.status = AP_RECORDING_FAILED;
  recording->loaded = TRUE;
}

void
ap_recording_put_into_index (ApRecording *recording)
{
  g_autoptr (GError) error = NULL;

  recording->chunks_indexed = recording->info.total_chunks;
  if (!ap_recording_index_put (recording->shared->index, &recording->info, &error))
    ap_warning ("%s: the index: %s", recording->info.id, error->message);
}

void
ap_recording_put_failed_into_index (ApRecording *recording)
{
  g_auto (ApRecordingInfo) known = { 0 };

  if (recording->writer == NULL &&
      ap_recording_index_get (recording->shared->index, recording->info.id, &known, NULL)) {
    g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&recording->lock);

    copy_figures (&recording->info, &known);
    recording->info.status = AP_RECORDING_FAILED;
  }
  ap_recording_put_into_index (recording);
}

void
ap_recording_update_allowance (ApRecording *recording)
{
  guint64 most = (guint64)recording->shared->settings->max_user_mb * 1024 * 1024;
  guint64 recordings, bytes;
  guint64 own = recording->info.frames * recording->info.channels * 2;
  g_autoptr (GError) error = NULL;

  if (most == 0 || recording->info.user_id == NULL)
    return;
  if (!ap_recording_index_sum_user (recording->shared->index, recording->info.user_id, &recordings, &bytes, &error)) {
    ap_warning ("the index: %s", error->message);
    return;
  }
  bytes -= MIN (bytes, own);
  ap_recording_writer_allow (recording->writer, most - MIN (most, bytes));
}
