/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The echo servers that are measured. */
#pragma once

#include "server-process.h"

typedef enum {
  BENCH_EPOLL, /* the floor */
  BENCH_SERVER,
  BENCH_SERVER_LOGGED,
  BENCH_SERVER_DIRECT,
  BENCH_SERVER_QUEUED,
  BENCH_SOUP,
  BENCH_LWS,
  BENCH_GORILLA,
  BENCH_NODE,
  BENCH_FASTAPI,
  BENCH_N_SERVERS,
  BENCH_NONE = -1,
} BenchServer;

/**
 * BenchProgram:
 * @program: NULL when it is not there
 * @one_core, @all_cores: its options; the program must say "listening on http://HOST:PORT" on stderr
 * @scales: it uses all cores
 */
typedef struct {
  const char *name;
  const char *program;
  const char *one_core[8];
  const char *all_cores[8];
  gboolean scales;
} BenchProgram;

const BenchProgram *bench_program (BenchServer server);

/* Starts it and waits until it listens. @cpus: that it is bound to; NULL: none, and then it is to use all cores */
ServerProcess *bench_server_start (BenchServer server, const char *cpus, gboolean all_cores);
