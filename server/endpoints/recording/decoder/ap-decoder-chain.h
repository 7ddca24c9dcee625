/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

/**
 * ap_decoder_chain_new:
 * @owner: passed to @pcm
 *
 * A decoder in this process. Samples that need no conversion, and the container WAV, are handled by code of this
 * project; all else by a fixed chain of GStreamer's elements, run directly: no thread, and no element is chosen by
 * what the bytes look like. From any thread.
 *
 * Errors: AP_ERROR_CONFIG, where an element is not installed.
 */
ApDecoder *ap_decoder_chain_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner, GError **error);
