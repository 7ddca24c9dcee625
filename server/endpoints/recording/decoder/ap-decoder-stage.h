/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

#include <gst/gst.h>

/* Elements that make samples, run as a direct ApPipeline, and the conversion of these to a recording's format. */
typedef struct _ApDecoderStage ApDecoderStage;

/**
 * ap_decoder_stage_new:
 * @elements: (nullable): what makes samples; NULL: what goes in is samples
 * @caps: (nullable): of what goes in; NULL: bytes
 */
ApDecoderStage *ap_decoder_stage_new (const char *elements, GstCaps *caps, const ApDecoderSpec *spec, ApDecoderPcm pcm,
                                      gpointer owner, GError **error);
void ap_decoder_stage_free (ApDecoderStage *stage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoderStage, ap_decoder_stage_free)

/* What is not to be heard, in frames of what the elements make: so many at the beginning, and all behind so many from
 * there. */
void ap_decoder_stage_skip (ApDecoderStage *stage, guint64 frames);
void ap_decoder_stage_limit (ApDecoderStage *stage, guint64 frames);

/* At once, so not too much of it; where there are no elements, whole frames. Errors: as ap_decoder_feed(). */
gboolean ap_decoder_stage_push (ApDecoderStage *stage, const guint8 *data, gsize length, GError **error);
gboolean ap_decoder_stage_end (ApDecoderStage *stage, GError **error);

/* Bytes of samples that have come out. */
guint64 ap_decoder_stage_get_made (ApDecoderStage *stage);
