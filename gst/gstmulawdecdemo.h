/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element mulawdec_demo. */
#pragma once

#include <gst/audio/gstaudiodecoder.h>

G_BEGIN_DECLS

#define GST_TYPE_MULAW_DEC_DEMO (gst_mulaw_dec_demo_get_type ())
G_DECLARE_FINAL_TYPE (GstMulawDecDemo, gst_mulaw_dec_demo, GST, MULAW_DEC_DEMO, GstAudioDecoder)

GST_ELEMENT_REGISTER_DECLARE (mulawdec_demo)

G_END_DECLS
