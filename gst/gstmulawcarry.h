/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes whole samples of buffers that were split anywhere, for both elements: a network does not respect samples, and
 * GStreamer's audio base classes end the stream at a buffer that is not whole. */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (gst_mulaw_demo_debug);

/* All zero is "nothing carried, no format yet". Touched by the streaming thread only, and while there is none. */
typedef struct {
  guint64 unit;      /* bytes of one sample of all channels; 0 before caps */
  guint64 byte_rate; /* unit * samples per second */
  GstMemory *rest;   /* less than a unit, or NULL */
  gboolean pending;  /* the next buffer that goes out is to say: */
  gboolean discont;
  GstClockTime pts; /* if it has none of its own */
} GstMulawCarry;

/* For new caps. A rest of another format is dropped. */
void gst_mulaw_carry_set_format (GstMulawCarry *carry, guint64 unit, guint64 rate);

/* Back to all zero. */
void gst_mulaw_carry_clear (GstMulawCarry *carry);

/* Takes @buffer, and gives back the rest of the one before with as much of @buffer as makes whole samples; or NULL, if
 * that is less than one sample. A DISCONT buffer does not continue the rest, which is dropped. */
GstBuffer *gst_mulaw_carry_join (GstMulawCarry *carry, GstBuffer *buffer);

/* To be told of each serialized event before it is handled. After a flush, a gap and a new segment nothing continues;
 * at EOS a rest is worth a warning message on @element. */
void gst_mulaw_carry_event (GstMulawCarry *carry, GstElement *element, GstEvent *event);

/* Takes a SEGMENT event, and gives one in TIME, where it was in BYTES; the buffer that follows gets its start. */
GstEvent *gst_mulaw_carry_segment_in_time (GstMulawCarry *carry, GstEvent *event);

G_END_DECLS
