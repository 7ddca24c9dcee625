/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A recording that was live when the server ended: its WAV is made anew of its journal. */
#define G_LOG_DOMAIN "recording"

#include "base/ap-log.h"
#include "endpoints/recording/ap-recording-writer-private.h"

static gboolean
is_last (ApRecordingWriter *writer, const ApJournalRecord *record)
{
  return record->offset + AP_JOURNAL_HEAD_LENGTH + (goffset)record->length >= ap_journal_get_length (writer->journal);
}

/* A chunk that gives nothing now. The last may have been refused the first time, before that was on the disk. One that
 * was acknowledged stays and counts; and where the reason is not in its bytes, the recording is left as it is. Nor need
 * it be where a decoder dies: whether the last chunk had been taken nobody knows, and so that is the last resort. */
static gboolean
pass_over (ApRecordingWriter *writer, const ApJournalRecord *record, GError *reason, GError **error)
{
  gboolean undecodable = g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
  gboolean died = g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  gboolean refusable = undecodable || (died && !writer->patient) ||
                       g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);

  if (refusable && is_last (writer, record))
    return ap_recording_writer_reject (writer, record, error);
  if (!undecodable) {
    g_propagate_error (error, g_error_copy (reason));
    return FALSE;
  }
  if (record->lost == 0) /* of what is lost there is a line already */
    ap_warning ("%s: chunk %" G_GUINT64_FORMAT " gives no audio any more: %s", writer->info.id, record->seq,
                reason->message);
  g_array_append_val (writer->unreadable, record->seq);
  ap_recording_writer_count (writer, record);
  return TRUE;
}

/* What has a chunk behind it was within the limits when it came, whatever they are now. Of the last that is not known:
 * it gets the time that anything may have. */
static guint64
limit_again (ApRecordingWriter *writer, const ApJournalRecord *record)
{
  guint64 burst = (guint64)BURST_SECONDS * writer->info.sample_rate;

  return is_last (writer, record) ? MAX (ap_recording_writer_frames_allowed (writer, record->time_us, record->length),
                                         writer->info.frames + burst)
                                  : G_MAXUINT64;
}

static gboolean
refuse_stopping (ApRecordingWriter *writer, GError **error)
{
  const gint *stopping = writer->settings->stopping;

  if (stopping == NULL || g_atomic_int_get (stopping) == 0)
    return FALSE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED, "the server ends");
  return TRUE;
}

static gboolean
take_again (const ApJournalRecord *record, gpointer data, GError **error)
{
  ApRecordingWriter *writer = data;
  g_autoptr (GError) reason = NULL;

  if (refuse_stopping (writer, error))
    return FALSE;
  if (record->length == 0 && record->lost == 0) /* what a power cut left of a rejection */
    return ap_recording_writer_reject (writer, record, error);
  if (!ap_recording_writer_take_again (writer, record, limit_again (writer, record), &reason))
    return !refuse_stopping (writer, error) && pass_over (writer, record, reason, error);
  ap_recording_writer_count (writer, record);
  return TRUE;
}

/* Once, however many there are. */
static void
tell_of_damage (ApRecordingWriter *writer)
{
  const ApJournalDamage damage = ap_journal_get_damage (writer->journal);

  if (damage.places > 0)
    ap_event (G_LOG_LEVEL_WARNING, "the disk has lost a part of a journal: silence or a gap is in its place",
              AP_LOG_TEXT ("recording", writer->info.id), AP_LOG_NUMBER ("damaged_chunks", damage.chunks),
              AP_LOG_NUMBER ("damaged_bytes", damage.bytes), AP_LOG_NUMBER ("places", damage.places),
              AP_LOG_NUMBER ("first_offset", (guint64)damage.offset));
}

static gboolean
recover (ApRecordingWriter *writer, GError **error)
{
  const ApJournalHeader *header = ap_journal_get_header (writer->journal);
  const ApRecordingInfo *info = &header->info;
  const ApJournalTotals totals = ap_journal_get_totals (writer->journal);

  ap_recording_info_copy (&writer->info, info);
  writer->over = totals.ended;
  tell_of_damage (writer);
  if (info->status == AP_RECORDING_COMPLETED)
    return TRUE;
  writer->wav =
      ap_wav_file_open (writer->settings->folder_fd, info->id, info->sample_rate, info->channels, info->frames, error);
  if (writer->wav == NULL)
    return FALSE;
  if (info->total_chunks > 0) /* begun anew: see rotate() */
    writer->segment = (ApRecordingSegment){ AP_CONTAINER_PCM, 0, info->frames };
  if (!ap_journal_replay (writer->journal, 0, take_again, writer, error))
    return FALSE;
  writer->info.updated_us = totals.time_us;
  if (!totals.ended)
    return ap_wav_file_checkpoint (writer->wav, error);
  writer->info.completed_us = totals.time_us;
  return ap_recording_writer_complete (writer, error);
}

ApRecordingWriter *
ap_recording_writer_recover (const ApRecordingWriterSettings *settings, const char *id, gboolean patient,
                             guint *unreadable, GError **error)
{
  g_autoptr (ApRecordingWriter) writer = ap_recording_writer_new (settings);

  writer->patient = patient;
  writer->journal = ap_journal_open (settings->folder_fd, id, error);
  if (writer->journal == NULL || !recover (writer, error))
    return NULL;
  *unreadable = writer->unreadable->len;
  return g_steal_pointer (&writer);
}
