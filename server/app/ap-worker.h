/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "app/ap-graphs.h"
#include "app/ap-metrics-page.h"
#include "base/ap-line-writer.h"
#include "media/ap-pipeline.h"
#include "net/ap-tokens.h"
#include "session/ap-room.h"

/* One thread with its own event loop, HTTP server, sessions and passthrough pipeline. The functions below are called
 * from the thread that made it. */
typedef struct _ApWorker ApWorker;

/* A room and its state. */
typedef struct {
  const ApRoom *room;
  gpointer state;
} ApRunningRoom;

typedef struct {
  const ApRunningRoom *rooms; /* up to one without a room */
  ApPipelineSpec pipeline;
  gsize max_frame_bytes;
  guint ping_seconds;                 /* a silent client is pinged after so long; 0: never */
  guint max_connections;              /* WebSockets at once, of all workers */
  const char *const *allowed_origins; /* see ap_http_set_allowed_origins() */
  const ApTokens *tokens;             /* NULL: no client needs one */
  ApLineWriter *frame_log;            /* NULL: none */
  ApMetricsFacts *metrics;            /* for /metrics; NULL: it is on a port of its own */
  /* For /health: the open WebSockets of all workers. From any worker's thread. */
  guint (*count_sessions) (gpointer data);
  gpointer data;
} ApWorkerSettings;

/**
 * ap_worker_new:
 * @number: from 0, for the thread's name
 * @listen_fd: (transfer full): from ap_listener_open()
 * @settings: must outlive the worker
 */
ApWorker *ap_worker_new (guint number, int listen_fd, const ApWorkerSettings *settings);
void ap_worker_free (ApWorker *worker);

/* Begins to serve, and returns when it does. Every worker that @settings' count_sessions() asks must be there by then.
 */
void ap_worker_start (ApWorker *worker);
/* Ends the thread; sessions that are left are cut off. */
void ap_worker_stop (ApWorker *worker);

/* Accepts nobody any more and closes every session with 1001. */
void ap_worker_drain (ApWorker *worker);

/* Draws its pipelines into @graphs, soon. */
void ap_worker_draw (ApWorker *worker, ApGraphs *graphs);

/* The open WebSockets. From any thread. */
guint ap_worker_count_sessions (ApWorker *worker);
