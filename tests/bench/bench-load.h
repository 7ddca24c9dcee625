/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Load for echo servers: WebSocket connections that send frames of audio, check every byte of every echo, and measure.
 * One thread, one epoll set. What goes wrong (a wrong byte, a connection that ends) ends the program with the reason.
 */
#pragma once

#include <glib.h>

#include "server-process.h"

/**
 * LoadPlan:
 * @connections: open at once
 * @window: frames of each connection on their way at once; the next is sent when one has come back
 * @frame_bytes: size of a frame's payload, 126 to 65,535
 * @seconds: measured time, after a quarter as much that is not measured
 */
typedef struct {
  guint connections;
  guint window;
  guint frame_bytes;
  double seconds;
} LoadPlan;

/**
 * LoadResult:
 *
 * Of the measured time: echoed frames a second, the server's CPU time for each (all threads, user and system) in
 * microseconds, and in microseconds too the time from a frame's send to its echo that 50, 99 and 99.9 % stay under.
 */
typedef struct {
  double frames_per_second;
  double cpu_per_frame;
  double p50;
  double p99;
  double p999;
} LoadResult;

LoadResult load_run (const LoadPlan *plan, ServerProcess *server);
