/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Measures kernels and elements side by side. */
#pragma once

#include "bench-measure.h"

/* PCM that sounds like speech: Laplace distribution, with loud and quiet stretches. */
gint16 *bench_speech (gsize n_samples);

/* Each prints its table, with a mark where a target is missed, and gives back the number of marks. */
guint bench_kernels (guint n_rounds);
guint bench_elements (guint n_rounds);

/* The share of GStreamer's element that its law takes, in nanoseconds for each sample; see the file for how. */
BenchCase *bench_gstreamer_case (gboolean encode, gsize samples_per_buffer);
