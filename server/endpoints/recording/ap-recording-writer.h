/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder-launcher.h"
#include "endpoints/recording/ap-recording-types.h"

/* A recording's files and its decoder: chunks go in, each wholly or not at all. Knows no sockets. What is in the
 * journal is the recording; the WAV is made of it, and can be made again. Every function blocks on the disk. Belongs to
 * one thread at a time, but for ap_recording_writer_sync(), _checkpoint() and _tell(). */
typedef struct _ApRecordingWriter ApRecordingWriter;

typedef struct {
  int folder_fd;
  ApDecoderLauncher *launcher;
  guint64 max_seconds;       /* no recording gets longer, in seconds of audio */
  guint max_realtime_factor; /* nor than so many times its age, and a minute, or than its bytes may be at 4 kbit/s */
  const gint *stopping;      /* (nullable): atomic: not 0: a recovery is given up, with CLOSED */
  goffset rotate_bytes;      /* a journal of raw samples is begun anew over this: they are in the WAV as they came */
} ApRecordingWriterSettings;

/* Whether the longer of its files may have so many bytes, which then count; fewer than before always may. QUOTA */
typedef gboolean (*ApRecordingClaim) (gpointer owner, guint64 bytes, GError **error);
/* The journal has something that the disk need not have yet: the chunk, or that it is not taken. */
typedef void (*ApRecordingJournaled) (gpointer owner);

/**
 * ap_recording_writer_create:
 * @settings: outlives the writer
 * @info: a new recording's. When it returns its files are there, also after a power cut
 */
ApRecordingWriter *ap_recording_writer_create (const ApRecordingWriterSettings *settings, const ApRecordingInfo *info,
                                               GError **error);

/**
 * ap_recording_writer_recover:
 * @patient: a last chunk whose decoder dies each time is no chunk that was not taken, but an error: DECODER_DIED
 * @unreadable: (out): chunks of the journal that could not be decoded again
 *
 * Reads the journal of a recording that was live at the server's end, and makes its WAV anew; one that ended completes.
 */
ApRecordingWriter *ap_recording_writer_recover (const ApRecordingWriterSettings *settings, const char *id,
                                                gboolean patient, guint *unreadable, GError **error);
/* What was not synced is left to the system. */
void ap_recording_writer_free (ApRecordingWriter *writer);

/**
 * ap_recording_writer_append:
 * @new_source: the chunk does not go on where the last one ended, because somebody else sends it
 * @journaled: called before the chunk is decoded, and again when it is not taken
 *
 * Errors: UNDECODABLE, DECODER_DIED, QUOTA, NO_SPACE: the chunk left no trace, and the recording goes on. STORAGE: it
 * does not.
 */
gboolean ap_recording_writer_append (ApRecordingWriter *writer, const guint8 *data, gsize length, gboolean new_source,
                                     ApRecordingJournaled journaled, gpointer owner, GError **error);

/* The recording as it is now; its frames are in the WAV. */
const ApRecordingInfo *ap_recording_writer_get_info (ApRecordingWriter *writer);
/* Before something is written, from now on. Not for what a decoder holds back until the end. */
void ap_recording_writer_set_claim (ApRecordingWriter *writer, ApRecordingClaim claim, gpointer owner);
guint64 ap_recording_writer_get_bytes (ApRecordingWriter *writer); /* of the longer of its files, as it is */
/* Whether a decoder keeps a state from chunk to chunk, so that only one source may send. */
gboolean ap_recording_writer_wants_one_source (ApRecordingWriter *writer);

/* From any thread, beside the others: all chunks journaled before are on the disk afterwards. An error is final. */
gboolean ap_recording_writer_sync (ApRecordingWriter *writer, GError **error);
void ap_recording_writer_sync_begins (ApRecordingWriter *writer); /* likewise, around a sync by other means */
gboolean ap_recording_writer_sync_ends (ApRecordingWriter *writer, GError **error);
/* Likewise: the WAV on the disk, and its header's sizes; or these alone, when the caller has synced so many frames. */
gboolean ap_recording_writer_checkpoint (ApRecordingWriter *writer, GError **error);
gboolean ap_recording_writer_tell (ApRecordingWriter *writer, guint64 frames, GError **error);

/* Ends the recording: no chunk can come any more, what the decoder held back comes out, and the WAV gets its final
 * form. On an error the recording is still live, except after STORAGE. */
gboolean ap_recording_writer_finish (ApRecordingWriter *writer, GError **error);

/* Its files, which nobody writes. */
gboolean ap_recording_writer_remove (int folder_fd, const char *id, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApRecordingWriter, ap_recording_writer_free)
