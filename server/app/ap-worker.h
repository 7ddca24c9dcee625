/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-line-writer.h"
#include "media/ap-pipeline.h"

/* One thread with its own event loop, HTTP server, sessions and passthrough pipeline. The functions below are called
 * from the thread that made it. */
typedef struct _ApWorker ApWorker;

typedef struct {
  ApPipelineSpec pipeline;
  gsize max_frame_bytes;
  ApLineWriter *frame_log; /* NULL: none */
  /* For /health: the open WebSockets of all workers. From any worker's thread. */
  guint (*count_sessions) (gpointer data);
  gpointer data;
} ApWorkerSettings;

/**
 * ap_worker_new:
 * @listen_fd: (transfer full): from ap_listener_open()
 * @settings: must outlive the worker
 */
ApWorker *ap_worker_new (guint number, int listen_fd, const ApWorkerSettings *settings);
void ap_worker_free (ApWorker *worker);

/* Begins the thread, which may ask for the counts of all workers: they must have been made. */
void ap_worker_start (ApWorker *worker);
/* Ends the thread; sessions that are left are cut off. To be freed when the others have stopped. */
void ap_worker_stop (ApWorker *worker);

/* Accepts nobody any more and closes every session with 1001. */
void ap_worker_drain (ApWorker *worker);

/* The open WebSockets. From any thread. */
guint ap_worker_count_sessions (ApWorker *worker);
