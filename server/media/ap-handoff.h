/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The one way from a streaming thread to the worker. What is posted is taken in order and in batches: a batch costs one
 * wake-up, however long it is. */
typedef struct _ApHandoff ApHandoff;

/**
 * ap_handoff_new:
 * @context: the worker's context
 * @take: called on the worker with the items posted since the last call, oldest first; the items are the callee's,
 *   the array is not
 * @free_item: for items that are never taken
 */
ApHandoff *ap_handoff_new (GMainContext *context, void (*take) (GPtrArray *items, gpointer data), gpointer data,
                           GDestroyNotify free_item);

/* From any thread. After ap_handoff_stop() the item is freed. */
void ap_handoff_post (ApHandoff *handoff, gpointer item);

/* On the worker: nothing is taken any more. Streaming threads may still post. */
void ap_handoff_stop (ApHandoff *handoff);

ApHandoff *ap_handoff_ref (ApHandoff *handoff);
void ap_handoff_unref (ApHandoff *handoff);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApHandoff, ap_handoff_unref)
