/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames at the pace of live audio, whether the server keeps up or not. */
#include <sys/prctl.h>

#include "load-crowd.h"
#include "load-flood.h"
#include "load-wire.h"

#define PERIOD_NS (20 * G_GINT64_CONSTANT (1000000))

typedef struct {
  Crowd *crowd;
  gint64 start;
  guint64 turn; /* of all connections, one after the other */
  Latency behind;
} Pace;

static gint64
due (const Pace *pace)
{
  return pace->start + (gint64)((double)pace->turn * PERIOD_NS / pace->crowd->plan->connections);
}

/* A frame that the socket does not take is one that does not come back in time. */
static void
send_due (Pace *pace)
{
  Crowd *crowd = pace->crowd;
  gint64 now = wire_now_ns ();

  for (; due (pace) <= now; pace->turn++) {
    CrowdMember *member = &crowd->members[pace->turn % crowd->plan->connections];

    if (crowd->counting)
      latency_add (&pace->behind, wire_now_ns () - due (pace));
    if (!crowd_send (crowd, member, 1) && crowd->counting)
      crowd->late++;
  }
}

static void
run_until (Pace *pace, gint64 end)
{
  for (gint64 now = wire_now_ns (); now < end; now = wire_now_ns ()) {
    send_due (pace);
    crowd_turn (pace->crowd, CLAMP (due (pace) - wire_now_ns (), 0, PERIOD_NS));
  }
}

static void
measure (Pace *pace, ServerProcess *server, LoadFlood *flood, LoadResult *result)
{
  gint64 seconds_ns = (gint64)(pace->crowd->plan->seconds * 1e9);
  guint64 flooded;
  gint64 cpu;

  pace->start = wire_now_ns ();
  run_until (pace, pace->start + seconds_ns / 4);
  pace->crowd->counting = TRUE;
  cpu = server_process_cpu_ns (server);
  flooded = flood != NULL ? load_flood_frames (flood) : 0;
  run_until (pace, pace->start + seconds_ns / 4 + seconds_ns);
  cpu = server_process_cpu_ns (server) - cpu;
  flooded = flood != NULL ? load_flood_frames (flood) - flooded : 0;
  pace->crowd->counting = FALSE;
  result->cpu_percent = (double)cpu / (double)seconds_ns * 100;
  result->flood_per_second = (double)flooded / pace->crowd->plan->seconds;
}

void
load_run_paced (const LoadPlan *plan, ServerProcess *server, LoadResult *result)
{
  guint16 port = server_process_port (server);
  Pace *pace = g_new0 (Pace, 1);
  LoadFlood *flood = NULL;

  prctl (PR_SET_TIMERSLACK, 1000);
  pace->crowd = crowd_new (plan, port);
  if (plan->flooded)
    flood = load_flood_start (port, plan->frame_bytes);
  measure (pace, server, flood, result);
  g_clear_pointer (&flood, load_flood_stop);
  crowd_drain (pace->crowd);
  result->late = (double)pace->crowd->late;
  result->sender_p99 = latency_percentile (&pace->behind, 99) / 1e3;
  crowd_measure_latency (pace->crowd, result);
  crowd_free (pace->crowd);
  g_free (pace);
}
