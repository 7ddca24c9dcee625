/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbered frames in their order. */
#include "endpoints/twilio/ap-call-order.h"

void
ap_call_order_init (ApCallOrder *order, guint64 first)
{
  *order = (ApCallOrder){ .next = first };
}

static gboolean
is_held (const ApCallOrder *order, guint64 number)
{
  for (guint i = 0; i < order->n_held; i++)
    if (order->held[i].number == number)
      return TRUE;
  return FALSE;
}

static gboolean
is_late (ApCallOrder *order, guint64 number)
{
  if (number >= order->next) {
    order->late_in_a_row = 0;
    return is_held (order, number);
  }
  if (++order->late_in_a_row < AP_CALL_ORDER_WINDOW || order->n_held > 0)
    return TRUE;
  order->late_in_a_row = 0;
  order->next = number;
  return FALSE;
}

gboolean
ap_call_order_put (ApCallOrder *order, guint64 number, gpointer frame)
{
  g_return_val_if_fail (frame != NULL && order->n_held < AP_CALL_ORDER_WINDOW, FALSE);
  if (is_late (order, number)) {
    order->late++;
    return FALSE;
  }
  order->held[order->n_held++] = (ApCallOrdered){ number, frame };
  return TRUE;
}

gpointer
ap_call_order_take (ApCallOrder *order, gboolean all)
{
  guint first = 0;
  ApCallOrdered taken;

  for (guint i = 1; i < order->n_held; i++)
    if (order->held[i].number < order->held[first].number)
      first = i;
  if (order->n_held == 0 || (order->held[first].number != order->next && order->n_held < AP_CALL_ORDER_WINDOW && !all))
    return NULL;
  taken = order->held[first];
  order->held[first] = order->held[--order->n_held];
  order->missing += taken.number - order->next;
  order->next = taken.number + 1;
  return taken.frame;
}
