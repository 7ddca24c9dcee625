/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Puts numbered frames of a peer that does not keep their order into it again. A pure machine; to be embedded, all
 * fields are its own. One thread.
 *
 * A frame whose turn it is goes at once; one that is early is held until those before it have come, or until so many
 * are held that these are given up. */
#define AP_CALL_ORDER_WINDOW 8

typedef struct {
  guint64 number;
  gpointer frame;
} ApCallOrdered;

typedef struct {
  guint64 next; /* number */
  ApCallOrdered held[AP_CALL_ORDER_WINDOW];
  guint n_held;
  guint late_in_a_row;
  guint64 late;    /* came after their turn had been given up, or twice */
  guint64 missing; /* given up */
} ApCallOrder;

/* @first: the number of the first frame. */
void ap_call_order_init (ApCallOrder *order, guint64 first);

/* @frame: not NULL; it stays the caller's if this returns FALSE: it is late. After each put, ap_call_order_take() is to
 * be called until it gives NULL. As many late ones in a row as are held at most are taken for a peer that counts anew.
 */
gboolean ap_call_order_put (ApCallOrder *order, guint64 number, gpointer frame);

/* Returns: the frame whose turn it is; at the end of the stream (@all) also what waits for others. NULL: none. */
gpointer ap_call_order_take (ApCallOrder *order, gboolean all);
