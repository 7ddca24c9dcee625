/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures kernels and elements side by side. */
#pragma once

#include <glib.h>

/* One thing to measure: @run does @n_samples samples of work, all of it on the calling thread. */
typedef struct BenchCase {
  gchar *name;
  void (*run) (gpointer data);
  gpointer data;
  GDestroyNotify free;
  gdouble n_samples;
  GArray *rounds; /* gdouble, nanoseconds for each sample */
} BenchCase;

BenchCase *bench_case_new (gchar *name, void (*run) (gpointer), gpointer data, GDestroyNotify free_data,
                           gdouble n_samples);
void bench_case_free (BenchCase *self);

/* Runs all @cases in turn, round after round, so that a slow moment of the machine meets all of them. */
void bench_measure (GPtrArray *cases, guint n_rounds);

/* Median over the rounds: nanoseconds of this thread's CPU time for each sample. */
gdouble bench_median (const BenchCase *self);

/* PCM that sounds like speech: Laplace distribution, with loud and quiet stretches. */
gint16 *bench_speech (gsize n_samples);

/* Each prints its table, with a mark where a target is missed, and gives back the number of marks. */
guint bench_kernels (guint n_rounds);
guint bench_elements (guint n_rounds);

/* The share of GStreamer's element that its law takes, in nanoseconds for each sample; see the file for how. */
BenchCase *bench_gstreamer_case (gboolean encode, gsize samples_per_buffer);
