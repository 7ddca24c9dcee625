/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

/* The containers PCM and WAV, as ap_decoder_chain_new() has them. */
ApDecoder *ap_decoder_wav_new (const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner);
