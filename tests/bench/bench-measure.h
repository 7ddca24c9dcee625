/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures things side by side. */
#pragma once

#include <glib.h>

/* One thing to measure: @run does @n_samples pieces of work (samples, messages), all of it on the calling thread. */
typedef struct BenchCase {
  gchar *name;
  void (*run) (gpointer data);
  gpointer data;
  GDestroyNotify free;
  gdouble n_samples;
  GArray *rounds; /* gdouble, nanoseconds for each piece */
} BenchCase;

BenchCase *bench_case_new (gchar *name, void (*run) (gpointer), gpointer data, GDestroyNotify free_data,
                           gdouble n_samples);
void bench_case_free (BenchCase *self);

/* Runs all @cases in turn, round after round, so that a slow moment of the machine meets all of them. */
void bench_measure (GPtrArray *cases, guint n_rounds);

/* Median over the rounds: nanoseconds of this thread's CPU time for each piece. */
gdouble bench_median (const BenchCase *self);
