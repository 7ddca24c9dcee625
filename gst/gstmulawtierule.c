/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's MulawTieRule as a GEnum. */
#include "gstmulawtierule.h"

GType
gst_mulaw_demo_tie_rule_get_type (void)
{
  static const GEnumValue values[] = {
    { MULAW_TIES_ITU, "Smaller magnitude, as ITU-T G.191", "itu" },
    { MULAW_TIES_SIGN_MAGNITUDE, "Larger magnitude, as mulawenc and ITU-T G.726", "sign-magnitude" },
    { 0 },
  };
  static gsize type;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstMulawDemoTieRule", values));
  return type;
}
