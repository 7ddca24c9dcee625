/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-mulaw: the mu-law kernels and elements against GStreamer's own and against memcpy, as ratios. */
#include "bench-mulaw.h"

#include "mulaw-kernel.h"

#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>
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

gint16 *
bench_speech (gsize n_samples)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (711);
  gint16 *samples = g_new (gint16, n_samples);

  for (gsize i = 0; i < n_samples; i++) {
    gdouble loudness = 200 + 1800 * pow (sin ((gdouble)i / 700), 2);
    gdouble uniform = g_rand_double_range (random, -0.999999, 0.999999);
    gdouble laplace = -loudness * copysign (log1p (-fabs (uniform)), uniform);

    samples[i] = (gint16)CLAMP (laplace, -32768, 32767);
  }
  return samples;
}

int
main (int argc, char **argv)
{
  gboolean quick = FALSE;
  const GOptionEntry entries[] = {
    { "quick", 'q', 0, G_OPTION_ARG_NONE, &quick, "Fewer rounds: a first look in some seconds", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- mu-law kernels and elements, as ratios to GStreamer's");
  g_autoptr (GError) error = NULL;
  guint missed;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  if (!g_option_context_parse (context, &argc, &argv, &error)) {
    g_printerr ("%s\n", error->message);
    return EXIT_FAILURE;
  }
  g_print (
      "CPU time of one thread, median of interleaved rounds over rotating frames of noise shaped like speech.\n"
      "Ratios say how many times faster than GStreamer's mulawenc and mulawdec. Kernel in use by the elements: %s.\n",
      mulaw_kernel_isa ());
  missed = bench_kernels (quick ? 21 : 201);
  missed += bench_elements (quick ? 11 : 101);
  g_print ("\n%u target%s missed.\n", missed, missed == 1 ? "" : "s");
  return EXIT_SUCCESS;
}
