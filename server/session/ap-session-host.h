/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-line-writer.h"
#include "base/ap-timers.h"
#include "media/ap-pipeline.h"
#include "net/ap-poller.h"
#include "session/ap-session-registry.h"

/* What the sessions of a worker share; the worker's. */
typedef struct {
  ApPoller *poller;
  ApTimers *timers; /* of sessions and connections; what rings may send, and it goes out with the round */
  ApSessionRegistry *registry;
  const ApPipelineSpec *pipeline_spec; /* each session builds its own; without elements they share @passthrough */
  ApPipeline *passthrough;
  GPtrArray *to_submit;    /* pipelines that were pushed into during this round */
  ApSession *to_flush;     /* has output of this batch that was not sent yet */
  ApLineWriter *frame_log; /* NULL: frames are not logged */
  gsize max_frame_bytes;
  guint ping_seconds;         /* a silent client is pinged after so long; 0: never */
  guint stall_seconds;        /* a session waits no longer for its pipeline */
  guint output_stall_seconds; /* nor for a client to take some of what waits for it */
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
