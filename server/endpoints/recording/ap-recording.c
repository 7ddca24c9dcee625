/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A live recording. Everything but the functions at the end, which post the work, runs on its strand. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording.h"

#include "base/ap-error.h"
#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "endpoints/recording/ap-recording-message.h"
#include "endpoints/recording/ap-recording-private.h"

/* How often the disk has the WAV, and the index the figures. */
#define CHECKPOINT_US (2 * G_USEC_PER_SEC)

static const char closed[] = "the session was closed";

/* ---- Jobs ---- */

static void
job_free (gpointer data)
{
  ApRecordingJob *job = data;

  g_clear_pointer (&job->socket, ap_recording_socket_unref);
  g_clear_pointer (&job->chunk, g_bytes_unref);
  ap_recording_unref (job->recording);
  g_free (job);
}

void
ap_recording_post (ApRecording *recording, ApStrandFunc func, const ApRecordingJob *about)
{
  ApRecordingJob *job = g_memdup2 (about, sizeof *about);

  job->recording = ap_recording_ref (recording);
  ap_strand_post (recording->strand, func, job, job_free);
}

/* ---- The end ---- */

static void
close_sockets (ApRecording *recording, guint16 code, const char *reason)
{
  for (guint i = 0; i < recording->sockets->len; i++)
    ap_recording_socket_close (g_ptr_array_index (recording->sockets, i), code, reason);
}

void
ap_recording_leave_the_living (ApRecording *recording)
{
  recording->over = TRUE;
  ap_recording_share_set (recording->share, 0);
  ap_count (&ap_metrics_mine ()->counts.recordings_ended, 1);
  recording->shared->ended (recording->shared->owner, recording);
}

void
ap_recording_fail (ApRecording *recording, const GError *error)
{
  if (recording->over || recording->shared->gone (recording->shared->owner, recording))
    return;
  recording->broken = g_error_copy (error);
  if (recording->writer == NULL && !recording->exists)
    ap_warning ("no session can be created: %s", error->message);
  else
    ap_error ("%s is broken: %s", recording->info.id, error->message);
  ap_recording_publish (recording);
  if (recording->writer != NULL || recording->exists)
    ap_recording_put_ended_into_index (recording);
  ap_recording_answers_drop (recording->answers);
  close_sockets (recording, 1011, "the recording's files cannot be used");
  ap_recording_leave_the_living (recording);
}

static void
tell_completed (ApRecording *recording, guint16 code, const char *reason)
{
  for (guint i = 0; i < recording->sockets->len; i++)
    ap_recording_socket_send (g_ptr_array_index (recording->sockets, i),
                              ap_recording_format_completed (&recording->info), 0);
  close_sockets (recording, code, reason);
}

static void
become_completed (ApRecording *recording, guint16 code, const char *reason)
{
  ap_recording_publish (recording);
  ap_recording_put_ended_into_index (recording);
  ap_recording_answers_release (recording->answers, recording->ticket);
  tell_completed (recording, code, reason);
  ap_recording_leave_the_living (recording);
  ap_event (G_LOG_LEVEL_INFO, "recording completed", AP_LOG_TEXT ("recording", recording->info.id),
            AP_LOG_NUMBER ("chunks", recording->info.total_chunks),
            AP_LOG_NUMBER ("bytes", recording->info.bytes_received),
            AP_LOG_SECONDS ("audio_seconds", recording->info.frames * G_USEC_PER_SEC / recording->info.sample_rate),
            AP_LOG_TEXT ("reason", reason));
}

/* ---- Sockets ---- */

/* Errors: what has broken it, or CLOSED */
static gboolean
ensure_live (ApRecording *recording, GError **error)
{
  if (!ap_recording_ensure_loaded (recording, error))
    return FALSE;
  if (recording->over)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED, "the session has been closed");
  return !recording->over;
}

/* What they have sent and nobody has read yet would come after what the client that resumes was told. */
static void
dismiss_sockets (ApRecording *recording)
{
  close_sockets (recording, 4001, "another connection has taken over");
  for (guint i = 0; i < recording->sockets->len; i++)
    ((ApRecordingSocket *)g_ptr_array_index (recording->sockets, i))->admitted = FALSE;
  g_ptr_array_set_size (recording->sockets, 0);
  g_clear_pointer (&recording->source, ap_recording_socket_unref);
}

static gboolean
may_join (ApRecording *recording, ApRecordingSocket *socket, GError **error)
{
  gint64 most = recording->shared->settings->max_connections;

  if (!ensure_live (recording, error))
    return FALSE;
  if (socket->manner == AP_RECORDING_RESUMES)
    dismiss_sockets (recording);
  if (recording->sockets->len < (guint)most)
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_LIMIT,
               "a session has at most %" G_GINT64_FORMAT " connections at once", most);
  return FALSE;
}

static void
join (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;
  g_autoptr (GError) error = NULL;

  g_atomic_int_add (&recording->joining, -1);
  if (may_join (recording, job->socket, &error)) {
    g_ptr_array_add (recording->sockets, ap_recording_socket_ref (job->socket));
    job->socket->admitted = TRUE;
    if (job->socket->manner == AP_RECORDING_CREATES)
      ap_recording_socket_send (job->socket, ap_recording_format_greeting (&recording->info), 0);
    else if (job->socket->manner == AP_RECORDING_RESUMES)
      ap_recording_tell_status_now (job);
    return;
  }
  ap_recording_socket_send (job->socket, ap_recording_format_error (error, recording->info.id), 0);
  if (g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED) ||
      g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_LIMIT))
    ap_recording_socket_close (job->socket, 1008, "the session cannot be joined");
  else
    ap_recording_socket_close (job->socket, 1011, "the session cannot be opened");
}

static void
leave (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;

  g_ptr_array_remove (recording->sockets, job->socket);
  if (recording->source == job->socket)
    g_clear_pointer (&recording->source, ap_recording_socket_unref);
}

/* ---- Ends ---- */

static void
tell_done (const ApRecordingJob *job, const GError *error)
{
  if (job->done != NULL)
    job->done (error == NULL ? &job->recording->info : NULL, error, job->data);
}

/* What was to end by itself. */
static void
try_again_later (ApRecording *recording)
{
  recording->end_at = g_get_monotonic_time () + recording->shared->settings->timeout_seconds * G_USEC_PER_SEC;
}

static void
refuse_to_end (const ApRecordingJob *job, const GError *error)
{
  ApRecording *recording = job->recording;

  ap_warning ("%s cannot be completed: %s", recording->info.id, error->message);
  try_again_later (recording);
  if (job->socket != NULL)
    ap_recording_answer (&(ApRecordingJob){ .recording = recording, .socket = job->socket },
                         ap_recording_format_failure (&recording->info, error));
  if (g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE))
    ap_recording_fail (recording, error);
  tell_done (job, error);
}

static void
end (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;
  g_autoptr (GError) error = NULL;

  if (!ap_recording_ensure_loaded (recording, &error)) {
    try_again_later (recording);
    tell_done (job, error);
    return;
  }
  if (!recording->over && !ap_recording_writer_finish (recording->writer, &error)) {
    refuse_to_end (job, error);
    return;
  }
  if (!recording->over)
    become_completed (recording, job->code, job->reason);
  tell_done (job, NULL);
}

static void
end_for (gpointer data)
{
  ApRecordingJob *job = data;

  if (job->socket->admitted)
    end (job);
  ap_recording_socket_send (job->socket, NULL, job->cost);
}

static void
discard (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;
  g_autoptr (GError) error = NULL;

  if (!recording->over) {
    ap_recording_answers_drop (recording->answers);
    close_sockets (recording, 1008, "the session was deleted");
    ap_recording_leave_the_living (recording);
  }
  if (ap_recording_writer_remove (recording->shared->writer.folder_fd, recording->info.id, &error))
    ap_recording_index_remove (recording->shared->index, recording->info.id, &error);
  ap_recording_shares_forget (recording->shared->shares, recording->info.user_id); /* its row may have counted */
  tell_done (job, error);
}

static void
load (gpointer data)
{
  ApRecordingJob *job = data;
  g_autoptr (GError) error = NULL;

  tell_done (job, ap_recording_ensure_loaded (job->recording, &error) ? NULL : error);
}

/* ---- Now and then ---- */

static const char *
reason_to_end (ApRecording *recording, gint64 now)
{
  const ApRecordingSettings *settings = recording->shared->settings;

  if (now - recording->heard > settings->timeout_seconds * G_USEC_PER_SEC)
    return "the session was idle for too long";
  if (now - recording->begun_at > settings->max_duration_hours * 3600 * G_USEC_PER_SEC)
    return "the session has lasted as long as it may";
  return NULL;
}

static void
tick (gpointer data)
{
  ApRecording *recording = ((ApRecordingJob *)data)->recording;
  gint64 now = g_get_monotonic_time ();
  const char *reason = NULL;

  g_atomic_int_set (&recording->ticking, 0);
  if (recording->over || recording->broken != NULL)
    return;
  if (ap_recording_answers_wait (recording->answers) ||
      (recording->writer == NULL && !recording->shared->reachable (recording->shared->owner, NULL)))
    recording->heard = now; /* who waits for an answer need not send more; nor could anybody */
  if (now >= recording->end_at && (recording->writer != NULL || recording->exists))
    reason = reason_to_end (recording, now);
  if (reason != NULL) {
    end (&(ApRecordingJob){ .recording = recording, .code = 1001, .reason = reason });
    return;
  }
  if (recording->writer == NULL || now < recording->checkpoint_at)
    return;
  recording->checkpoint_at = now + CHECKPOINT_US;
  if (recording->info.total_chunks == recording->chunks_indexed)
    return;
  ap_recording_want_sync (recording);
  ap_recording_put_into_index (recording);
}

static void
drop (gpointer data)
{
  ApRecording *recording = ((ApRecordingJob *)data)->recording;

  if (recording->over)
    return;
  recording->over = TRUE;
  recording->broken = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE,
                                   "the recordings cannot be reached now; go on when they can");
  ap_recording_share_set (recording->share, 0);
  ap_recording_answers_drop (recording->answers);
  close_sockets (recording, 1011, "the recordings cannot be reached now");
  ap_count (&ap_metrics_mine ()->counts.recordings_ended, 1);
}

static void
suspend_now (ApRecording *recording)
{
  g_autoptr (GError) error = NULL;

  if (recording->over || recording->writer == NULL)
    return;
  recording->over = TRUE;
  if (!ap_recording_writer_sync (recording->writer, &error) ||
      !ap_recording_writer_checkpoint (recording->writer, &error))
    ap_warning ("%s: %s", recording->info.id, error->message);
  ap_recording_put_into_index (recording);
}

static void
suspend (gpointer data)
{
  ApRecordingJob *job = data;

  suspend_now (job->recording);
  job->suspended (job->data);
}

/* ---- For others ---- */

ApRecording *
ap_recording_new (const ApRecordingShared *shared, const ApRecordingInfo *info, gboolean exists)
{
  ApRecording *recording = g_new0 (ApRecording, 1);

  ap_count (&ap_metrics_mine ()->counts.recordings_begun, 1);
  g_atomic_ref_count_init (&recording->refs);
  g_mutex_init (&recording->lock);
  recording->shared = shared;
  recording->strand = ap_strand_new (shared->pool);
  recording->exists = exists;
  ap_recording_info_copy (&recording->info, info);
  recording->share = ap_recording_share_new (shared->shares, info->user_id);
  recording->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify)ap_recording_socket_unref);
  recording->heard = g_get_monotonic_time ();
  recording->begun_at = recording->heard - MAX (g_get_real_time () - info->created_us, 0);
  recording->answers = ap_recording_answers_new ();
  ap_recording_files_init (recording);
  return recording;
}

void
ap_recording_count (ApRecording *recording, guint64 bytes)
{
  ap_recording_share_set (recording->share, bytes);
}

ApRecording *
ap_recording_ref (ApRecording *recording)
{
  g_atomic_ref_count_inc (&recording->refs);
  return recording;
}

void
ap_recording_unref (ApRecording *recording)
{
  if (!g_atomic_ref_count_dec (&recording->refs))
    return;
  g_clear_pointer (&recording->writer, ap_recording_writer_free);
  g_clear_pointer (&recording->source, ap_recording_socket_unref);
  g_ptr_array_unref (recording->sockets);
  ap_recording_answers_free (recording->answers);
  ap_recording_share_free (recording->share);
  ap_recording_info_clear (&recording->info);
  g_clear_error (&recording->broken);
  ap_strand_unref (recording->strand);
  g_mutex_clear (&recording->lock);
  g_free (recording);
}

const char *
ap_recording_get_id (ApRecording *recording)
{
  return recording->info.id;
}

const char *
ap_recording_get_user (ApRecording *recording)
{
  return recording->info.user_id;
}

gboolean
ap_recording_exists (ApRecording *recording)
{
  return recording->exists;
}

gboolean
ap_recording_look (ApRecording *recording, ApRecordingInfo *info)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&recording->lock);

  ap_recording_info_copy (info, &recording->info);
  return recording->loaded;
}

gboolean
ap_recording_join (ApRecording *recording, ApRecordingSocket *socket)
{
  if (g_atomic_int_add (&recording->joining, 1) >= recording->shared->settings->max_connections) {
    g_atomic_int_add (&recording->joining, -1);
    return FALSE;
  }
  ap_recording_post (recording, join, &(ApRecordingJob){ .socket = ap_recording_socket_ref (socket) });
  return TRUE;
}

void
ap_recording_leave (ApRecording *recording, ApRecordingSocket *socket)
{
  ap_recording_post (recording, leave, &(ApRecordingJob){ .socket = ap_recording_socket_ref (socket) });
}

void
ap_recording_append (ApRecording *recording, ApRecordingSocket *socket, GBytes *chunk, gsize cost)
{
  ap_count (&ap_metrics_mine ()->counts.chunks_received, 1);
  ap_recording_post (recording, ap_recording_append_now,
                     &(ApRecordingJob){ .socket = ap_recording_socket_ref (socket),
                                        .chunk = g_bytes_ref (chunk),
                                        .since = g_get_monotonic_time (),
                                        .cost = cost });
}

void
ap_recording_tell_status (ApRecording *recording, ApRecordingSocket *socket, gsize cost)
{
  ap_recording_post (recording, ap_recording_tell_status_now,
                     &(ApRecordingJob){ .socket = ap_recording_socket_ref (socket), .cost = cost });
}

void
ap_recording_end (ApRecording *recording, ApRecordingDone done, gpointer data)
{
  ap_recording_post (recording, end, &(ApRecordingJob){ .code = 1000, .reason = closed, .done = done, .data = data });
}

void
ap_recording_end_for (ApRecording *recording, ApRecordingSocket *socket, gsize cost)
{
  ap_recording_post (
      recording, end_for,
      &(ApRecordingJob){ .socket = ap_recording_socket_ref (socket), .cost = cost, .code = 1000, .reason = closed });
}

void
ap_recording_discard (ApRecording *recording, ApRecordingDone done, gpointer data)
{
  ap_recording_post (recording, discard, &(ApRecordingJob){ .done = done, .data = data });
}

void
ap_recording_load (ApRecording *recording, ApRecordingDone done, gpointer data)
{
  ap_recording_post (recording, load, &(ApRecordingJob){ .done = done, .data = data });
}

void
ap_recording_tick (ApRecording *recording)
{
  if (g_atomic_int_compare_and_exchange (&recording->ticking, 0, 1))
    ap_recording_post (recording, tick, &(ApRecordingJob){ 0 });
}

void
ap_recording_drop (ApRecording *recording)
{
  ap_recording_post (recording, drop, &(ApRecordingJob){ 0 });
}

gboolean
ap_recording_is_unused (ApRecording *recording)
{
  return g_atomic_ref_count_compare (&recording->refs, 1);
}

void
ap_recording_suspend (ApRecording *recording, void (*done) (gpointer data), gpointer data)
{
  ap_recording_post (recording, suspend, &(ApRecordingJob){ .suspended = done, .data = data });
}
