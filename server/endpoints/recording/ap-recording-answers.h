/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-socket.h"

/* Answers that wait until the disk has what they promise, in order. Each has a ticket: the number of the append that it
 * comes after. Belongs to a recording's strand. */
typedef struct _ApRecordingAnswers ApRecordingAnswers;

ApRecordingAnswers *ap_recording_answers_new (void);
/* What waits is dropped: it was not promised. */
void ap_recording_answers_free (ApRecordingAnswers *answers);

/* @text: (transfer full); @done: see ap_recording_socket_send(); @since: when what is answered arrived, for the metrics
 * of chunks; 0: it is none. Goes at once if all up to @ticket is on the disk. */
void ap_recording_answers_add (ApRecordingAnswers *answers, ApRecordingSocket *socket, guint64 ticket, char *text,
                               gsize done, gint64 since);
/* All up to @ticket is on the disk. */
void ap_recording_answers_release (ApRecordingAnswers *answers, guint64 ticket);

/* Whether somebody has not been told yet. */
gboolean ap_recording_answers_wait (const ApRecordingAnswers *answers);

/* What waits will not become true, and is not told. */
void ap_recording_answers_drop (ApRecordingAnswers *answers);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApRecordingAnswers, ap_recording_answers_free)
