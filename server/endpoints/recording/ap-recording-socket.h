/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "session/ap-session-handle.h"

/* How a client comes to a recording. */
typedef enum {
  AP_RECORDING_CREATES, /* is greeted */
  AP_RECORDING_JOINS,
  AP_RECORDING_RESUMES, /* takes the place of all others, and is told where to go on */
} ApRecordingManner;

/* A client of a recording as the recording's strand knows it: a way to answer to it, wherever its worker is. */
typedef struct {
  gatomicrefcount refs;
  ApSessionHandle *session;
  ApRecordingManner manner;
  /* The strand's: */
  gboolean admitted; /* what comes from it counts */
  gboolean resumes;  /* has asked where to go on */
} ApRecordingSocket;

/* On the session's worker. */
ApRecordingSocket *ap_recording_socket_new (ApSession *session, ApRecordingManner manner);
/* From any thread. */
ApRecordingSocket *ap_recording_socket_ref (ApRecordingSocket *socket);
void ap_recording_socket_unref (ApRecordingSocket *socket);

/**
 * ap_recording_socket_send:
 * @text: (transfer full) (nullable): one message; NULL: none
 * @done: bytes of what the client sent that are no longer pending, see ap_session_add_pending()
 *
 * From any thread; messages arrive in the order of the calls.
 */
void ap_recording_socket_send (ApRecordingSocket *socket, char *text, gsize done);
/* Likewise. @reason: a literal */
void ap_recording_socket_close (ApRecordingSocket *socket, guint16 code, const char *reason);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApRecordingSocket, ap_recording_socket_unref)
