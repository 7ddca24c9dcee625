/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What waits in a context for its time. */
#pragma once

#include <glib.h>

/* Returns: whether a source of @context has a time at which it is due; the context must be at rest */
static inline gboolean
context_has_timer (GMainContext *context)
{
  int timeout_ms = -1;
  int priority = 0;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, G_MAXINT, &timeout_ms, NULL, 0);
  g_main_context_release (context);
  return timeout_ms >= 0;
}
