/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gst/audio/audio.h>

/* What is needed to place raw audio in time. */
typedef struct {
  gint bytes_per_frame; /* of one sample of every channel; 0 when the caps are not raw audio */
  gint rate;            /* Hz */
} ApAudioFormat;

/* From fixed caps of any kind. */
ApAudioFormat ap_audio_format_from_caps (const GstCaps *caps);

/* How long @bytes of it last; GST_CLOCK_TIME_NONE when the format has no measure. */
GstClockTime ap_audio_format_duration (const ApAudioFormat *format, guint64 bytes);
