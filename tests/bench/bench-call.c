/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many calls a server echoes in time, and what each costs. Every count of calls has a server of its own. */
#include <glib.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench-servers.h"
#include "load-calls.h"

/* Calls are in time when so many of a hundred echoes are later than this by none, in milliseconds. */
#define IN_TIME_MS 20

/* A load that was held up for so long has been kept from its work. */
#define HELD_UP_MS 100
#define TRIES      3

#define WANTED_CALLS 1000
#define MOST_CALLS   16384

static double seconds = 5;
static int calls = WANTED_CALLS;
static int minutes;
static gboolean quick, no_search;
static gboolean require;
static char *pin;

static const GOptionEntry entries[] = {
  { "seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Measured time of each row (5)", "S" },
  { "calls", 'c', 0, G_OPTION_ARG_INT, &calls, "Calls on all cores (1000)", "N" },
  { "minutes", 'm', 0, G_OPTION_ARG_INT, &minutes, "Only these calls, for so long: does it stay as it is", "M" },
  { "pin", 'p', 0, G_OPTION_ARG_STRING, &pin, "CPUs of a server of one worker and of its load (0:1)", "S:L" },
  { "no-search", 'n', 0, G_OPTION_ARG_NONE, &no_search, "Do not look for the most calls", NULL },
  { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "A few calls, shortly: does it work at all", NULL },
  { "require", 0, 0, G_OPTION_ARG_NONE, &require, "Exit with 1 when a target is missed", NULL },
  { NULL },
};

static cpu_set_t all_cpus;
static cpu_set_t load_cpu;
static const char *server_cpu = "0";
static gboolean all_met = TRUE;

static void
set_up_process (void)
{
  g_auto (GStrv) cpus = g_strsplit (pin != NULL ? pin : "0:1", ":", 2);
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  sched_getaffinity (0, sizeof all_cpus, &all_cpus);
  load_cpu = all_cpus;
  if (g_get_num_processors () < 2)
    return;
  if (g_strv_length (cpus) != 2)
    g_error ("--pin takes two CPUs as in 0:1");
  CPU_ZERO (&load_cpu);
  CPU_SET (strtoul (cpus[1], NULL, 10), &load_cpu);
  server_cpu = g_intern_string (cpus[0]);
}

static ServerProcess *
start_server (gboolean all_cores)
{
  ServerProcess *server;

  /* Before the start, so that a server that is not bound to a core inherits all. */
  sched_setaffinity (0, sizeof all_cpus, &all_cpus);
  server = bench_server_start (BENCH_SERVER, server_cpu, all_cores);
  if (!all_cores && sched_setaffinity (0, sizeof load_cpu, &load_cpu) != 0)
    g_error ("there is no CPU as --pin says");
  return server;
}

static gboolean
is_in_time (const CallLoadResult *result)
{
  return result->p99 < IN_TIME_MS && result->late_reads == 0;
}

/* Again, when the machine had something else to do. */
static void
measure (gboolean all_cores, guint n, double measured_seconds, CallLoadResult *result)
{
  for (guint i = 0; i < TRIES; i++) {
    ServerProcess *server = start_server (all_cores);
    CallLoad *load = call_load_open (server, n);

    call_load_talk (load, measured_seconds, result);
    call_load_close (load);
    server_process_free (server);
    if (is_in_time (result) || result->sender_max < HELD_UP_MS)
      break;
  }
}

/* ---- the table ---- */

static void
print_head (void)
{
  g_print (
      "| server                  | calls | CPU us/frame | CPU %% |  p50 |  p99 | p99.9 |   max | late reads | KiB/call "
      "| new threads | set-up us | sender p99 | load's CPU us/frame | targets |\n"
      "|-------------------------|------:|-------------:|------:|-----:|-----:|------:|------:|-----------:|---------:"
      "|------------:|----------:|-----------:|--------------------:|---------|\n");
}

static void
judge (GString *text, const char *name, double value, double at_most)
{
  gboolean met = value <= at_most;

  all_met = all_met && met;
  g_string_append_printf (text, "%s%s %.3g (<= %g)%s", text->len > 0 ? "; " : "", name, value, at_most,
                          met ? "" : " **missed**");
}

static void
judge_row (GString *text, const CallLoadResult *result)
{
  judge (text, "p99", result->p99, IN_TIME_MS);
  judge (text, "late reads", result->late_reads, 0);
  judge (text, "CPU", result->cpu_per_frame, 40);
  judge (text, "KiB", result->kib, 64);
  judge (text, "threads", result->threads, 0);
}

static void
print_row (const char *name, guint n, const CallLoadResult *result)
{
  g_autoptr (GString) targets = g_string_new (NULL);

  if (n < 100)
    g_string_append (targets, "too few calls for targets");
  else
    judge_row (targets, result);
  if (result->sender_p99 > IN_TIME_MS / 4.0)
    g_string_append (targets, " (the load itself was late)");
  g_print ("| %-23s | %5u | %12.1f | %5.0f | %4.1f | %4.1f | %5.1f | %5.1f | %10.0f | %8.1f | %11.0f | %9.0f | %10.1f "
           "| %19.1f | %s |\n",
           name, n, result->cpu_per_frame, result->cpu_percent, result->p50, result->p99, result->p999, result->max,
           result->late_reads, result->kib, result->threads, result->set_up_us, result->sender_p99,
           result->own_cpu_per_frame, targets->str);
}

static void
run_row (const char *name, gboolean all_cores, guint n)
{
  CallLoadResult result;

  measure (all_cores, n, seconds, &result);
  print_row (name, n, &result);
}

/* ---- the search ---- */

/* Doubles until it is too many, and halves the distance until it is a twentieth. */
static void
search (const char *name, gboolean all_cores)
{
  CallLoadResult best = { 0 }, result;
  guint good = 0, bad = 0;

  for (guint n = 128; bad == 0 ? n <= MOST_CALLS : bad - good > MAX (good / 20, 8);
       n = bad == 0 ? 2 * n : (good + bad) / 2) {
    measure (all_cores, n, seconds / 2, &result);
    if (is_in_time (&result)) {
      good = n;
      best = result;
    } else {
      bad = n;
    }
  }
  print_row (name, good, &best);
}

/* ---- hours ---- */

/* What grows, grows from the second minute on: the first fills what is kept. */
static void
run_minutes (void)
{
  ServerProcess *server = start_server (TRUE);
  CallLoad *load = call_load_open (server, (guint)calls);
  CallLoadResult result;
  double kib = 0;

  for (int minute = 1; minute <= minutes; minute++) {
    g_autofree char *name = g_strdup_printf ("all cores, minute %d", minute);

    call_load_talk (load, 59, &result);
    print_row (name, (guint)calls, &result);
    if (minute == 2)
      kib = result.kib;
  }
  if (minutes > 2 && result.kib > kib * 1.02 + 0.5) {
    g_print ("It grows: %.1f KiB a call more than in the second minute. **missed**\n", result.kib - kib);
    all_met = FALSE;
  }
  call_load_close (load);
  server_process_free (server);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("- calls at once, and what each costs");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return 64;
  }
  if (quick) {
    seconds = 0.5;
    calls = 10;
  }
  set_up_process ();
  g_print ("Calls of Twilio, each a frame of 20 ms there and back 50 times a second; rows of %g s. Times of echoes in "
           "milliseconds;\nCPU and memory are the server's.\n\n",
           seconds);
  print_head ();
  if (minutes > 0) {
    g_autofree char *life = g_strdup_printf ("%d", minutes * 60);

    g_setenv ("AP_TEST_SOAK_SECONDS", life, TRUE); /* so long may the server live */
    run_minutes ();
    return all_met || !require ? 0 : 1;
  }
  run_row ("one worker", FALSE, quick ? 10 : 100);
  run_row ("all cores", TRUE, (guint)calls);
  if (!quick && !no_search) {
    search ("one worker, the most", FALSE);
    search ("all cores, the most", TRUE);
  }
  return all_met || !require ? 0 : 1;
}
