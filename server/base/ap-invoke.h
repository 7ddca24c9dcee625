/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/**
 * ap_invoke:
 * @func: returns G_SOURCE_REMOVE
 * @destroy: (nullable): frees @data afterwards, also if the context ends before it comes to @func
 *
 * Has @func called once by the thread that runs @context. Never calls it at once, as g_main_context_invoke() does where
 * nobody runs the context at the moment: that may be because its thread has not begun, or is about to end. From any
 * thread.
 */
void ap_invoke (GMainContext *context, GSourceFunc func, gpointer data, GDestroyNotify destroy);
