/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-answers.h"
#include "endpoints/recording/ap-recording.h"

/* A live recording's fields, for the files that it is made of. But for what is said otherwise they are its strand's. */

/* One of a recording's files, as the syncer knows it. */
typedef struct {
  ApSyncTarget target;
  ApRecording *recording;
} ApRecordingFile;

struct _ApRecording {
  gatomicrefcount refs;
  const ApRecordingShared *shared;
  ApStrand *strand;
  gboolean exists, over;
  GMutex lock; /* guards @info and @loaded, which others look at */
  ApRecordingInfo info;
  gboolean loaded;
  ApRecordingWriter *writer; /* NULL: not loaded */
  ApRecordingShare *share;
  GError *broken;             /* its files cannot be used; NULL: they can */
  GPtrArray *sockets;         /* of ApRecordingSocket */
  ApRecordingSocket *source;  /* who sends; may have left */
  gint64 source_heard, heard; /* monotonic, as are the next three */
  gint64 begun_at; /* when it was created: earlier than this process, perhaps, and then by the wall's clock */
  gint64 checkpoint_at, end_at; /* not before */
  gint64 decoder_died_at;       /* first, when it was to be read; 0: none has */
  gint joining, ticking;        /* atomic: jobs of these kinds that wait */
  ApRecordingAnswers *answers;
  guint64 chunks_indexed, ticket; /* ticket: of the last append; also read by sync threads */
  guint64 syncing, telling;       /* the sync thread's: the ticket, and the frames, that the sync under way covers */
  ApRecordingFile journal, wav;
};

/* Work on its way to the strand. */
typedef struct {
  ApRecording *recording;
  ApRecordingSocket *socket;
  GBytes *chunk;
  gint64 since; /* when the chunk arrived; monotonic */
  gsize cost;
  guint64 ticket;
  guint16 code;
  const char *reason;
  ApRecordingDone done;
  void (*suspended) (gpointer data);
  gpointer data;
} ApRecordingJob;

/* ap-recording.c */
/* From any thread. @about: is copied; what it refers to is freed after @func */
void ap_recording_post (ApRecording *recording, ApStrandFunc func, const ApRecordingJob *about);
/* Others may look at its figures as they are now. */
void ap_recording_publish (ApRecording *recording);
void ap_recording_put_into_index (ApRecording *recording);
/* It has ended: the index tells what it has of the disk. Of one that could not be read the head alone is known; what
 * the index has of it is younger. */
void ap_recording_put_ended_into_index (ApRecording *recording);
/* Whether its user may have so many bytes of the disk by it. */
gboolean ap_recording_claim (gpointer recording, guint64 bytes, GError **error);
void ap_recording_leave_the_living (ApRecording *recording);
/* Nothing more can be promised of it. */
void ap_recording_fail (ApRecording *recording, const GError *error);

/* ap-recording-load.c */
/* Before anything else is done with it. FALSE: it cannot be used, and the reason is what @error says. */
gboolean ap_recording_ensure_loaded (ApRecording *recording, GError **error);

/* ap-recording-chunks.c; the last two are ApStrandFuncs on jobs */
void ap_recording_files_init (ApRecording *recording);
/* Of the WAV, and of the journal too. */
void ap_recording_want_sync (ApRecording *recording);
/* @text: (transfer full): the answer to what was appended last, or to what comes after it. */
void ap_recording_answer (const ApRecordingJob *job, char *text);
void ap_recording_append_now (gpointer data);
void ap_recording_tell_status_now (gpointer data);
