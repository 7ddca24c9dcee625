/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes whole samples of buffers that were split anywhere. */
#include "gstmulawcarry.h"

#define GST_CAT_DEFAULT gst_mulaw_demo_debug

static GstClockTime
time_of (const GstMulawCarry *carry, guint64 bytes)
{
  return carry->byte_rate ? gst_util_uint64_scale (bytes, GST_SECOND, carry->byte_rate) : 0;
}

static void
drop_rest (GstMulawCarry *carry)
{
  if (!carry->rest)
    return;
  GST_DEBUG ("dropping %" G_GSIZE_FORMAT " bytes of an unfinished sample", carry->rest->size);
  g_clear_pointer (&carry->rest, gst_memory_unref);
  carry->pts = GST_CLOCK_TIME_NONE;
}

void
gst_mulaw_carry_clear (GstMulawCarry *carry)
{
  drop_rest (carry);
  *carry = (GstMulawCarry){ 0 };
}

void
gst_mulaw_carry_set_format (GstMulawCarry *carry, guint64 unit, guint64 rate)
{
  if (carry->unit == unit && carry->byte_rate == unit * rate)
    return;
  drop_rest (carry);
  carry->unit = unit;
  carry->byte_rate = unit * rate;
}

/* The sample that the rest begins lies before the buffer that ends it, by the time of the bytes carried. So the
 * timestamps follow those of upstream to within a sample, buffer by buffer, and no error adds up. */
static void
prepend_rest (GstMulawCarry *carry, GstBuffer *buffer)
{
  GstClockTime earlier = time_of (carry, carry->rest->size);

  if (GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) -= MIN (earlier, GST_BUFFER_PTS (buffer));
  gst_buffer_prepend_memory (buffer, g_steal_pointer (&carry->rest));
}

static void
say_pending (GstMulawCarry *carry, GstBuffer *buffer)
{
  if (carry->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (!GST_BUFFER_PTS_IS_VALID (buffer))
    GST_BUFFER_PTS (buffer) = carry->pts;
  carry->pending = FALSE;
}

/* What a buffer says that goes into the rest whole must not be lost. */
static void
keep_pending (GstMulawCarry *carry, GstBuffer *buffer)
{
  carry->pending = TRUE;
  carry->discont = GST_BUFFER_IS_DISCONT (buffer);
  carry->pts = GST_BUFFER_PTS (buffer);
}

static void
keep_rest (GstMulawCarry *carry, GstBuffer *buffer, gsize offset, gsize size)
{
  gpointer bytes;
  gsize n_bytes;

  gst_buffer_extract_dup (buffer, offset, size, &bytes, &n_bytes);
  if (n_bytes == size)
    carry->rest = gst_memory_new_wrapped (0, bytes, size, 0, size, bytes, g_free);
  else
    g_free (bytes); /* memory that cannot be read */
}

GstBuffer *
gst_mulaw_carry_join (GstMulawCarry *carry, GstBuffer *buffer)
{
  gsize size, rest;

  if (carry->unit <= 1)
    return buffer;
  if (GST_BUFFER_IS_DISCONT (buffer))
    drop_rest (carry);
  size = gst_buffer_get_size (buffer);
  if (!carry->rest && !carry->pending && size % carry->unit == 0)
    return buffer;

  buffer = gst_buffer_make_writable (buffer);
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_OFFSET (buffer) = GST_BUFFER_OFFSET_END (buffer) = GST_BUFFER_OFFSET_NONE;
  if (carry->rest)
    prepend_rest (carry, buffer);
  if (carry->pending)
    say_pending (carry, buffer);
  size = gst_buffer_get_size (buffer);
  rest = size % carry->unit;
  if (rest > 0)
    keep_rest (carry, buffer, size - rest, rest);
  if (rest < size) {
    gst_buffer_set_size (buffer, size - rest);
    return buffer;
  }
  keep_pending (carry, buffer);
  gst_buffer_unref (buffer);
  return NULL;
}

void
gst_mulaw_carry_event (GstMulawCarry *carry, GstElement *element, GstEvent *event)
{
  GstEventType type = GST_EVENT_TYPE (event);

  if (type == GST_EVENT_EOS && carry->rest)
    GST_ELEMENT_WARNING (element, STREAM, FORMAT, ("The stream ends within a sample."),
                         ("%" G_GSIZE_FORMAT " of %" G_GUINT64_FORMAT " bytes of it came; they are dropped",
                          carry->rest->size, carry->unit));
  if (type == GST_EVENT_EOS || type == GST_EVENT_FLUSH_STOP || type == GST_EVENT_SEGMENT || type == GST_EVENT_GAP ||
      type == GST_EVENT_STREAM_START)
    drop_rest (carry);
  if (type == GST_EVENT_FLUSH_STOP)
    carry->pending = FALSE;
}

GstEvent *
gst_mulaw_carry_segment_in_time (GstMulawCarry *carry, GstEvent *event)
{
  const GstSegment *bytes;
  GstSegment segment;
  GstEvent *converted;

  gst_event_parse_segment (event, &bytes);
  if (bytes->format != GST_FORMAT_BYTES)
    return event;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = segment.position = time_of (carry, bytes->start);
  carry->pending = TRUE;
  carry->discont = FALSE;
  carry->pts = segment.start;
  converted = gst_event_new_segment (&segment);
  gst_event_set_seqnum (converted, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return converted;
}
