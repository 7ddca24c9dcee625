/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-invoke.h"

void
ap_invoke (GMainContext *context, GSourceFunc func, gpointer data, GDestroyNotify destroy)
{
  g_autoptr (GSource) source = g_idle_source_new ();

  /* Not at the priority of an idle source, for which a busy worker has no time. */
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, destroy);
  g_source_attach (source, context);
}
