/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* How long things took: counts by size, in steps of 1, 2 and 5 from 10 microseconds to 5 seconds. One thread adds; any
 * may read meanwhile. */
#define AP_HISTOGRAM_BOUNDS 18

typedef struct {
  guint64 counts[AP_HISTOGRAM_BOUNDS + 1]; /* of each step alone; the last: above every bound */
  guint64 sum_us;
} ApHistogram;

/* The upper ends of the steps, which belong to them, in microseconds. */
extern const gint64 ap_histogram_bounds_us[AP_HISTOGRAM_BOUNDS];

/* A negative @us counts as 0: clocks are read by two threads. */
void ap_histogram_add (ApHistogram *histogram, gint64 us);
