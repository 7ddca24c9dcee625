/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/files/ap-journal.h"
#include "endpoints/recording/ap-recording-writer.h"
#include "endpoints/recording/files/ap-wav-file.h"

/* A writer's fields, for the files that it is made of. */

/* Audio that may come at once, before the real-time factor counts. */
#define BURST_SECONDS 60
/* Nor does what comes as so many bytes a second or more, 4 kbit/s: the least that a codec makes of speech (Opus has 6).
 * So a file may be uploaded as fast as the line is, and a bomb makes little of much. */
#define LEAST_BYTE_RATE 500

/* A part of the stream with a decoder of its own. */
typedef struct {
  ApContainer container; /* NONE: none has begun */
  goffset offset;        /* of its first record in the journal */
  guint64 base_frames;   /* in the WAV before it */
} ApRecordingSegment;

struct _ApRecordingWriter {
  const ApRecordingWriterSettings *settings;
  ApRecordingInfo info;
  ApJournal *journal;
  GMutex journal_lock; /* held while the journal is synced, or replaced by a shorter one */
  ApWavFile *wav;
  guint64 fresh_frames; /* in the WAV, and not committed */
  ApRecordingSegment segment;
  ApDecoder *decoder;   /* of @segment; NULL: to be made anew from the journal */
  guint64 skip_frames;  /* of what comes out: they are in the WAV already */
  guint64 limit_frames; /* the WAV gets no longer now; G_MAXUINT64: nor is anything claimed */
  ApRecordingClaim claim;
  gpointer claimant;
  guint refused_in_row;  /* chunks that could not be decoded */
  guint64 rebuilt_bytes; /* that decoders were fed once more */
  guint64 lacking_bytes; /* that the last chunk wanted in the WAV when there was no room; 0: there was */
  gboolean head_refused; /* of the last file to begin: what follows is none of it, and no raw samples */
  GArray *unreadable;    /* guint64: chunks of the journal that give nothing */
  gint64 wall_us;        /* what the wall's clock was ahead of the monotonic one; 0: not looked at yet */
  goffset rotate_at;     /* the length of a journal that is begun anew */
  gboolean over;         /* ended, or broken */
  gboolean patient;      /* in a recovery: with decoders that die */
};

ApRecordingWriter *ap_recording_writer_new (const ApRecordingWriterSettings *settings);
/* Audio that the recording may have when @now_us is the time, with a chunk of @length bytes. */
guint64 ap_recording_writer_frames_allowed (ApRecordingWriter *writer, gint64 now_us, gsize length);
/* Of what had been taken: its samples are in the WAV, or none of them, and then all is as before. A decoder may die for
 * reasons of the machine's, which are none to strike it out: then another is tried. @record: NULL: what the last
 * segment holds back until its end */
gboolean ap_recording_writer_take_again (ApRecordingWriter *writer, const ApJournalRecord *record, guint64 limit_frames,
                                         GError **error);
void ap_recording_writer_count (ApRecordingWriter *writer, const ApJournalRecord *record);
/* The chunk that was appended last is struck out. FALSE: it cannot be, and nothing may follow it */
gboolean ap_recording_writer_reject (ApRecordingWriter *writer, const ApJournalRecord *record, GError **error);
/* The WAV of a recording whose journal says that it has ended; then the journal need not be long any more. */
gboolean ap_recording_writer_complete (ApRecordingWriter *writer, GError **error);
