/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-audio.h"

#include <gst/gst.h>

/* The elements of a call, for direct pipelines that live as long as the call: the filters keep what they need of the
 * audio before, so that frames join without a click. At the end of the stream they give what they still hold; then as
 * many samples have come back as went in, and at 16 kHz, between, twice as many were. docs/protocols/twilio-audio.md
 * has the figures behind the choice of the resamplers: of the one that knows nothing but a factor of two, and of that
 * for other rates. */
#define AP_CALL_RESAMPLER       "halfband_demo"
#define AP_CALL_OTHER_RESAMPLER "audioresample quality=4 sinc-filter-mode=full"

#define AP_CALL_PCM_CAPS(rate) "audio/x-raw,format=S16LE,layout=interleaved,channels=1,rate=" rate
#define AP_CALL_MULAW_CAPS     "audio/x-mulaw,rate=8000,channels=1"

/* The rate between, for which models are made, in Hz. */
#define AP_CALL_MODEL_RATE 16000

/* Mu-law at 8 kHz to linear PCM at 16 kHz, and back. */
#define AP_CALL_TO_MODEL   "mulawdec_demo ! " AP_CALL_RESAMPLER " ! capsfilter caps=" AP_CALL_PCM_CAPS ("16000")
#define AP_CALL_FROM_MODEL AP_CALL_RESAMPLER " ! " AP_CALL_PCM_CAPS ("8000") " ! mulawenc_demo"

/**
 * ap_call_elements_make:
 * @audio: of the peer, one channel
 * @elements: (nullable): what is between, at the model's rate
 * @caps: (out) (transfer full): of what goes in, and of what is to be asked for at the end
 *
 * Returns: (transfer full) (nullable): from the peer's audio to 16-bit PCM at the model's rate, @elements, and back to
 * the peer's; NULL if there is no decoder for it, or its rate is below a telephone's
 */
char *ap_call_elements_make (const ApCallAudio *audio, const char *elements, GstCaps **caps);

/* Loads what files are decoded with, and what services beside Twilio's need. Returns: FALSE: something is not there */
gboolean ap_call_elements_load (GError **error);

/* Returns: (transfer full): from a WAV file, of linear PCM, mu-law or A-law as @wav's own says, to the peer's audio */
char *ap_call_elements_from_wav (const ApCallAudio *audio, GBytes *wav);

/* Whether a file says to have what can be played: so many channels of such a rate. */
gboolean ap_call_wav_check (GBytes *wav, GError **error);

/* How many bytes @ms of it are, as it says itself. */
gsize ap_call_wav_bytes (GBytes *wav, guint ms);
