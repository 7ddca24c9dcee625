/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A live recording's chunks: from a client to the writer, and the answer when it has become true. */
#define G_LOG_DOMAIN "recording"

#include "base/ap-log.h"
#include "base/ap-metrics.h"
#include "endpoints/recording/ap-recording-message.h"
#include "endpoints/recording/ap-recording-private.h"

/* Who sends keeps the others out for so long after its last chunk, where there can be only one. */
#define SOURCE_SECONDS 5

/* ---- Syncing ---- */

static void
on_synced (gpointer data)
{
  ApRecordingJob *job = data;

  ap_recording_answers_release (job->recording->answers, job->ticket);
}

static void
on_sync_failed (gpointer data)
{
  ApRecordingJob *job = data;
  g_autoptr (GError) error =
      g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "the disk refused to keep what was written");

  ap_recording_fail (job->recording, error);
}

static ApRecording *
recording_of (ApSyncTarget *target)
{
  return ((ApRecordingFile *)(gpointer)target)->recording;
}

/* On a sync thread; what is appended from here on is the next sync's. */
static void
begin_journal (ApSyncTarget *target)
{
  ApRecording *recording = recording_of (target);

  recording->syncing = __atomic_load_n (&recording->ticket, __ATOMIC_SEQ_CST);
  ap_recording_writer_sync_begins (recording->writer);
}

static gboolean
sync_journal (ApSyncTarget *target, GError **error)
{
  return ap_recording_writer_sync (recording_of (target)->writer, error);
}

static void
begin_wav (ApSyncTarget *target)
{
  ApRecording *recording = recording_of (target);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&recording->lock);

  recording->telling = recording->info.frames;
}

static gboolean
sync_wav (ApSyncTarget *target, GError **error)
{
  return ap_recording_writer_checkpoint (recording_of (target)->writer, error);
}

static void
on_journal_synced (ApSyncTarget *target, const GError *error)
{
  ApRecording *recording = recording_of (target);
  g_autoptr (GError) problem = error != NULL ? g_error_copy (error) : NULL;

  if (problem != NULL || !ap_recording_writer_sync_ends (recording->writer, &problem))
    ap_error ("%s: %s", recording->info.id, problem->message);
  ap_recording_post (recording, problem == NULL ? on_synced : on_sync_failed,
                     &(ApRecordingJob){ .ticket = recording->syncing });
}

/* The journal has what the WAV lacks. Its header tells of what was synced, whoever did that. */
static void
on_wav_synced (ApSyncTarget *target, const GError *error)
{
  ApRecording *recording = recording_of (target);
  g_autoptr (GError) problem = error != NULL ? g_error_copy (error) : NULL;

  if (error != NULL || !ap_recording_writer_tell (recording->writer, recording->telling, &problem))
    ap_warning ("%s: its WAV: %s", recording->info.id, problem->message);
}

static void
hold (ApSyncTarget *target)
{
  ap_recording_ref (recording_of (target));
}

static void
release (ApSyncTarget *target)
{
  ap_recording_unref (recording_of (target));
}

static void
want_sync (ApRecordingFile *file)
{
  ap_syncer_request (file->recording->shared->syncer, &file->target);
}

static gboolean
waits_for_sync (ApRecording *recording)
{
  return recording->shared->settings->ack[0] == 's';
}

void
ap_recording_answer (const ApRecordingJob *job, char *text)
{
  ApRecording *recording = job->recording;

  ap_recording_answers_add (recording->answers, job->socket, waits_for_sync (recording) ? recording->ticket : 0, text,
                            job->cost, job->since);
}

/* ---- Chunks ---- */

/* Where a decoder goes from chunk to chunk, two who send at once would make garbage of both. Who comes when the other
 * has been silent for long begins anew, unless it asked where to go on. */
static gboolean
claim (ApRecording *recording, ApRecordingSocket *socket, gboolean *new_source, GError **error)
{
  gboolean exclusive = ap_recording_writer_wants_one_source (recording->writer);

  *new_source = FALSE;
  if (recording->source == socket)
    return TRUE;
  if (exclusive && recording->source != NULL &&
      g_get_monotonic_time () - recording->source_heard < SOURCE_SECONDS * G_USEC_PER_SEC) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_BUSY,
                 "another connection is sending: in this format there can be one at a time");
    return FALSE;
  }
  *new_source = exclusive && recording->source != NULL && !socket->resumes;
  g_clear_pointer (&recording->source, ap_recording_socket_unref);
  recording->source = ap_recording_socket_ref (socket);
  return TRUE;
}

static gboolean
check_size (ApRecording *recording, gsize length, GError **error)
{
  gint64 most_mb = recording->shared->settings->max_chunk_mb;

  if (length == 0)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE, "the chunk is empty");
  else if (length > (gsize)most_mb * 1024 * 1024)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_TOO_LARGE,
                 "the chunk has %" G_GSIZE_FORMAT " bytes; at most %" G_GINT64_FORMAT " MiB are taken", length,
                 most_mb);
  else
    return TRUE;
  return FALSE;
}

static void
on_journaled (gpointer owner)
{
  ApRecording *recording = owner;

  __atomic_store_n (&recording->ticket, recording->ticket + 1, __ATOMIC_SEQ_CST);
  if (waits_for_sync (recording))
    want_sync (&recording->journal);
}

static gboolean
take (ApRecording *recording, ApRecordingSocket *socket, const guint8 *data, gsize length, GError **error)
{
  gboolean new_source, taken;

  taken = check_size (recording, length, error) && claim (recording, socket, &new_source, error) &&
          ap_recording_writer_append (recording->writer, data, length, new_source, on_journaled, recording, error);
  recording->heard = g_get_monotonic_time (); /* however long it took: others wait behind it */
  if (recording->source == socket)
    recording->source_heard = recording->heard;
  return taken;
}

/* Who is not has been told so, or will be: a chunk that is not answered is sent again. */
static gboolean
is_heard (const ApRecordingJob *job)
{
  return job->socket->admitted && !job->recording->over;
}

void
ap_recording_append_now (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;
  gsize length;
  const guint8 *bytes = g_bytes_get_data (job->chunk, &length);
  g_autoptr (GError) error = NULL;

  if (!is_heard (job)) {
    ap_count (&ap_metrics_mine ()->counts.chunks_answered, 1);
    ap_recording_socket_send (job->socket, NULL, job->cost);
    return;
  }
  if (take (recording, job->socket, bytes, length, &error)) {
    ap_recording_publish (recording);
    ap_count (&ap_metrics_mine ()->counts.chunk_bytes, length);
    ap_recording_answer (job, ap_recording_format_ack (&recording->info, length, waits_for_sync (recording)));
    return;
  }
  ap_event (G_LOG_LEVEL_DEBUG, "chunk refused", AP_LOG_TEXT ("recording", recording->info.id),
            AP_LOG_TEXT ("error", error->message));
  ap_count (&ap_metrics_mine ()->counts.chunks_refused, 1);
  ap_recording_answer (job, ap_recording_format_failure (&recording->info, error));
  if (g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE))
    ap_recording_fail (recording, error);
}

void
ap_recording_tell_status_now (gpointer data)
{
  ApRecordingJob *job = data;
  ApRecording *recording = job->recording;

  if (!is_heard (job)) {
    ap_recording_socket_send (job->socket, NULL, job->cost);
    return;
  }
  recording->heard = g_get_monotonic_time ();
  job->socket->resumes = TRUE;
  if (waits_for_sync (recording))
    want_sync (&recording->journal);
  ap_recording_answer (job, ap_recording_format_status (&recording->info, waits_for_sync (recording)));
}

/* ---- For ap-recording.c ---- */

static void
file_init (ApRecordingFile *file, ApRecording *recording, ApSyncTarget target)
{
  file->recording = recording;
  file->target = target;
  file->target.ref = hold;
  file->target.unref = release;
}

void
ap_recording_want_sync (ApRecording *recording)
{
  want_sync (&recording->wav);
  want_sync (&recording->journal);
}

void
ap_recording_files_init (ApRecording *recording)
{
  file_init (&recording->journal, recording,
             (ApSyncTarget){ .begin = begin_journal, .sync = sync_journal, .done = on_journal_synced });
  file_init (&recording->wav, recording, (ApSyncTarget){ .begin = begin_wav, .sync = sync_wav, .done = on_wav_synced });
}
