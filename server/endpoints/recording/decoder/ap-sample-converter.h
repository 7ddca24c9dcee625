/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

#include <gst/gst.h>

/* Samples of any kind to S16LE of a recording's rate and channels, as `audioconvert dithering=none ! audioresample`
 * makes them, to the bit; what is that already is passed on as it is. The two elements would cost every frame a walk
 * through them, and every decoder 0.2 ms for their start. */
typedef struct _ApSampleConverter ApSampleConverter;

/* @owner: passed to @pcm */
ApSampleConverter *ap_sample_converter_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner);
void ap_sample_converter_free (ApSampleConverter *converter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApSampleConverter, ap_sample_converter_free)

/**
 * ap_sample_converter_set_caps:
 * @caps: audio/x-raw, fixed: of what comes from now on
 *
 * What was held back of what came before comes out. Errors: what the call back returned;
 * AP_RECORDING_ERROR_UNDECODABLE, where the caps describe no samples.
 */
gboolean ap_sample_converter_set_caps (ApSampleConverter *converter, GstCaps *caps, GError **error);

/* The next of @skip frames, of those that are still to come, are left out. */
void ap_sample_converter_skip (ApSampleConverter *converter, guint64 frames);

/* No frame behind the first @frames, counted from the beginning and without those that are left out there, goes in. */
void ap_sample_converter_limit (ApSampleConverter *converter, guint64 frames);

/* Errors: what the call back returned. */
gboolean ap_sample_converter_push (ApSampleConverter *converter, GstBuffer *buffer, GError **error);

/* What was held back comes out. */
gboolean ap_sample_converter_end (ApSampleConverter *converter, GError **error);

/* Bytes that have come out. */
guint64 ap_sample_converter_get_made (const ApSampleConverter *converter);
