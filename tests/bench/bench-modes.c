/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of load; add one here. */
#include "bench-modes.h"

#define COLUMN(variable, text, field, width, decimals)                                                                 \
  static const BenchColumn variable = { text, G_STRUCT_OFFSET (LoadResult, field), width, decimals }

COLUMN (rate, "frames/s", frames_per_second, 8, 0);
COLUMN (cpu, "CPU us/frame", cpu_per_frame, 12, 2);
COLUMN (cpu_percent, "CPU %", cpu_percent, 6, 1);
COLUMN (p50, "p50", p50, 7, 0);
COLUMN (p99, "p99", p99, 7, 0);
COLUMN (p999, "p99.9", p999, 7, 0);
COLUMN (longest, "max", max, 7, 0);
COLUMN (slowest, "slowest of mean", slowest, 15, 2);
COLUMN (late, "late", late, 6, 0);
COLUMN (sender, "sender p99", sender_p99, 10, 0);
COLUMN (flood, "flood frames/s", flood_per_second, 14, 0);
COLUMN (set_up, "set-up ms", set_up_ms, 9, 0);
COLUMN (kib, "KiB/connection", kib, 14, 1);
COLUMN (threads, "new threads", threads, 11, 0);
COLUMN (visits, "connections/s", visits_per_second, 13, 0);
COLUMN (cpu_visit, "CPU us/connection", cpu_per_visit, 17, 0);

static const BenchColumn *const closed_columns[] = { &rate, &cpu, &p50, &p99, &p999, &slowest, NULL };
static const BenchColumn *const paced_columns[] = { &cpu_percent, &p50, &p99, &p999, &longest, &late, &sender, NULL };
static const BenchColumn *const flood_columns[] = { &p50, &p99, &p999, &longest, &late, &flood, NULL };
static const BenchColumn *const idle_columns[] = { &set_up, &kib, &cpu_percent, &threads, NULL };
static const BenchColumn *const visit_columns[] = { &visits, &cpu_visit, NULL };

#define BIT(server) (1u << BENCH_##server)
#define LOGGED      BIT (SERVER_LOGGED)
#define CODECS      (BIT (SERVER_DIRECT) | BIT (SERVER_QUEUED))
#define PEERS       (BIT (EPOLL) | BIT (SERVER) | BIT (SOUP) | BIT (LWS) | BIT (GORILLA) | BIT (NODE) | BIT (FASTAPI))

#define CLOSED(c, w)                                                                                                   \
  load_run_closed,                                                                                                     \
  {                                                                                                                    \
    .connections = c, .window = w, .frame_bytes = BENCH_FRAME_BYTES                                                    \
  }
#define PACED(c)                                                                                                       \
  load_run_paced,                                                                                                      \
  {                                                                                                                    \
    .connections = c, .frame_bytes = BENCH_FRAME_BYTES                                                                 \
  }
#define FLOODED(c)                                                                                                     \
  load_run_paced,                                                                                                      \
  {                                                                                                                    \
    .connections = c, .flooded = TRUE, .frame_bytes = BENCH_FRAME_BYTES                                                \
  }
#define IDLE(c)                                                                                                        \
  load_run_idle,                                                                                                       \
  {                                                                                                                    \
    .connections = c, .frame_bytes = BENCH_FRAME_BYTES                                                                 \
  }
#define VISITS(c)                                                                                                      \
  load_run_visits,                                                                                                     \
  {                                                                                                                    \
    .connections = c, .frame_bytes = BENCH_FRAME_BYTES                                                                 \
  }

/* Of the floor, of plain libsoup, and what the frame log may add. */
#define OF_FLOOR(most)                                                                                                 \
  {                                                                                                                    \
    BENCH_SERVER, &cpu, BENCH_EPOLL, most                                                                              \
  }
#define OF_SOUP                                                                                                        \
  {                                                                                                                    \
    BENCH_SERVER, &cpu, BENCH_SOUP, 0.7                                                                                \
  }
#define OF_UNLOGGED                                                                                                    \
  {                                                                                                                    \
    BENCH_SERVER_LOGGED, &cpu, BENCH_SERVER, 1.15                                                                      \
  }

static const BenchMode modes[] = {
  { "50x1",
    "50 connections, one frame of each on its way, one core",
    CLOSED (50, 1),
    PEERS | LOGGED,
    FALSE,
    closed_columns,
    { OF_FLOOR (1.2), OF_SOUP, OF_UNLOGGED } },
  { "500x1",
    "500 connections, one frame of each on its way, one core",
    CLOSED (500, 1),
    PEERS | LOGGED,
    FALSE,
    closed_columns,
    { OF_FLOOR (1.2), OF_SOUP, OF_UNLOGGED } },
  { "50x8",
    "50 connections, eight frames of each on their way, one core",
    CLOSED (50, 8),
    PEERS | LOGGED,
    FALSE,
    closed_columns,
    { OF_FLOOR (2.0), OF_UNLOGGED } },
  { "alone",
    "one connection, one frame on its way, one core",
    CLOSED (1, 1),
    PEERS,
    FALSE,
    closed_columns,
    { { BENCH_SERVER, &p50, BENCH_EPOLL, 1.6 } } },
  { "50x1-all",
    "50 connections, one frame of each on its way, all cores",
    CLOSED (50, 1),
    PEERS,
    TRUE,
    closed_columns,
    { OF_FLOOR (1.2) } },
  { "500x1-all",
    "500 connections, one frame of each on its way, all cores",
    CLOSED (500, 1),
    PEERS,
    TRUE,
    closed_columns,
    { OF_FLOOR (1.2) } },
  { "50x8-all",
    "50 connections, eight frames of each on their way, all cores",
    CLOSED (50, 8),
    PEERS,
    TRUE,
    closed_columns,
    { OF_FLOOR (2.0) } },
  { "paced",
    "1,000 connections, each with a frame every 20 ms, one core",
    PACED (1000),
    PEERS,
    FALSE,
    paced_columns,
    { { BENCH_SERVER, &p99, BENCH_NONE, 1500 }, { BENCH_SERVER, &late, BENCH_NONE, 0 } } },
  { "paced-all",
    "2,500 connections, each with a frame every 20 ms, all cores",
    PACED (2500),
    PEERS,
    TRUE,
    paced_columns,
    { { BENCH_SERVER, &p99, BENCH_NONE, 1500 }, { BENCH_SERVER, &late, BENCH_NONE, 0 } } },
  { "flood",
    "50 connections, each with a frame every 20 ms, beside one that floods, one core",
    FLOODED (50),
    PEERS,
    FALSE,
    flood_columns,
    { { BENCH_SERVER, &p99, BENCH_NONE, 5000 } } },
  { "idle",
    "1,000 connections set up at once, then doing nothing, one core",
    IDLE (1000),
    PEERS,
    FALSE,
    idle_columns,
    { { BENCH_SERVER, &set_up, BENCH_NONE, 500 },
      { BENCH_SERVER, &kib, BENCH_NONE, 4 },
      { BENCH_SERVER, &cpu_percent, BENCH_NONE, 0.1 },
      { BENCH_SERVER, &threads, BENCH_NONE, 0 } } },
  { "churn", "visits of one frame, 16 at a time, one core", VISITS (16), PEERS, FALSE, visit_columns, { { 0 } } },
  { "codec",
    "50 connections, one frame of each on its way, through the codec and back, one core",
    CLOSED (50, 1),
    CODECS,
    FALSE,
    closed_columns,
    { { BENCH_SERVER_DIRECT, &cpu, BENCH_SERVER_QUEUED, 0.6 } } },
  { NULL },
};

const BenchMode *
bench_modes (void)
{
  return modes;
}
