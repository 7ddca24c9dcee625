/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rounds in turn, and their median. */
#include "bench-measure.h"

#include <time.h>

BenchCase *
bench_case_new (gchar *name, void (*run) (gpointer), gpointer data, GDestroyNotify free_data, gdouble n_samples)
{
  BenchCase *self = g_new0 (BenchCase, 1);

  self->name = name;
  self->run = run;
  self->data = data;
  self->free = free_data;
  self->n_samples = n_samples;
  self->rounds = g_array_new (FALSE, FALSE, sizeof (gdouble));
  return self;
}

void
bench_case_free (BenchCase *self)
{
  if (self->free)
    self->free (self->data);
  g_array_unref (self->rounds);
  g_free (self->name);
  g_free (self);
}

/* Of this thread: time in which others have the core does not count. */
static gdouble
thread_nanoseconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);
  return (gdouble)now.tv_sec * 1e9 + (gdouble)now.tv_nsec;
}

static void
measure_once (BenchCase *self)
{
  gdouble start = thread_nanoseconds (), each;

  self->run (self->data);
  each = (thread_nanoseconds () - start) / self->n_samples;
  g_array_append_val (self->rounds, each);
}

void
bench_measure (GPtrArray *cases, guint n_rounds)
{
  for (guint i = 0; i < cases->len; i++) {
    BenchCase *warm_up = g_ptr_array_index (cases, i);

    warm_up->run (warm_up->data);
  }
  for (guint round = 0; round < n_rounds; round++)
    for (guint i = 0; i < cases->len; i++)
      measure_once (g_ptr_array_index (cases, i));
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  gdouble x = *(const gdouble *)a, y = *(const gdouble *)b;

  return (x > y) - (x < y);
}

gdouble
bench_median (const BenchCase *self)
{
  g_array_sort (self->rounds, compare_doubles);
  return g_array_index (self->rounds, gdouble, self->rounds->len / 2);
}
