/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an echoed frame of audio costs, and what else a crowd of clients meets: the server beside other echo servers.
 * Every server is started anew for every measurement, the servers take turns within a round, and medians of the rounds
 * are printed. */
#include <glib.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench-modes.h"
#include "bench-servers.h"

#define MAX_ROUNDS 99

static int rounds = 3;
static double seconds = 2;
static gboolean quick;
static gboolean require;
static char **chosen_modes;
static char **chosen_servers;
static char *pin;

static const GOptionEntry entries[] = {
  { "rounds", 'r', 0, G_OPTION_ARG_INT, &rounds, "Rounds, of which the medians are shown (3)", "N" },
  { "seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Measured time of each server in each round (2)", "S" },
  { "mode", 'm', 0, G_OPTION_ARG_STRING_ARRAY, &chosen_modes, "One of those in the table; may be repeated (all)",
    "NAME" },
  { "server", 0, 0, G_OPTION_ARG_STRING_ARRAY, &chosen_servers, "One of those in the table; may be repeated (all)",
    "NAME" },
  { "pin", 'p', 0, G_OPTION_ARG_STRING, &pin, "CPUs of server and load, or 'none' (0:1 where there are two)", "S:L" },
  { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "One short round of each: does it work at all", NULL },
  { "require", 0, 0, G_OPTION_ARG_NONE, &require, "Exit with 1 when a target is missed", NULL },
  { NULL },
};

static cpu_set_t all_cpus;
static cpu_set_t load_cpu;
static const char *server_cpus;

/* With one core the server and the load do not share it, so that neither is measured in the other's time. */
static void
read_pin (void)
{
  g_auto (GStrv) cpus = NULL;

  sched_getaffinity (0, sizeof all_cpus, &all_cpus);
  load_cpu = all_cpus;
  if (g_strcmp0 (pin, "none") == 0 || (pin == NULL && g_get_num_processors () < 2))
    return;
  cpus = g_strsplit (pin != NULL ? pin : "0:1", ":", 2);
  if (g_strv_length (cpus) != 2)
    g_error ("--pin takes two CPUs as in 0:1");
  CPU_ZERO (&load_cpu);
  CPU_SET (strtoul (cpus[1], NULL, 10), &load_cpu);
  server_cpus = g_intern_string (cpus[0]);
}

/* A crowd of 2,500 is more than the 1,024 descriptors that a process usually starts with. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static void
measure (const BenchMode *mode, BenchServer server, LoadResult *result)
{
  LoadPlan plan = mode->plan;
  ServerProcess *process;

  plan.seconds = seconds;
  /* Before the start, so that a server that is not bound to a core inherits all. */
  sched_setaffinity (0, sizeof all_cpus, &all_cpus);
  process = bench_server_start (server, server_cpus, mode->all_cores);
  if (!mode->all_cores && sched_setaffinity (0, sizeof load_cpu, &load_cpu) != 0)
    g_error ("there is no CPU as --pin says");
  mode->run (&plan, process, result);
  server_process_free (process);
}

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Returns: the median of one field of the results of all rounds */
static double
median (const LoadResult *results, gsize field)
{
  double values[MAX_ROUNDS];
  gsize count = (gsize)rounds;

  for (gsize i = 0; i < count; i++)
    values[i] = G_STRUCT_MEMBER (double, &results[i], field);
  qsort (values, count, sizeof values[0], compare_doubles);
  return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static gboolean
is_chosen (char **chosen, const char *name)
{
  return chosen == NULL || g_strv_contains ((const char *const *)chosen, name);
}

static gboolean
is_measured (const BenchMode *mode, BenchServer server)
{
  const BenchProgram *program = bench_program (server);

  return (mode->servers & 1u << server) != 0 && (program->scales || !mode->all_cores) &&
         is_chosen (chosen_servers, program->name);
}

static gboolean
is_there (const BenchMode *mode, BenchServer server)
{
  return server != BENCH_NONE && is_measured (mode, server) && bench_program (server)->program != NULL;
}

/* Adds how a server stands to one target. Returns: whether it is met */
static gboolean
judge (const BenchTarget *target, LoadResult results[][MAX_ROUNDS], GString *text)
{
  double value = median (results[target->server], target->column->field);
  gboolean met;

  if (target->of != BENCH_NONE)
    value /= median (results[target->of], target->column->field);
  met = value <= target->at_most;
  g_string_append_printf (text, "%s%s %.*f", text->len > 0 ? "; " : "", target->column->name, value < 100 ? 2 : 0,
                          value);
  if (target->of != BENCH_NONE)
    g_string_append_printf (text, " of %s", bench_program (target->of)->name);
  g_string_append_printf (text, " (<= %g)%s", target->at_most, met ? "" : " **missed**");
  return met;
}

static gboolean
judge_all (const BenchMode *mode, BenchServer server, LoadResult results[][MAX_ROUNDS], GString *text)
{
  gboolean met = TRUE;

  for (const BenchTarget *target = mode->targets; target->column != NULL; target++)
    if (target->server == server && (target->of == BENCH_NONE || is_there (mode, target->of)))
      met = judge (target, results, text) && met;
  return met;
}

/* Returns: whether paced frames were sent so late that the machine must have been busy with something else */
static gboolean
load_was_late (LoadResult results[][MAX_ROUNDS], BenchServer server)
{
  return median (results[server], G_STRUCT_OFFSET (LoadResult, sender_p99)) > 1000;
}

/* Returns: whether the server's targets are met */
static gboolean
print_row (const BenchMode *mode, BenchServer server, LoadResult results[][MAX_ROUNDS])
{
  g_autoptr (GString) targets = g_string_new (NULL);
  gboolean met = TRUE;

  g_print ("| %-21s |", bench_program (server)->name);
  for (const BenchColumn *const *column = mode->columns; *column != NULL; column++) {
    if (is_there (mode, server))
      g_print (" %*.*f |", (*column)->width, (*column)->decimals, median (results[server], (*column)->field));
    else
      g_print (" %*s |", (*column)->width, "-");
  }
  if (is_there (mode, server))
    met = judge_all (mode, server, results, targets);
  else
    g_string_append (targets, "skipped: not installed");
  if (load_was_late (results, server))
    g_string_append (targets, " (the load itself was late)");
  g_print (" %s |\n", targets->str);
  return met;
}

static void
print_head (const BenchMode *mode)
{
  g_print ("\n%s: %s\n\n| %-21s |", mode->name, mode->title, "server");
  for (const BenchColumn *const *column = mode->columns; *column != NULL; column++)
    g_print (" %*s |", (*column)->width, (*column)->name);
  g_print (" targets |\n|-----------------------|");
  for (const BenchColumn *const *column = mode->columns; *column != NULL; column++)
    g_print ("%.*s:|", (*column)->width + 1, "--------------------------------");
  g_print ("---------|\n");
}

/* Returns: whether all targets are met */
static gboolean
run_mode (const BenchMode *mode)
{
  static LoadResult results[BENCH_N_SERVERS][MAX_ROUNDS];
  gboolean met = TRUE;

  memset (results, 0, sizeof results);
  for (int round = 0; round < rounds; round++)
    for (int i = 0; i < BENCH_N_SERVERS; i++) {
      BenchServer server = (BenchServer)((i + round) % BENCH_N_SERVERS);

      if (is_there (mode, server))
        measure (mode, server, &results[server][round]);
    }
  print_head (mode);
  for (int server = 0; server < BENCH_N_SERVERS; server++)
    if (is_measured (mode, (BenchServer)server))
      met = print_row (mode, (BenchServer)server, results) && met;
  return met;
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
    seconds = 0.2;
  }
  rounds = CLAMP (rounds, 1, MAX_ROUNDS);
  read_pin ();
  raise_descriptor_limit ();
  g_print ("Echo of %d-byte frames, medians of %d rounds of %g s; CPU is the server's, times are in microseconds.\n",
           BENCH_FRAME_BYTES, rounds, seconds);
  for (const BenchMode *mode = bench_modes (); mode->name != NULL; mode++)
    if (is_chosen (chosen_modes, mode->name))
      met = run_mode (mode) && met;
  return met || !require ? 0 : 1;
}
