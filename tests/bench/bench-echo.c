/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an echoed frame of audio costs: the server against a plain libsoup echo and a bare epoll echo. Every server is
 * started anew for every measurement, the servers take turns within a round, and medians of the rounds are printed. */
#include <glib.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bench-load.h"

#define FRAME_BYTES 320 /* 10 ms of 16-bit mono at 16 kHz */
#define MAX_ROUNDS  99
#define TARGET      0.7 /* of the plain echo's CPU time for a frame */

/* Add a server: a row. @args is NULL-terminated; the program must say "listening on http://HOST:PORT" on stderr. */
typedef struct {
  const char *name;
  const char *program;
  const char *args[8];
} Server;

static const Server servers[] = {
  { "soup-echo", SOUP_ECHO, { NULL } },
  { "epoll-echo", EPOLL_ECHO, { NULL } },
#ifdef AUDIO_SERVER
  { "server", AUDIO_SERVER, { "--host=127.0.0.1", "--port=0", "--workers=1", "--no-log-frames", NULL } },
  { "server, frames logged", AUDIO_SERVER, { "--host=127.0.0.1", "--port=0", "--workers=1", NULL } },
#endif
};

enum { SOUP = 0, OURS = 2 };

/* Add a mode: a row. */
typedef struct {
  const char *name;
  guint connections;
  guint window;
  gboolean has_target;
} Mode;

static const Mode modes[] = {
  { "50x1", 50, 1, TRUE },
  { "500x1", 500, 1, TRUE },
  { "50x8", 50, 8, FALSE },
};

static int rounds = 5;
static double seconds = 2;
static gboolean quick;
static gboolean require;
static char **chosen_modes;
static char *pin;

static const GOptionEntry entries[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &rounds, "Rounds, of which the medians are shown (5)", "N" },
  { "seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Measured time of each server in each round (2)", "S" },
  { "mode", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &chosen_modes, "50x1, 500x1 or 50x8; may be repeated (all)", "CxW" },
  { "pin", 'p', 0, G_OPTION_ARG_STRING, &pin, "CPUs of server and load, or 'none' (0:1 where there are two)", "S:L" },
  { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "One short round of each: does it work at all", NULL },
  { "require", 0, 0, G_OPTION_ARG_NONE, &require, "Exit with 1 when the target is missed", NULL },
  { NULL },
};

static const char *server_cpus;

/* The server and the load do not share a CPU, so that neither is measured in the other's time. */
static void
pin_load (void)
{
  g_auto (GStrv) cpus = NULL;
  cpu_set_t set;

  if (g_strcmp0 (pin, "none") == 0 || (pin == NULL && g_get_num_processors () < 2))
    return;
  cpus = g_strsplit (pin != NULL ? pin : "0:1", ":", 2);
  if (g_strv_length (cpus) != 2)
    g_error ("--pin takes two CPUs as in 0:1");
  CPU_ZERO (&set);
  CPU_SET (strtoul (cpus[1], NULL, 10), &set);
  if (sched_setaffinity (0, sizeof set, &set) != 0)
    g_error ("no CPU %s", cpus[1]);
  server_cpus = g_intern_string (cpus[0]);
}

static LoadResult
measure (const Server *row, const Mode *mode)
{
  const LoadPlan plan = {
    .connections = mode->connections, .window = mode->window, .frame_bytes = FRAME_BYTES, .seconds = seconds
  };
  ServerProcess *server =
      server_process_spawn (&(ServerSetup){ .program = row->program, .args = row->args, .cpus = server_cpus });
  LoadResult result;

  server_process_wait_listening (server);
  result = load_run (&plan, server);
  server_process_free (server);
  return result;
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Returns: the median of one field of @count results */
static double
median (const LoadResult *results, gsize count, gsize offset)
{
  double values[MAX_ROUNDS];

  for (gsize i = 0; i < count; i++)
    values[i] = G_STRUCT_MEMBER (double, &results[i], offset);
  qsort (values, count, sizeof values[0], compare_doubles);
  return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

#define MEDIAN(results, field) median (results, (gsize)rounds, G_STRUCT_OFFSET (LoadResult, field))

/* Returns: whether the target, if the mode has one, is met */
static gboolean
print_mode (const Mode *mode, LoadResult results[][MAX_ROUNDS])
{
  double plain = MEDIAN (results[SOUP], cpu_per_frame);
  gboolean met = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (servers); i++) {
    double cpu = MEDIAN (results[i], cpu_per_frame);

    g_print ("| %-5s | %-21s | %8.0f | %12.2f | %12.2f | %7.0f | %7.0f | %8.0f |\n", mode->name, servers[i].name,
             MEDIAN (results[i], frames_per_second), cpu, cpu / plain, MEDIAN (results[i], p50),
             MEDIAN (results[i], p99), MEDIAN (results[i], p999));
    if (i == OURS && mode->has_target)
      met = cpu <= TARGET * plain;
  }
  return met;
}

static gboolean
run_mode (const Mode *mode)
{
  static LoadResult results[G_N_ELEMENTS (servers)][MAX_ROUNDS];

  for (int round = 0; round < rounds; round++)
    for (gsize i = 0; i < G_N_ELEMENTS (servers); i++) {
      gsize which = (i + (gsize)round) % G_N_ELEMENTS (servers);

      results[which][round] = measure (&servers[which], mode);
    }
  return print_mode (mode, results);
}

static gboolean
is_chosen (const Mode *mode)
{
  return chosen_modes == NULL || g_strv_contains ((const char *const *)chosen_modes, mode->name);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- what an echoed frame costs");
  g_autoptr (GError) error = NULL;
  gboolean met = TRUE;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 64;
  }
  if (quick) {
    rounds = 1;
    seconds = 0.3;
  }
  rounds = CLAMP (rounds, 1, MAX_ROUNDS);
  pin_load ();
  g_print ("%d-byte frames, C connections x W frames in flight, medians of %d rounds of %g s\n\n", FRAME_BYTES, rounds,
           seconds);
  g_print (
      "| mode  | server                | frames/s | CPU us/frame | to soup-echo | p50 us  | p99 us  | p99.9 us |\n"
      "|-------|-----------------------|----------|--------------|--------------|---------|---------|----------|\n");
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    if (is_chosen (&modes[i]))
      met = run_mode (&modes[i]) && met;
  if (G_N_ELEMENTS (servers) > OURS)
    g_print ("\nTarget, at most %.1f of soup-echo's CPU per frame: %s\n", TARGET, met ? "met" : "missed");
  return met || !require ? 0 : 1;
}
