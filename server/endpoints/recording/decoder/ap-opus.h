/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/gst.h>

/* What must be known of Opus outside its decoder: RFC 7845, section 5.1 (the head); RFC 6716, section 3.1 (how long a
 * packet is). */

/* Samples are counted at this rate, whatever rate a decoder makes. */
#define AP_OPUS_RATE 48000

typedef struct {
  guint8 bytes[29]; /* as it came, without what a later version may have behind it */
  gsize length;
  guint channels; /* 1 to 8 */
  guint pre_skip; /* samples at the beginning that are no audio */
  guint family;   /* 0: one or two channels; 1: those in another order, or up to eight, in that of Vorbis */
  guint streams, coupled;
} ApOpusHead;

/* FALSE: there is no such head, or one of another kind, or it contradicts itself. */
gboolean ap_opus_head_parse (ApOpusHead *head, const guint8 *data, gsize length);

/* What decodes it, always to AP_OPUS_RATE. libavcodec's decoder takes half the time of libopus's, and knows family 0.
 */
const char *ap_opus_head_to_elements (const ApOpusHead *head);

/* (transfer full): for packets into these, without a head or comments. */
GstCaps *ap_opus_head_to_caps (const ApOpusHead *head);

/* Samples of a packet, up to 120 ms of them; 0: it is none. */
guint ap_opus_packet_samples (const guint8 *packet, gsize length);
