/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of load, what is told of each, and what the server is to reach. */
#pragma once

#include "bench-servers.h"
#include "load.h"

#define BENCH_FRAME_BYTES 320 /* 10 ms of 16-bit mono at 16 kHz */

/* @field: offset of a double in LoadResult */
typedef struct {
  const char *name;
  gsize field;
  int width;
  int decimals;
} BenchColumn;

/* A column of @server is at most @at_most, or at most so many times that of the server @of. */
typedef struct {
  BenchServer server;
  const BenchColumn *column;
  BenchServer of;
  double at_most;
} BenchTarget;

/**
 * BenchMode:
 * @servers: a bit for each
 * @all_cores: nothing is bound to a core; servers that use just one are not measured
 * @columns: NULL-terminated
 * @targets: the last has no column
 */
typedef struct {
  const char *name;
  const char *title;
  LoadRun *run;
  LoadPlan plan;
  guint servers;
  gboolean all_cores;
  const BenchColumn *const *columns;
  BenchTarget targets[5];
} BenchMode;

/* The last has no name. */
const BenchMode *bench_modes (void);
