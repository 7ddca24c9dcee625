/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of /proc/PID/stat (proc(5)), counted behind the name, which may hold anything and ends with the last parenthesis. */
enum { STAT_THREADS = 18, STAT_RESIDENT_PAGES = 22, STAT_FIELDS };

static void
read_stat (ApProcess *process)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;
  const char *rest;

  if (!g_file_get_contents ("/proc/self/stat", &text, NULL, NULL))
    return;
  rest = strrchr (text, ')');
  fields = g_strsplit (rest != NULL ? rest + 1 : "", " ", -1);
  if (g_strv_length (fields) < STAT_FIELDS)
    return;
  process->threads = g_ascii_strtoull (fields[STAT_THREADS], NULL, 10);
  process->resident_bytes = g_ascii_strtoull (fields[STAT_RESIDENT_PAGES], NULL, 10) * (guint64)sysconf (_SC_PAGESIZE);
}

/* Linux 6.2 and later tell the number as the folder's size; before, its entries are counted. */
static guint64
count_fds (void)
{
  struct stat status;
  g_autoptr (GDir) folder = NULL;
  guint64 n = 0;

  if (stat ("/proc/self/fd", &status) == 0 && status.st_size > 0)
    return (guint64)status.st_size;
  folder = g_dir_open ("/proc/self/fd", 0, NULL);
  while (folder != NULL && g_dir_read_name (folder) != NULL)
    n++;
  return n > 0 ? n - 1 : 0; /* one of them was the folder's own */
}

static double
seconds_of (const struct timeval *time)
{
  return (double)time->tv_sec + (double)time->tv_usec / G_USEC_PER_SEC;
}

void
ap_process_read (ApProcess *process)
{
  struct rusage usage;
  struct rlimit limit;

  memset (process, 0, sizeof *process);
  read_stat (process);
  process->open_fds = count_fds ();
  if (getrusage (RUSAGE_SELF, &usage) == 0)
    process->cpu_seconds = seconds_of (&usage.ru_utime) + seconds_of (&usage.ru_stime);
  if (getrlimit (RLIMIT_NOFILE, &limit) == 0)
    process->max_fds = limit.rlim_cur;
}
