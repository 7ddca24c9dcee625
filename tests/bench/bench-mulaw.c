/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bench-mulaw: the mu-law kernels and elements against GStreamer's own and against memcpy, as ratios. */
#include "bench-mulaw.h"

#include "mulaw-kernel.h"

#include <gst/gst.h>
#include <math.h>
#include <stdlib.h>

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
