/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/ap-pipeline.h"
#include "net/ap-message-writer.h"
#include "session/ap-endpoint.h"
#include "session/ap-session-host.h"

/* One live conversation: a connection, a pipeline and an endpoint. Owns all of it and ends all of it in one place.
 * Belongs to its worker's thread. */
#define AP_TYPE_SESSION (ap_session_get_type ())
G_DECLARE_FINAL_TYPE (ApSession, ap_session, AP, SESSION, GObject)

/**
 * ap_session_open:
 * @room: the state of the endpoint's room
 * @request: (nullable): the handshake's
 * @fd: (transfer full): the socket after the handshake
 * @early: (nullable): bytes that came with the handshake
 *
 * Begins a session; from here on it lives by itself.
 */
void ap_session_open (ApSessionHost *host, const ApEndpoint *endpoint, gpointer room, ApHttpRequest *request, int fd,
                      GBytes *early);

/* Unique in the process. */
guint64 ap_session_get_id (ApSession *session);
ApSessionHost *ap_session_get_host (ApSession *session);

/* For endpoints. */

gpointer ap_session_get_state (ApSession *session);
gpointer ap_session_get_room (ApSession *session);
/* The handshake's: path, query, headers, peer. In @open only. */
ApHttpRequest *ap_session_get_request (ApSession *session);
/* The pipeline of an endpoint with @own_pipeline, instead of the one that it had: what was in that is gone, and so is
 * what its elements remember. Errors: AP_ERROR_CONFIG with GStreamer's reason. */
gboolean ap_session_set_pipeline (ApSession *session, const ApPipelineSpec *spec, GError **error);
/* Puts @length bytes into the pipeline as one buffer; results come to the endpoint's @frame. Without effect once the
 * session is closing. Returns: FALSE: it is; where the pipeline failed, the endpoint's state may be gone already. */
gboolean ap_session_push (ApSession *session, const guint8 *data, gsize length);
/* Sends one message. Sent text is UTF-8. */
void ap_session_send (ApSession *session, ApOpcode opcode, const guint8 *data, gsize length);
/* What the endpoint has under way elsewhere for this session, such as on its way to a disk: counts as if it were in the
 * pipeline, so that the client is not read while it is too much, and the close frame waits for it. A session without a
 * pipeline is not ended because it takes long, unless its close waits for it. @bytes: more, or less than none: done */
void ap_session_add_pending (ApSession *session, gssize bytes);
/* Bytes sent that the socket has not taken: more than the peer reads. */
gsize ap_session_get_queued_bytes (ApSession *session);
/* Sends a buffer as one binary message. */
void ap_session_send_buffer (ApSession *session, GstBuffer *buffer);
/* Interruptions of what came, and frames that never go out. */
void ap_session_count_loss (ApSession *session, guint64 gaps, guint64 dropped);
/* One line a frame on stdout, unless that is switched off. */
void ap_session_log_frame (ApSession *session, gsize length);

/**
 * ap_session_close:
 * @code: a code of RFC 6455, section 7.4.1
 * @reason: for the peer and the log
 *
 * What is in the pipeline still comes out and is sent, then the close frame. Only the first call has an effect.
 */
void ap_session_close (ApSession *session, guint16 code, const char *reason);
/* Ends it now, without a word to the peer. */
void ap_session_abort (ApSession *session, const char *reason);
