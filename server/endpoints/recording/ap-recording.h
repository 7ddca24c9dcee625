/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-strand.h"
#include "endpoints/recording/ap-recording-index.h"
#include "endpoints/recording/ap-recording-settings.h"
#include "endpoints/recording/ap-recording-share.h"
#include "endpoints/recording/ap-recording-socket.h"
#include "endpoints/recording/ap-recording-store.h"
#include "endpoints/recording/ap-recording-writer.h"
#include "endpoints/recording/files/ap-syncer.h"

/* A live recording: its sockets, and its files behind a writer. Its work is done on a strand of its own, in the order
 * in which it was asked for, so that it needs no locks and no worker waits for a disk. Functions may be called from any
 * thread, unless they say otherwise. */
typedef struct _ApRecording ApRecording;

/* What all recordings share. Outlives them. */
typedef struct {
  const ApRecordingSettings *settings;
  ApRecordingWriterSettings writer;
  ApStrandPool *pool;
  ApSyncer *syncer;
  ApRecordingIndex *index;
  ApRecordingShares *shares;

  /* These are called on the recording's strand. */
  /* Whether a new one may begin; the storage is made ready. */
  gboolean (*admit) (gpointer owner, GError **error);
  /* Whether there are files of any recording now. */
  gboolean (*reachable) (gpointer owner, GError **error);
  /* Something is wrong with the files of one: whether all files have gone, and it is about to be dropped. */
  gboolean (*gone) (gpointer owner, ApRecording *recording);
  /* It is not live any more. */
  void (*ended) (gpointer owner, ApRecording *recording);
  gpointer owner;
} ApRecordingShared;

/* @exists: there are files of it, which are read when it is first needed; else they are made with the first socket. */
ApRecording *ap_recording_new (const ApRecordingShared *shared, const ApRecordingInfo *info, gboolean exists);
ApRecording *ap_recording_ref (ApRecording *recording);
void ap_recording_unref (ApRecording *recording);

const char *ap_recording_get_id (ApRecording *recording);
const char *ap_recording_get_user (ApRecording *recording);
/* Its files have so many bytes, as far as is known: before anybody else has it. May wait for the index. */
void ap_recording_count (ApRecording *recording, guint64 bytes);
/* Whether it began with files. */
gboolean ap_recording_exists (ApRecording *recording);
/* Its figures as of now; FALSE while it has not been read, when they are those of its beginning. */
gboolean ap_recording_look (ApRecording *recording, ApRecordingInfo *info);

/* As its manner is; one too many is closed. What a socket sends counts when it has been let in, and until another takes
 * its place. FALSE: as many as may be are waiting to be let in; it is not, and nothing it sends is to be appended. */
gboolean ap_recording_join (ApRecording *recording, ApRecordingSocket *socket);
void ap_recording_leave (ApRecording *recording, ApRecordingSocket *socket);
/* @cost: what is no longer pending when it is answered */
void ap_recording_append (ApRecording *recording, ApRecordingSocket *socket, GBytes *chunk, gsize cost);
void ap_recording_tell_status (ApRecording *recording, ApRecordingSocket *socket, gsize cost);

/* On the strand @done is called. */
void ap_recording_end (ApRecording *recording, ApRecordingDone done, gpointer data);
/* The same for a client, who is told if it cannot be. @cost: as above */
void ap_recording_end_for (ApRecording *recording, ApRecordingSocket *socket, gsize cost);
/* Ends it without a WAV: its files are removed. */
void ap_recording_discard (ApRecording *recording, ApRecordingDone done, gpointer data);
/* Reads its files, if that has not been done. */
void ap_recording_load (ApRecording *recording, ApRecordingDone done, gpointer data);
/* Now and then: it ends when nobody has used it for long, and what the disk and the index have of it is brought up to
 * date. Without effect while the last one waits. */
void ap_recording_tick (ApRecording *recording);
/* Its files cannot be reached any more: its sockets are closed. It is nobody's any more when it has no other reference;
 * another is made for the files when they are back. */
void ap_recording_drop (ApRecording *recording);
gboolean ap_recording_is_unused (ApRecording *recording);
/* The last of it in this process: it can be gone on with in the next. */
void ap_recording_suspend (ApRecording *recording, void (*done) (gpointer data), gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApRecording, ap_recording_unref)
