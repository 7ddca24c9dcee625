/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The closed loop: as many frames as the server can echo. */
#include "load-crowd.h"
#include "load-wire.h"

static void
send_as_many (Crowd *crowd, CrowdMember *member, guint count)
{
  if (count > 0 && !crowd_send (crowd, member, count))
    g_error ("connection %u takes no frame", member->number);
}

static void
run_for (Crowd *crowd, double seconds)
{
  gint64 end = wire_now_ns () + (gint64)(seconds * 1e9);

  while (wire_now_ns () < end)
    if (!crowd_turn (crowd, G_GINT64_CONSTANT (10000000000)))
      g_error ("no echo came for ten seconds");
}

static double
slowest_of_mean (const Crowd *crowd)
{
  guint32 least = G_MAXUINT32;

  for (guint i = 0; i < crowd->plan->connections; i++)
    least = MIN (least, crowd->members[i].measured);
  return (double)least * crowd->plan->connections / (double)MAX (crowd->frames, 1);
}

void
load_run_closed (const LoadPlan *plan, ServerProcess *server, LoadResult *result)
{
  Crowd *crowd = crowd_new (plan, server_process_port (server));
  gint64 start, cpu, took;

  crowd->on_echoes = send_as_many;
  for (guint i = 0; i < plan->connections; i++)
    send_as_many (crowd, &crowd->members[i], plan->window);
  run_for (crowd, plan->seconds / 4);

  crowd->counting = TRUE;
  start = wire_now_ns ();
  cpu = server_process_cpu_ns (server);
  run_for (crowd, plan->seconds);
  cpu = server_process_cpu_ns (server) - cpu;
  took = wire_now_ns () - start;

  result->frames_per_second = (double)crowd->frames / ((double)took / 1e9);
  result->cpu_per_frame = (double)cpu / 1e3 / (double)crowd->frames;
  result->slowest = slowest_of_mean (crowd);
  crowd_measure_latency (crowd, result);
  crowd_drain (crowd);
  crowd_free (crowd);
}
