/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's MulawTieRule as a GEnum, for the property of mulawenc_demo. */
#pragma once

#include "mulaw-kernel.h"

#include <glib-object.h>

G_BEGIN_DECLS

/**
 * GstMulawDemoTieRule:
 * @itu: as ITU-T G.191
 * @sign-magnitude: as GStreamer's mulawenc and ITU-T G.726
 *
 * The code of the 127 negative samples that lie exactly between two codes.
 *
 * Since: 0.1
 */
#define GST_TYPE_MULAW_DEMO_TIE_RULE (gst_mulaw_demo_tie_rule_get_type ())
GType gst_mulaw_demo_tie_rule_get_type (void);

G_END_DECLS
