/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load for echo servers: WebSocket connections that send frames of audio, check every byte of every echo, and measure.
 * One thread, one epoll set. What goes wrong (a wrong byte, a connection that ends) ends the program with the reason.
 */
#pragma once

#include "server-process.h"

/**
 * LoadPlan:
 * @connections: open at once
 * @window: closed loop: frames of each connection on their way at once; the next is sent when one has come back
 * @flooded: paced: one more connection sends as fast as it can, and reads
 * @frame_bytes: size of a frame's payload, even, 126 to 65,534
 * @seconds: measured time, after a quarter as much that is not measured
 */
typedef struct {
  guint connections;
  guint window;
  gboolean flooded;
  guint frame_bytes;
  double seconds;
} LoadPlan;

/**
 * LoadResult:
 *
 * Of the measured time, whatever the kind of load makes of it; times in microseconds. CPU is the server's, of all its
 * threads, user and system. p50 to max: from a frame's send to its echo, the time that so many stay under.
 */
typedef struct {
  double frames_per_second;
  double cpu_per_frame;
  double cpu_percent; /* of one core */
  double p50;
  double p99;
  double p999;
  double max;
  double slowest;          /* connection: its frames, of the mean */
  double late;             /* frames that came back after more than 20 ms, or not at all */
  double sender_p99;       /* how far behind its time a frame was sent */
  double flood_per_second; /* frames of the flooding connection */
  double set_up_ms;        /* from the first connect to the last 101 */
  double kib;              /* resident memory for each connection */
  double threads;          /* more than before */
  double visits_per_second;
  double cpu_per_visit;
} LoadResult;

typedef void LoadRun (const LoadPlan *plan, ServerProcess *server, LoadResult *result);

/* Each connection keeps @window frames on their way. */
LoadRun load_run_closed;

/* Each connection sends a frame every 20 ms, at times that are fixed from the start, spread over the 20 ms. */
LoadRun load_run_paced;

/* All connections are set up at once, echo a frame each, and then do nothing. */
LoadRun load_run_idle;

/* Visits of a connection: set up, a frame, closing handshake; @connections at a time. */
LoadRun load_run_visits;
