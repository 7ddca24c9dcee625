/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-line-writer.h"
#include "media/ap-pipeline.h"
#include "net/ap-poller.h"
#include "session/ap-endpoint.h"
#include "session/ap-session-registry.h"

/* One live conversation: a connection, a pipeline and an endpoint. Owns all of it and ends all of it in one place.
 * Belongs to its worker's thread. */
#define AP_TYPE_SESSION (ap_session_get_type ())
G_DECLARE_FINAL_TYPE (ApSession, ap_session, AP, SESSION, GObject)

/* What the sessions of a worker share; the worker's. */
typedef struct {
  ApPoller *poller;
  ApSessionRegistry *registry;
  const ApPipelineSpec *pipeline_spec; /* each session builds its own; without elements they share @passthrough */
  ApPipeline *passthrough;
  GPtrArray *to_submit;    /* pipelines that were pushed into during this round */
  ApSession *to_flush;     /* has output of this batch that was not sent yet */
  ApLineWriter *frame_log; /* NULL: frames are not logged */
  gsize max_frame_bytes;
  guint stall_seconds; /* a session waits no longer for its pipeline */
} ApSessionHost;

/* Makes what a host owns and sets the limits; the rest is the worker's to fill in. */
void ap_session_host_init (ApSessionHost *host);
void ap_session_host_clear (ApSessionHost *host);
/* Hands what a round of the event loop brought to the pipelines, and what came out at once to the sockets. */
void ap_session_host_end_round (ApSessionHost *host);
/* Every pipeline that lives; @session_id is 0 for the one that sessions share. */
typedef void (*ApPipelineVisitor) (ApPipeline *pipeline, guint64 session_id, gpointer data);
void ap_session_host_foreach_pipeline (ApSessionHost *host, ApPipelineVisitor func, gpointer data);
/* The passthrough pipeline of all sessions without elements of their own. */
gboolean ap_session_host_start_passthrough (ApSessionHost *host, GError **error);

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
/* Puts @length bytes into the pipeline as one buffer; results come to the endpoint's @frame. Without effect once the
 * session is closing. */
void ap_session_push (ApSession *session, const guint8 *data, gsize length);
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
