/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Chunks of one recording on their way to the disk: journal first, then decoder, then WAV. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-writer-private.h"

#include "base/ap-log.h"
#include "endpoints/recording/decoder/ap-container.h"
#include "endpoints/recording/files/ap-storage-file.h"

#include <string.h>

/* After so many refusals MP3 and ADTS, which may begin anywhere, begin anew: garbage that had been taken as a beginning
 * is not to refuse for ever what comes after it. */
#define REFUSALS_IN_ROW 3
/* Each refusal in a compressed format costs reading the current file once more. All of that together is no more than so
 * many times what was sent, and so many bytes. */
#define REBUILD_FACTOR 4
#define REBUILD_BYTES  (16 * 1024 * 1024)
/* How often what is in the journal may bring its decoder down before it is held to be its own doing. */
#define DECODER_TRIES 3

static guint
frame_bytes (ApRecordingWriter *writer)
{
  return writer->info.channels * 2;
}

static guint64
position (ApRecordingWriter *writer)
{
  return ap_wav_file_get_frames (writer->wav) + writer->fresh_frames;
}

static void
commit (ApRecordingWriter *writer)
{
  ap_wav_file_commit (writer->wav);
  writer->fresh_frames = 0;
  writer->info.frames = ap_wav_file_get_frames (writer->wav);
}

static void
roll_back (ApRecordingWriter *writer)
{
  ap_wav_file_roll_back (writer->wav);
  writer->fresh_frames = 0;
}

/* ---- Room on the disk ---- */

/* A journal may be longer than the WAV: by tags, by what a decoder leaves out. */
static guint64
longer_file (ApRecordingWriter *writer, guint64 more_journal, guint64 frames)
{
  return MAX ((guint64)ap_journal_get_length (writer->journal) + more_journal, frames * frame_bytes (writer));
}

static gboolean
claim_room (ApRecordingWriter *writer, guint64 more_journal, guint64 frames, GError **error)
{
  return writer->claim == NULL || writer->claim (writer->claimant, longer_file (writer, more_journal, frames), error);
}

/* ---- The decoder ---- */

static gboolean
on_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  ApRecordingWriter *writer = owner;
  guint64 frames = length / frame_bytes (writer);
  guint64 skipped = MIN (frames, writer->skip_frames);

  writer->skip_frames -= skipped;
  frames -= skipped;
  if (frames == 0)
    return TRUE;
  if (position (writer) + frames > writer->limit_frames) {
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA,
                 "more audio than a recording may have; the server's settings say how much");
    return FALSE;
  }
  if (writer->limit_frames != G_MAXUINT64 && !claim_room (writer, 0, position (writer) + frames, error))
    return FALSE;
  writer->fresh_frames += frames;
  return ap_wav_file_write (writer->wav, data + skipped * frame_bytes (writer), frames * frame_bytes (writer), error);
}

static gboolean
open_decoder (ApRecordingWriter *writer, ApContainer container, GError **error)
{
  const ApDecoderSpec spec = { container, writer->info.sample_rate, writer->info.channels };

  writer->decoder = ap_decoder_launcher_open (writer->settings->launcher, &spec, on_pcm, writer, error);
  return writer->decoder != NULL;
}

/* Audio that the recording may have when @now_us is the time, with a chunk of @length bytes. */
guint64
ap_recording_writer_frames_allowed (ApRecordingWriter *writer, gint64 now_us, gsize length)
{
  guint64 passed_ms = (guint64)MAX (now_us - writer->info.created_us, 0) / 1000;
  guint64 of_time = passed_ms * writer->settings->max_realtime_factor / 1000;
  guint64 of_bytes = (writer->info.bytes_received + length) / LEAST_BYTE_RATE;
  guint64 seconds = MAX (of_time, of_bytes) + BURST_SECONDS;

  return MIN (seconds, writer->settings->max_seconds) * writer->info.sample_rate;
}

static gboolean
is_unreadable (ApRecordingWriter *writer, guint64 seq)
{
  for (guint i = 0; i < writer->unreadable->len; i++)
    if (g_array_index (writer->unreadable, guint64, i) == seq)
      return TRUE;
  return FALSE;
}

typedef struct {
  ApRecordingWriter *writer;
  guint64 until; /* seq: the first record that is not fed */
} Rebuild;

static gboolean
feed_again (const ApJournalRecord *record, gpointer data, GError **error)
{
  Rebuild *rebuild = data;

  if (record->seq >= rebuild->until || is_unreadable (rebuild->writer, record->seq))
    return TRUE;
  if (rebuild->writer->lacking_bytes == 0) /* a full disk is not held against who sends */
    rebuild->writer->rebuilt_bytes += record->length;
  return ap_decoder_feed (rebuild->writer->decoder, record->data, record->length, error);
}

/* The decoder of the current segment, as all chunks before @until have left it. */
static gboolean
ensure_decoder (ApRecordingWriter *writer, guint64 until, GError **error)
{
  Rebuild rebuild = { writer, until };
  const ApJournalHeader *header = ap_journal_get_header (writer->journal);
  gboolean fed = TRUE;

  if (writer->decoder != NULL)
    return TRUE;
  if (!open_decoder (writer, writer->segment.container, error))
    return FALSE;
  writer->limit_frames = G_MAXUINT64;
  writer->skip_frames = ap_wav_file_get_frames (writer->wav) - writer->segment.base_frames;
  if (writer->segment.offset == 0 && header->carry_length > 0)
    fed = ap_decoder_feed (writer->decoder, header->carry, header->carry_length, error);
  if (fed && ap_journal_replay (writer->journal, writer->segment.offset, feed_again, &rebuild, error))
    return TRUE;
  g_clear_pointer (&writer->decoder, ap_decoder_free);
  return FALSE;
}

/* What the segment's decoder still holds. Bytes at its end that were no audio are no reason to refuse what follows. */
static gboolean
end_segment (ApRecordingWriter *writer, guint64 until, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (writer->segment.container == AP_CONTAINER_NONE)
    return TRUE;
  if (!ensure_decoder (writer, until, error))
    return FALSE;
  writer->limit_frames = G_MAXUINT64;
  if (!ap_decoder_finish (writer->decoder, &reason) &&
      !g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE)) {
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  g_clear_pointer (&writer->decoder, ap_decoder_free);
  return TRUE;
}

static gboolean
begin_segment (ApRecordingWriter *writer, const ApJournalRecord *record, GError **error)
{
  if (!end_segment (writer, record->seq, error))
    return FALSE;
  writer->skip_frames = 0;
  writer->segment = (ApRecordingSegment){ record->container, record->offset, position (writer) };
  return open_decoder (writer, record->container, error);
}

static gboolean
decode (ApRecordingWriter *writer, const ApJournalRecord *record, guint64 limit_frames, GError **error)
{
  gboolean begins;

  if (record == NULL)
    return end_segment (writer, G_MAXUINT64, error);
  /* Behind damage the container may be another without a beginning that could be read. */
  begins = (record->flags & AP_JOURNAL_BEGINS) != 0 || record->container != writer->segment.container;
  if (begins && !begin_segment (writer, record, error))
    return FALSE;
  if (!begins && !ensure_decoder (writer, record->seq, error))
    return FALSE;
  writer->limit_frames = limit_frames;
  return ap_decoder_feed (writer->decoder, record->data, record->length, error);
}

/* Its samples are in the WAV, or none of them, and then all is as before. @record: NULL: what is held back until the
 * end */
static gboolean
take (ApRecordingWriter *writer, const ApJournalRecord *record, guint64 limit_frames, GError **error)
{
  const ApRecordingSegment before = writer->segment;
  g_autoptr (GError) reason = NULL;

  if (decode (writer, record, limit_frames, &reason)) {
    commit (writer);
    writer->lacking_bytes = 0;
    return TRUE;
  }
  writer->lacking_bytes = g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE)
                              ? writer->fresh_frames * frame_bytes (writer)
                              : 0;
  roll_back (writer);
  g_clear_pointer (&writer->decoder, ap_decoder_free);
  writer->segment = before;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

gboolean
ap_recording_writer_take_again (ApRecordingWriter *writer, const ApJournalRecord *record, guint64 limit_frames,
                                GError **error)
{
  g_autoptr (GError) reason = NULL;

  for (guint i = 0; i < DECODER_TRIES; i++) {
    g_clear_error (&reason);
    if (take (writer, record, limit_frames, &reason))
      return TRUE;
    if (!g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED))
      break;
  }
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

void
ap_recording_writer_count (ApRecordingWriter *writer, const ApJournalRecord *record)
{
  writer->info.total_chunks += MAX (record->lost, 1);
  writer->info.damaged_chunks += record->lost;
  writer->info.bytes_received += record->length;
  writer->info.updated_us = record->time_us;
}

/* ---- The beginning ---- */

ApRecordingWriter *
ap_recording_writer_new (const ApRecordingWriterSettings *settings)
{
  ApRecordingWriter *writer = g_new0 (ApRecordingWriter, 1);

  writer->settings = settings;
  writer->rotate_at = settings->rotate_bytes;
  writer->unreadable = g_array_new (FALSE, FALSE, sizeof (guint64));
  g_mutex_init (&writer->journal_lock);
  return writer;
}

void
ap_recording_writer_free (ApRecordingWriter *writer)
{
  g_clear_pointer (&writer->decoder, ap_decoder_free);
  g_clear_pointer (&writer->journal, ap_journal_free);
  g_clear_pointer (&writer->wav, ap_wav_file_free);
  g_array_unref (writer->unreadable);
  ap_recording_info_clear (&writer->info);
  g_mutex_clear (&writer->journal_lock);
  g_free (writer);
}

ApRecordingWriter *
ap_recording_writer_create (const ApRecordingWriterSettings *settings, const ApRecordingInfo *info, GError **error)
{
  g_autoptr (ApRecordingWriter) writer = ap_recording_writer_new (settings);
  ApJournalHeader header = { .info = *info };

  ap_recording_info_copy (&writer->info, info);
  writer->journal = ap_journal_create (settings->folder_fd, &header, error);
  if (writer->journal == NULL)
    return NULL;
  writer->wav = ap_wav_file_create (settings->folder_fd, info->id, info->sample_rate, info->channels, error);
  if (writer->wav == NULL || !ap_storage_sync (settings->folder_fd, error)) {
    ap_recording_writer_remove (settings->folder_fd, info->id, NULL);
    return NULL;
  }
  return g_steal_pointer (&writer);
}

/* ---- Chunks ---- */

static gboolean
refuse_hopeless (ApRecordingWriter *writer, GError **error)
{
  if (writer->decoder != NULL || writer->segment.container == AP_CONTAINER_NONE || writer->lacking_bytes > 0 ||
      writer->rebuilt_bytes <= REBUILD_FACTOR * writer->info.bytes_received + REBUILD_BYTES)
    return FALSE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
               "too much of this session could not be decoded: close it, and begin another");
  return TRUE;
}

/* What follows the refused head of a file would be recorded as raw samples. */
static gboolean
refuse_headless (ApRecordingWriter *writer, ApContainer begins, GError **error)
{
  if (!writer->head_refused || begins != AP_CONTAINER_PCM)
    return FALSE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE,
               "this belongs to a file that cannot be decoded; a new one may follow it");
  return TRUE;
}

/* Without this, each chunk on a full disk would cost reading the current file once more. */
static gboolean
refuse_for_room (ApRecordingWriter *writer, GError **error)
{
  return writer->lacking_bytes > 0 && !ap_wav_file_make_room (writer->wav, writer->lacking_bytes, error);
}

static gboolean
identify (ApRecordingWriter *writer, ApJournalRecord *record, gboolean new_source, GError **error)
{
  gboolean headless = writer->segment.container == AP_CONTAINER_MP3 || writer->segment.container == AP_CONTAINER_ADTS;
  gboolean anew = headless && (new_source || writer->refused_in_row >= REFUSALS_IN_ROW);
  ApContainer current = anew ? AP_CONTAINER_NONE : writer->segment.container;
  g_autoptr (GError) reason = NULL;
  ApContainer begins = ap_container_detect (writer->info.format, current, record->data, record->length, &reason);

  if (reason != NULL) {
    writer->head_refused = TRUE;
    g_propagate_error (error, g_steal_pointer (&reason));
    return FALSE;
  }
  if (refuse_headless (writer, begins, error))
    return FALSE;
  record->container = begins != AP_CONTAINER_NONE ? begins : writer->segment.container;
  if (begins != AP_CONTAINER_NONE)
    record->flags |= AP_JOURNAL_BEGINS;
  return TRUE;
}

static gboolean
compact (ApRecordingWriter *writer, const ApJournalHeader *header, gboolean end, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->journal_lock);

  return ap_journal_compact (writer->journal, writer->settings->folder_fd, header, end, error);
}

/* Raw samples need no journal once they are in the WAV. If it cannot be begun anew it goes on as it is: the chunk that
 * was taken stays taken. */
static void
rotate (ApRecordingWriter *writer)
{
  ApJournalHeader header = { .info = writer->info };
  guint8 carry[AP_DECODER_MAX_CARRY];
  g_autoptr (GError) error = NULL;

  if (writer->segment.container != AP_CONTAINER_PCM || writer->decoder == NULL ||
      ap_journal_get_length (writer->journal) < writer->rotate_at)
    return;
  header.carry_length = (guint)ap_decoder_get_carry (writer->decoder, carry);
  memcpy (header.carry, carry, header.carry_length); /* less than a frame, which has 4 bytes at most */
  if (ap_wav_file_checkpoint (writer->wav, &error) && compact (writer, &header, FALSE, &error)) {
    writer->segment = (ApRecordingSegment){ AP_CONTAINER_PCM, 0, writer->info.frames };
    writer->rotate_at = writer->settings->rotate_bytes;
    return;
  }
  writer->rotate_at += writer->settings->rotate_bytes;
  ap_warning ("%s: its journal gets longer than it need be: %s", writer->info.id, error->message);
}

/* The chunk that was appended last is to be passed over. FALSE: the journal cannot say so, and so nothing may come
 * behind it: a recovery finds out for itself about what is last. */
gboolean
ap_recording_writer_reject (ApRecordingWriter *writer, const ApJournalRecord *record, GError **error)
{
  const ApJournalRecord rejection = { .type = AP_JOURNAL_REJECT, .seq = record->seq, .time_us = record->time_us };
  g_autoptr (GError) reason = NULL;

  if (ap_journal_append (writer->journal, &rejection, &reason))
    return TRUE;
  writer->over = TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "a chunk cannot be taken back: %s",
               reason->message);
  return FALSE;
}

/* A clock that is set does not give time to a recording, nor take any: the wall's is looked at once. */
static gint64
get_time (ApRecordingWriter *writer)
{
  if (writer->wall_us == 0)
    writer->wall_us = MAX (g_get_real_time (), writer->info.updated_us) - g_get_monotonic_time ();
  return writer->wall_us + g_get_monotonic_time ();
}

static gboolean
refuse_over (ApRecordingWriter *writer, GError **error)
{
  if (writer->over)
    g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED, "the recording has ended");
  return writer->over;
}

static gboolean
append (ApRecordingWriter *writer, const guint8 *data, gsize length, gboolean new_source,
        ApRecordingJournaled journaled, gpointer owner, GError **error)
{
  ApJournalRecord record = { .type = AP_JOURNAL_CHUNK,
                             .seq = ap_journal_get_totals (writer->journal).last_seq + 1,
                             .time_us = get_time (writer),
                             .offset = ap_journal_get_length (writer->journal),
                             .data = data,
                             .length = length };
  g_autoptr (GError) reason = NULL;

  if (refuse_over (writer, error) || refuse_hopeless (writer, error) || refuse_for_room (writer, error) ||
      !claim_room (writer, AP_JOURNAL_HEAD_LENGTH + length, writer->info.frames, error) ||
      !identify (writer, &record, new_source, error) || !ap_journal_append (writer->journal, &record, error))
    return FALSE;
  journaled (owner);
  if (!take (writer, &record, ap_recording_writer_frames_allowed (writer, record.time_us, length), &reason)) {
    writer->refused_in_row += g_error_matches (reason, AP_RECORDING_ERROR, AP_RECORDING_ERROR_UNDECODABLE);
    writer->head_refused |= (record.flags & AP_JOURNAL_BEGINS) != 0 && record.container == AP_CONTAINER_WAV;
    if (ap_recording_writer_reject (writer, &record, error))
      g_propagate_error (error, g_steal_pointer (&reason));
    journaled (owner);
    return FALSE;
  }
  writer->refused_in_row = 0;
  writer->head_refused = FALSE;
  ap_recording_writer_count (writer, &record);
  rotate (writer);
  return TRUE;
}

gboolean
ap_recording_writer_append (ApRecordingWriter *writer, const guint8 *data, gsize length, gboolean new_source,
                            ApRecordingJournaled journaled, gpointer owner, GError **error)
{
  gboolean taken = append (writer, data, length, new_source, journaled, owner, error);

  claim_room (writer, 0, writer->info.frames, NULL); /* what was not needed is given back */
  return taken;
}

const ApRecordingInfo *
ap_recording_writer_get_info (ApRecordingWriter *writer)
{
  return &writer->info;
}

void
ap_recording_writer_set_claim (ApRecordingWriter *writer, ApRecordingClaim claim, gpointer owner)
{
  writer->claim = claim;
  writer->claimant = owner;
}

guint64
ap_recording_writer_get_bytes (ApRecordingWriter *writer)
{
  return longer_file (writer, 0, writer->info.frames);
}

gboolean
ap_recording_writer_wants_one_source (ApRecordingWriter *writer)
{
  return writer->segment.container != AP_CONTAINER_NONE && writer->segment.container != AP_CONTAINER_PCM;
}

gboolean
ap_recording_writer_sync (ApRecordingWriter *writer, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&writer->journal_lock);

  return ap_journal_sync (writer->journal, error);
}

void
ap_recording_writer_sync_begins (ApRecordingWriter *writer)
{
  ap_journal_sync_begins (writer->journal);
}

gboolean
ap_recording_writer_sync_ends (ApRecordingWriter *writer, GError **error)
{
  return ap_journal_sync_ends (writer->journal, error);
}

gboolean
ap_recording_writer_checkpoint (ApRecordingWriter *writer, GError **error)
{
  return ap_wav_file_checkpoint (writer->wav, error);
}

gboolean
ap_recording_writer_tell (ApRecordingWriter *writer, guint64 frames, GError **error)
{
  return ap_wav_file_tell (writer->wav, frames, error);
}

/* ---- The end ---- */

/* The WAV of a recording whose journal says that it has ended; then the journal need not be long any more. */
gboolean
ap_recording_writer_complete (ApRecordingWriter *writer, GError **error)
{
  ApJournalHeader header = { 0 };
  g_autoptr (GError) reason = NULL;

  ap_wav_file_use_reserve (writer->wav);
  ap_recording_writer_take_again (writer, NULL, G_MAXUINT64, &reason);
  writer->segment.container = AP_CONTAINER_NONE;
  writer->info.status = AP_RECORDING_COMPLETED;
  if (!ap_wav_file_finish (writer->wav, error))
    return FALSE;
  if (reason != NULL) { /* the journal stays, for another try */
    ap_warning ("%s: the end of the audio could not be written: %s", writer->info.id, reason->message);
    return TRUE;
  }
  header.info = writer->info;
  if (!compact (writer, &header, TRUE, &reason))
    ap_warning ("%s: its journal stays as long as it is: %s", writer->info.id, reason->message);
  return TRUE;
}

gboolean
ap_recording_writer_finish (ApRecordingWriter *writer, GError **error)
{
  const ApJournalRecord record = { .type = AP_JOURNAL_END,
                                   .seq = ap_journal_get_totals (writer->journal).last_seq,
                                   .time_us = get_time (writer) };
  g_autoptr (GError) reason = NULL;

  if (refuse_over (writer, error) || !ap_journal_append (writer->journal, &record, error))
    return FALSE;
  writer->over = TRUE;
  writer->info.completed_us = writer->info.updated_us = record.time_us;
  if (ap_recording_writer_sync (writer, &reason) && ap_recording_writer_complete (writer, &reason))
    return TRUE;
  /* Whatever the reason: the journal has the end, so that it cannot go on. */
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE, "%s", reason->message);
  return FALSE;
}

gboolean
ap_recording_writer_remove (int folder_fd, const char *id, GError **error)
{
  /* The journal last, by which the rest is known. */
  return ap_storage_remove (folder_fd, id, AP_STORAGE_JOURNAL_DAMAGED, error) &&
         ap_storage_remove (folder_fd, id, AP_STORAGE_WAV, error) &&
         ap_storage_remove (folder_fd, id, AP_STORAGE_JOURNAL, error) && ap_storage_sync (folder_fd, error);
}
