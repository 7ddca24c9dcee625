/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin mulawdemo: registers its three elements. */
#include "config.h"

#include "gsthalfbanddemo.h"
#include "gstmulawcarry.h"
#include "gstmulawdecdemo.h"
#include "gstmulawencdemo.h"
#include "mulaw-kernel.h"

GST_DEBUG_CATEGORY (gst_mulaw_demo_debug);
#define GST_CAT_DEFAULT gst_mulaw_demo_debug

/**
 * plugin-mulawdemo:
 *
 * G.711 mu-law, made to be read.
 *
 * Since: 0.1
 */
static gboolean
plugin_init (GstPlugin *plugin)
{
  const gchar *wanted = g_getenv ("MULAW_DEMO_ISA");
  gboolean registered;

  GST_DEBUG_CATEGORY_INIT (gst_mulaw_demo_debug, "mulawdemo", 0, "What both mu-law elements share");
  GST_INFO ("kernel: %s", mulaw_kernel_isa ());
  if (wanted && !g_str_equal (wanted, mulaw_kernel_isa ()))
    GST_WARNING ("MULAW_DEMO_ISA=%s is not to be had here; using %s", wanted, mulaw_kernel_isa ());
  registered = GST_ELEMENT_REGISTER (mulawenc_demo, plugin);
  registered |= GST_ELEMENT_REGISTER (mulawdec_demo, plugin);
  registered |= GST_ELEMENT_REGISTER (halfband_demo, plugin);
  return registered;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, mulawdemo, "G.711 mu-law, and a resampler by two", plugin_init,
                   VERSION, "LGPL", GST_PACKAGE_NAME, GST_PACKAGE_ORIGIN)
