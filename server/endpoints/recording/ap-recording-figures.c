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

static void
put_ended (gpointer data)
{
  ApRecording *recording = data;
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
ap_recording_put_ended_into_index (ApRecording *recording)
{
  ap_recording_share_end (recording->share, put_ended, recording);
}

gboolean
ap_recording_claim (gpointer data, guint64 bytes, GError **error)
{
  ApRecording *recording = data;

  return ap_recording_share_claim (recording->share, recording->shared->index, bytes, error);
}
