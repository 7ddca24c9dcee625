/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the mu-law elements share. */
#include "mulaw-check.h"

/* A leak checker, if there is one, asks here. GStreamer 1.22 keeps old lists of log functions on purpose, and loses
 * parts of encoding profiles. */
const char *__lsan_default_suppressions (void);

const char *
__lsan_default_suppressions (void)
{
  return "leak:gst_debug_add_log_function\nleak:libgstencoding\nleak:libgstpbutils\n";
}

GstHarness *
check_harness (const char *description, const char *caps)
{
  GstHarness *harness = gst_harness_new_parse (description);

  gst_harness_set_src_caps_str (harness, caps);
  return harness;
}

gboolean
check_has (const char *element)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (element);

  if (!factory)
    g_print ("%s is not installed: skipped what needs it\n", element);
  return factory != NULL;
}

GstBuffer *
check_buffer (const void *bytes, gsize size, GstClockTime pts)
{
  GstBuffer *buffer = size > 0 ? gst_buffer_new_memdup (bytes, size) : gst_buffer_new ();

  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

GstFlowReturn
check_push (GstHarness *harness, const void *bytes, gsize size, GstClockTime pts)
{
  return gst_harness_push (harness, check_buffer (bytes, size, pts));
}

GBytes *
check_pull_bytes (GstHarness *harness)
{
  GByteArray *all = g_byte_array_new ();
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (harness))) {
    GstMapInfo map;

    fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
    g_byte_array_append (all, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  return g_byte_array_free_to_bytes (all);
}

void
check_bytes_equal (GBytes *a, GBytes *b)
{
  fail_unless_equals_int (g_bytes_get_size (a), g_bytes_get_size (b));
  fail_unless (g_bytes_equal (a, b));
}

guint32
check_crc32 (gconstpointer bytes, gsize size)
{
  const guint8 *byte = bytes;
  guint32 crc = G_MAXUINT32;

  for (gsize i = 0; i < size; i++) {
    crc ^= byte[i];
    for (int bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

const gint16 *
check_all_samples (void)
{
  static gint16 samples[65536];

  for (int i = 0; i < 65536; i++)
    samples[i] = (gint16)(i - 32768);
  return samples;
}

const guint8 *
check_all_codes (void)
{
  static guint8 codes[256];

  for (int i = 0; i < 256; i++)
    codes[i] = (guint8)i;
  return codes;
}

GBytes *
check_run (const char *element, const char *caps, const void *bytes, gsize size)
{
  GstHarness *harness = check_harness (element, caps);
  GBytes *out;

  fail_unless_equals_int (check_push (harness, bytes, size, 0), GST_FLOW_OK);
  out = check_pull_bytes (harness);
  gst_harness_teardown (harness);
  return out;
}

GstBus *
check_bus (GstHarness *harness)
{
  GstBus *bus = gst_bus_new ();

  gst_element_set_bus (harness->element, bus);
  return bus;
}

guint
check_count_messages (GstBus *bus, GstMessageType type)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop (bus))) {
    n += GST_MESSAGE_TYPE (message) == type;
    gst_message_unref (message);
  }
  return n;
}

const CheckCodec check_codecs[N_CODECS] = {
  { "mulawenc_demo", PCM_CAPS (8000, 1), PCM_CAPS (16000, 2), MULAW_CAPS (8000, 1), 320, 160 },
  { "mulawdec_demo", MULAW_CAPS (8000, 1), MULAW_CAPS (16000, 2), PCM_CAPS (8000, 1), 160, 320 },
};

GstHarness *
check_codec (int row)
{
  return check_harness (check_codecs[row].element, check_codecs[row].caps);
}

GstFlowReturn
check_push_frame (GstHarness *harness, int row, GstClockTime pts)
{
  return check_push (harness, check_all_samples (), check_codecs[row].size, pts);
}

GstBuffer *
check_pull_frame (GstHarness *harness, int row, GstClockTime pts)
{
  GstBuffer *buffer = gst_harness_try_pull (harness);

  fail_unless (buffer != NULL);
  fail_unless_equals_int (gst_buffer_get_size (buffer), check_codecs[row].size_out);
  fail_unless_equals_clocktime (GST_BUFFER_PTS (buffer), pts);
  fail_unless_equals_clocktime (GST_BUFFER_DURATION (buffer), FRAME);
  return buffer;
}

void
check_frame (GstHarness *harness, int row, GstClockTime pts)
{
  gst_buffer_unref (check_pull_frame (harness, row, pts));
}

void
check_push_segment (GstHarness *harness, gdouble rate, GstClockTime start, GstClockTime stop)
{
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = rate;
  segment.start = segment.time = start;
  segment.stop = stop;
  segment.position = rate > 0 ? start : stop;
  fail_unless (gst_harness_push_event (harness, gst_event_new_segment (&segment)));
}

void
check_caps (GstHarness *harness, const char *expected)
{
  g_autoptr (GstCaps) caps = gst_pad_get_current_caps (harness->sinkpad), wanted = gst_caps_from_string (expected);

  fail_unless (caps != NULL);
  fail_unless (gst_caps_is_subset (caps, wanted), "%" GST_PTR_FORMAT " is not %s", caps, expected);
}

guint
check_count_events (GstHarness *harness, GstEventType type)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_event (harness))) {
    n += GST_EVENT_TYPE (event) == type;
    gst_event_unref (event);
  }
  return n;
}
