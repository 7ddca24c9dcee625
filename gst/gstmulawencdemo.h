/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element mulawenc_demo. */
#pragma once

#include <gst/audio/gstaudioencoder.h>

G_BEGIN_DECLS

#define GST_TYPE_MULAW_ENC_DEMO (gst_mulaw_enc_demo_get_type ())
G_DECLARE_FINAL_TYPE (GstMulawEncDemo, gst_mulaw_enc_demo, GST, MULAW_ENC_DEMO, GstAudioEncoder)

GST_ELEMENT_REGISTER_DECLARE (mulawenc_demo)

G_END_DECLS
