/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-audio-format.h"

ApAudioFormat
ap_audio_format_from_caps (const GstCaps *caps)
{
  GstAudioInfo info;

  if (!gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw") ||
      !gst_audio_info_from_caps (&info, caps))
    return (ApAudioFormat){ 0 };
  return (ApAudioFormat){ GST_AUDIO_INFO_BPF (&info), GST_AUDIO_INFO_RATE (&info) };
}

GstClockTime
ap_audio_format_duration (const ApAudioFormat *format, guint64 bytes)
{
  if (format->bytes_per_frame == 0)
    return GST_CLOCK_TIME_NONE;
  return gst_util_uint64_scale_int (bytes / (guint64)format->bytes_per_frame, GST_SECOND, format->rate);
}
