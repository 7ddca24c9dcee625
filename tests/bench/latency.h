/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Percentiles of durations in constant memory: a histogram with 32 steps to the octave, so within 3 %. */
#pragma once

#include <glib.h>

typedef struct {
  guint64 counts[64 * 32];
  guint64 total;
} Latency;

static inline guint
latency_octave (gint64 ns)
{
  return 63 - (guint)__builtin_clzll ((guint64)ns);
}

/* Below 32 ns it counts 32. */
static inline void
latency_add (Latency *self, gint64 ns)
{
  gint64 value = MAX (ns, 32);
  guint octave = latency_octave (value);

  self->counts[octave * 32 + ((value >> (octave - 5)) & 31)]++;
  self->total++;
}

/* Returns: the duration in ns that @percent of them do not exceed */
static inline double
latency_percentile (const Latency *self, double percent)
{
  guint64 wanted = (guint64)((double)self->total * percent / 100);
  guint64 seen = 0;

  for (guint i = 5 * 32; i < G_N_ELEMENTS (self->counts); i++) {
    seen += self->counts[i];
    if (seen > wanted || (seen > 0 && seen == self->total))
      return (double)((guint64)(32 + i % 32 + 1) << (i / 32 - 5));
  }
  return 0;
}
