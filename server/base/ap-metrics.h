/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/ap-histogram.h"
#include "base/ap-metrics-labels.h"

/* What the server counts. Each thread that counts has a block of its own, which no other thread writes: a count is a
 * load and a store, without a lock. Blocks are made at a thread's first count, stay until the process ends, and are
 * summed by whoever asks. Counts only grow; what is there now is what came less what went. */

/* Paths beyond so many are counted together. */
#define AP_METRICS_ENDPOINTS 16
/* Nothing but guint64: it is summed by words, in this order, so that what went is read before what came. */
typedef struct {
  guint64 closed, opened; /* sessions */
  guint64 frames_in, frames_out, frames_dropped;
  guint64 bytes_in, bytes_out;
  guint64 closes[AP_CLOSE_CODES];
} ApEndpointCounts;

/* Likewise. */
typedef struct {
  guint64 http_done; /* TCP connections that HTTP is done with, by an answer or a handshake */
  guint64 accepted;  /* all TCP connections */
  guint64 failures[AP_FAILURES];
  guint64 refusals[AP_REFUSALS];
  guint64 unqueued, queued; /* bytes of output that no longer wait for their socket, and all that ever did */
  guint64 recordings_ended, recordings_begun; /* live ones: one that a start of the server finds begins again */
  guint64 chunks_answered, chunks_received;   /* of recordings */
  guint64 chunks_refused, chunk_bytes;        /* of those that were answered; of those that were taken */
  ApHistogram acknowledgement;                /* from a chunk's arrival to its answer */
  ApHistogram rounds;                         /* of the event loop */
  ApHistogram latency;                        /* in a pipeline */
  ApHistogram handover;                       /* from a streaming thread to the worker */
} ApCounts;

typedef struct {
  ApCounts counts;
  ApEndpointCounts endpoints[AP_METRICS_ENDPOINTS];
  const char *paths[AP_METRICS_ENDPOINTS];
  guint n_endpoints;
  guint64 queue_highest; /* bytes that waited for one socket at once, at most */
  gint64 oldest_output;  /* monotonic; when the oldest byte that waits for its socket began to; 0: none does */
  gint64 round_began;    /* monotonic; 0: it waits for events */
  gboolean sample_due;   /* the owner's: no frame was sampled in this round */
} ApMetrics;

static inline void
ap_count (guint64 *counter, guint64 n)
{
  __atomic_store_n (counter, __atomic_load_n (counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* The block of the calling thread. */
ApMetrics *ap_metrics_mine (void);
/* The calling thread's counts of the endpoint at @path, a string that stays. */
ApEndpointCounts *ap_metrics_endpoint (const char *path);

void ap_metrics_count_failure (ApFailure failure);
/* A handshake that was answered with the HTTP @status. */
void ap_metrics_count_refusal (guint status);
void ap_metrics_count_close (ApEndpointCounts *endpoint, guint16 code);

/* The poll function of a worker's context: measures the rounds between its calls. */
gint ap_metrics_poll (GPollFD *fds, guint n_fds, gint timeout_ms);
/* When the round began, for the first that asks in it; 0 for the others. */
gint64 ap_metrics_take_sample (void);

/* The sum of all blocks; never waits for the threads that count. */
void ap_metrics_sum (ApMetrics *total);
