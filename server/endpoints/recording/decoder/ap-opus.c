/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/recording/decoder/ap-opus.h"

#include <string.h>

enum {
  VERSION = 8,
  CHANNELS = 9,
  PRE_SKIP = 10,
  FAMILY = 18,
  STREAMS = 19, /* and what follows: not in family 0 */
  COUPLED = 20,
  MAPPING = 21, /* a byte for each channel */
};

#define MAX_SAMPLES (AP_OPUS_RATE * 120 / 1000)
#define SILENT      255 /* a channel that no stream is for */

static gboolean
parse_mapping (ApOpusHead *head, const guint8 *data, gsize length)
{
  head->streams = 1;
  head->coupled = head->channels - 1;
  head->length = STREAMS;
  if (head->family == 0)
    return head->channels <= 2;
  head->length = MAPPING + head->channels;
  if (head->family != 1 || head->channels > 8 || length < head->length)
    return FALSE;
  head->streams = data[STREAMS];
  head->coupled = data[COUPLED];
  if (head->streams == 0 || head->coupled > head->streams || head->streams + head->coupled > 255)
    return FALSE;
  for (guint i = 0; i < head->channels; i++)
    if (data[MAPPING + i] != SILENT && data[MAPPING + i] >= head->streams + head->coupled)
      return FALSE;
  return TRUE;
}

/* What family 0 would be, in the words of family 1, which fewer decoders know. */
static void
simplify (ApOpusHead *head)
{
  static const guint8 in_order[] = { 0, 1 };

  if (head->family == 0 || head->channels > 2 || head->streams > 1 || head->coupled != head->channels - 1 ||
      memcmp (head->bytes + MAPPING, in_order, head->channels) != 0)
    return;
  head->family = head->bytes[FAMILY] = 0;
  head->length = STREAMS;
}

gboolean
ap_opus_head_parse (ApOpusHead *head, const guint8 *data, gsize length)
{
  /* The upper half of the version changes with what an older reader does not understand. */
  if (length < STREAMS || memcmp (data, "OpusHead", 8) != 0 || data[VERSION] > 15 || data[CHANNELS] == 0)
    return FALSE;
  head->channels = data[CHANNELS];
  head->pre_skip = data[PRE_SKIP] | (guint)data[PRE_SKIP + 1] << 8;
  head->family = data[FAMILY];
  if (!parse_mapping (head, data, length))
    return FALSE;
  memcpy (head->bytes, data, head->length);
  simplify (head);
  return TRUE;
}

static void
append_header (GValue *headers, const void *bytes, gsize length)
{
  GstBuffer *buffer = gst_buffer_new_memdup (bytes, length);
  GValue value = G_VALUE_INIT;

  g_value_init (&value, GST_TYPE_BUFFER);
  gst_value_take_buffer (&value, buffer);
  gst_value_array_append_and_take_value (headers, &value);
}

GstCaps *
ap_opus_head_to_caps (const ApOpusHead *head)
{
  /* The decoder takes the head from the caps only where comments are beside it: there are none. */
  static const guint8 no_comments[16] = "OpusTags";
  GstCaps *caps = gst_caps_new_simple ("audio/x-opus", "rate", G_TYPE_INT, AP_OPUS_RATE, "channels", G_TYPE_INT,
                                       (gint)head->channels, "channel-mapping-family", G_TYPE_INT, (gint)head->family,
                                       "stream-count", G_TYPE_INT, (gint)head->streams, "coupled-count", G_TYPE_INT,
                                       (gint)head->coupled, NULL);
  GValue headers = G_VALUE_INIT;

  g_value_init (&headers, GST_TYPE_ARRAY);
  append_header (&headers, head->bytes, head->length);
  append_header (&headers, no_comments, sizeof no_comments);
  gst_structure_take_value (gst_caps_get_structure (caps, 0), "streamheader", &headers);
  return caps;
}

const char *
ap_opus_head_to_elements (const ApOpusHead *head)
{
  return head->family == 0 ? "avdec_opus" : "opusdec ! capsfilter caps=audio/x-raw,rate=48000";
}

/* By the packet's first five bits. */
static guint
frame_samples (guint config)
{
  if (config < 12)
    return config % 4 == 3 ? 2880 : 480u << config % 4;         /* SILK: 10, 20, 40, 60 ms */
  return config < 16 ? 480u << config % 2 : 120u << config % 4; /* both: 10, 20 ms; CELT: 2.5, 5, 10, 20 ms */
}

guint
ap_opus_packet_samples (const guint8 *packet, gsize length)
{
  guint frames, samples;

  if (length == 0 || (packet[0] % 4 == 3 && length == 1))
    return 0;
  frames = packet[0] % 4 == 0 ? 1 : packet[0] % 4 < 3 ? 2 : packet[1] % 64;
  samples = frames * frame_samples (packet[0] / 8);
  return samples <= MAX_SAMPLES ? samples : 0;
}
