/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Connections that come and go, and connections that stay and do nothing. */
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load-crowd.h"
#include "load-wire.h"

#define WARM_UP 50 /* connections, so that what a server makes once is not counted for each */

static void
echo_one_each (Crowd *crowd)
{
  for (guint i = 0; i < crowd->plan->connections; i++)
    if (!crowd_send (crowd, &crowd->members[i], 1))
      g_error ("connection %u takes no frame", i);
  crowd_drain (crowd);
}

static void
warm_up (const LoadPlan *plan, ServerProcess *server)
{
  LoadPlan small = *plan;
  Crowd *crowd;

  small.connections = WARM_UP;
  crowd = crowd_new (&small, server_process_port (server));
  echo_one_each (crowd);
  crowd_free (crowd);
  poll (NULL, 0, 100);
}

void
load_run_idle (const LoadPlan *plan, ServerProcess *server, LoadResult *result)
{
  Crowd *crowd;
  gint64 start, cpu;
  gsize memory;
  guint threads;

  warm_up (plan, server);
  memory = server_process_rss (server);
  threads = server_process_threads (server);
  start = wire_now_ns ();
  crowd = crowd_new (plan, server_process_port (server));
  result->set_up_ms = (double)(wire_now_ns () - start) / 1e6;
  echo_one_each (crowd);
  poll (NULL, 0, 100);

  cpu = server_process_cpu_ns (server);
  poll (NULL, 0, (int)(plan->seconds * 1000));
  result->cpu_percent = (double)(server_process_cpu_ns (server) - cpu) / (plan->seconds * 1e7);
  result->kib = ((double)server_process_rss (server) - (double)memory) / 1024 / plan->connections;
  result->threads = (double)server_process_threads (server) - threads;
  crowd_free (crowd);
}

/* As many as the plan says, each step for all of them. A reset at the end leaves no port behind in TIME_WAIT. */
static void
visit (const LoadPlan *plan, guint16 port, int *fds, guint8 *buffer)
{
  static const struct linger reset = { .l_onoff = 1 };
  guint8 head[2];

  for (guint i = 0; i < plan->connections; i++)
    fds[i] = wire_start (port, AUDIO_PATH);
  for (guint i = 0; i < plan->connections; i++) {
    wire_finish (fds[i]);
    wire_build_frame (i, 0, plan->frame_bytes, buffer);
    wire_send (fds[i], buffer, WIRE_FRAME_HEAD + plan->frame_bytes);
  }
  for (guint i = 0; i < plan->connections; i++) {
    wire_receive (fds[i], buffer, WIRE_ECHO_HEAD + plan->frame_bytes);
    if (!wire_is_echo (i, 0, plan->frame_bytes, buffer))
      g_error ("a visitor's echo is not its frame");
    wire_build_close (buffer);
    wire_send (fds[i], buffer, WIRE_CLOSE_BYTES);
  }
  for (guint i = 0; i < plan->connections; i++) {
    wire_receive (fds[i], head, sizeof head);
    if (head[0] != 0x88)
      g_error ("a visitor's close was not answered");
    setsockopt (fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close (fds[i]);
  }
}

void
load_run_visits (const LoadPlan *plan, ServerProcess *server, LoadResult *result)
{
  guint16 port = server_process_port (server);
  g_autofree int *fds = g_new (int, plan->connections);
  g_autofree guint8 *buffer = g_malloc (WIRE_FRAME_HEAD + plan->frame_bytes);
  gint64 start, cpu;
  double took;
  guint visits = 0;

  visit (plan, port, fds, buffer);
  start = wire_now_ns ();
  cpu = server_process_cpu_ns (server);
  while ((took = (double)(wire_now_ns () - start) / 1e9) < plan->seconds) {
    visit (plan, port, fds, buffer);
    visits += plan->connections;
  }
  result->visits_per_second = visits / took;
  result->cpu_per_visit = (double)(server_process_cpu_ns (server) - cpu) / 1e3 / visits;
}
