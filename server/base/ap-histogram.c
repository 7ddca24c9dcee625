/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-histogram.h"

#include "base/ap-metrics.h"

const gint64 ap_histogram_bounds_us[AP_HISTOGRAM_BOUNDS] = {
  10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000, 1000000, 2000000, 5000000,
};

void
ap_histogram_add (ApHistogram *histogram, gint64 us)
{
  guint step = 0;

  while (step < AP_HISTOGRAM_BOUNDS && us > ap_histogram_bounds_us[step])
    step++;
  ap_count (&histogram->counts[step], 1);
  ap_count (&histogram->sum_us, (guint64)MAX (us, 0));
}
