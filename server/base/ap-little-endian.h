/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Numbers of @size bytes, at most 8, the lowest byte first, at any address. */

static inline void
ap_put_le (guint8 *at, guint size, guint64 value)
{
  for (guint i = 0; i < size; i++)
    at[i] = (guint8)(value >> 8 * i);
}

static inline guint64
ap_get_le (const guint8 *at, guint size)
{
  guint64 value = 0;

  for (guint i = 0; i < size; i++)
    value |= (guint64)at[i] << 8 * i;
  return value;
}
