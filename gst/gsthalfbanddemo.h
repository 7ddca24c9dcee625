/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_HALFBAND_DEMO (gst_halfband_demo_get_type ())
G_DECLARE_FINAL_TYPE (GstHalfbandDemo, gst_halfband_demo, GST, HALFBAND_DEMO, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (halfband_demo)

G_END_DECLS
