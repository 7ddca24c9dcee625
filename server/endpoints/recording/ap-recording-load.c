/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A recording that somebody wants: it is begun, or read from the disk. On its strand. */
#define G_LOG_DOMAIN "recording"

#include "base/ap-error.h"
#include "base/ap-log.h"
#include "endpoints/recording/ap-recording-private.h"

/* How long what decoders die of is held to be the machine's doing. */
#define PATIENCE_US (60 * G_USEC_PER_SEC)

static void
begin (ApRecording *recording, GError **error)
{
  const ApRecordingShared *shared = recording->shared;

  if (!shared->admit (shared->owner, error) || !ap_recording_claim (recording, 1, error))
    return;
  recording->writer = ap_recording_writer_create (&shared->writer, &recording->info, error);
  if (recording->writer == NULL)
    return;
  ap_recording_put_into_index (recording);
  ap_event (G_LOG_LEVEL_INFO, "recording begun", AP_LOG_TEXT ("recording", recording->info.id),
            AP_LOG_TEXT ("user", recording->info.user_id != NULL ? recording->info.user_id : ""),
            AP_LOG_TEXT ("format", ap_recording_format_to_string (recording->info.format)),
            AP_LOG_NUMBER ("rate", recording->info.sample_rate), AP_LOG_NUMBER ("channels", recording->info.channels));
}

/* A machine that is short of memory kills decoders. It is waited for, but not for ever. */
static gboolean
is_patient (ApRecording *recording)
{
  return recording->decoder_died_at == 0 || g_get_monotonic_time () - recording->decoder_died_at < PATIENCE_US;
}

static void
resume (ApRecording *recording, GError **error)
{
  gint64 since = g_get_monotonic_time ();
  guint unreadable;

  recording->writer = ap_recording_writer_recover (&recording->shared->writer, recording->info.id,
                                                   is_patient (recording), &unreadable, error);
  if (recording->writer == NULL)
    return;
  ap_recording_publish (recording);
  if (recording->info.status == AP_RECORDING_COMPLETED) {
    ap_recording_put_ended_into_index (recording);
    ap_recording_leave_the_living (recording);
  } else {
    ap_recording_put_into_index (recording);
    ap_recording_share_set (recording->share, ap_recording_writer_get_bytes (recording->writer));
    ap_recording_shares_forget (recording->shared->shares, recording->info.user_id); /* its row may have said `error` */
  }
  ap_event (G_LOG_LEVEL_INFO, "recording recovered", AP_LOG_TEXT ("recording", recording->info.id),
            AP_LOG_TEXT ("status", ap_recording_status_to_string (recording->info.status)),
            AP_LOG_NUMBER ("chunks", recording->info.total_chunks), AP_LOG_NUMBER ("unreadable", unreadable),
            AP_LOG_SECONDS ("took", (guint64)(g_get_monotonic_time () - since)));
}

/* What is on the disk is as good as ever; it is tried again when somebody asks. */
static gboolean
may_be_read_later (ApRecording *recording, const GError *error)
{
  gboolean died = g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  gboolean later = recording->exists && ((died && is_patient (recording)) ||
                                         g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE) ||
                                         g_error_matches (error, AP_ERROR, AP_ERROR_UNAVAILABLE) ||
                                         g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED));

  if (died && recording->decoder_died_at == 0)
    recording->decoder_died_at = g_get_monotonic_time ();
  if (later)
    ap_warning ("%s cannot be read now: %s", recording->info.id, error->message);
  return later;
}

gboolean
ap_recording_ensure_loaded (ApRecording *recording, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (recording->broken != NULL) {
    g_propagate_error (error, g_error_copy (recording->broken));
    return FALSE;
  }
  if (recording->writer != NULL)
    return TRUE;
  recording->heard = g_get_monotonic_time ();
  if (recording->exists && !recording->shared->reachable (recording->shared->owner, error))
    return FALSE;
  if (recording->exists)
    resume (recording, &reason);
  else
    begin (recording, &reason);
  if (recording->writer != NULL) {
    recording->heard = g_get_monotonic_time (); /* who waited for it was not idle */
    ap_recording_publish (recording);
    ap_recording_writer_set_claim (recording->writer, ap_recording_claim, recording);
    return TRUE;
  }
  if (!may_be_read_later (recording, reason))
    ap_recording_fail (recording, reason);
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}
