/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-error.h"

/* Not by G_DEFINE_QUARK(), whose cache two workers may write at the same moment. */
GQuark
ap_error_quark (void)
{
  return g_quark_from_static_string ("ap-error-quark");
}
