/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the mu-law elements share. */
#pragma once

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>

#define PCM_CAPS(rate, channels)                                                                                       \
  "audio/x-raw,format=" GST_STR_S16 ",layout=interleaved,rate=" #rate ",channels=" #channels
#define MULAW_CAPS(rate, channels) "audio/x-mulaw,rate=" #rate ",channels=" #channels

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define GST_STR_S16   "S16LE"
#define GST_STR_ALIEN "S16BE"
#else
#define GST_STR_S16   "S16BE"
#define GST_STR_ALIEN "S16LE"
#endif

/* A harness around @description, with @caps set and a TIME segment sent. */
GstHarness *check_harness (const char *description, const char *caps);

/* Whether @element is installed; if not, says that what follows is skipped. */
gboolean check_has (const char *element);

GstBuffer *check_buffer (const void *bytes, gsize size, GstClockTime pts);
GstFlowReturn check_push (GstHarness *harness, const void *bytes, gsize size, GstClockTime pts);

/* All that came out so far, in one piece. */
GBytes *check_pull_bytes (GstHarness *harness);

void check_bytes_equal (GBytes *a, GBytes *b);
guint32 check_crc32 (gconstpointer bytes, gsize size);

/* -32768 .. 32767, and 0x00 .. 0xff. */
const gint16 *check_all_samples (void);
const guint8 *check_all_codes (void);

/* What @element (of a codec) makes of @size bytes in one buffer. */
GBytes *check_run (const char *element, const char *caps, const void *bytes, gsize size);

/* Number of messages of @type that @harness' element posted on @bus since the last call. */
GstBus *check_bus (GstHarness *harness);
guint check_count_messages (GstBus *bus, GstMessageType type);

/* Both elements, mono at 8 kHz; the tests that hold for both loop over these. */
typedef struct {
  const char *element, *caps, *stereo, *out_caps;
  gsize size, size_out; /* of a frame */
} CheckCodec;

enum { ENCODER, DECODER, N_CODECS };

extern const CheckCodec check_codecs[N_CODECS];

#define FRAME (20 * GST_MSECOND)

GstHarness *check_codec (int row);
GstFlowReturn check_push_frame (GstHarness *harness, int row, GstClockTime pts);

/* Pulls a buffer, which must be a whole frame at @pts. */
GstBuffer *check_pull_frame (GstHarness *harness, int row, GstClockTime pts);
void check_frame (GstHarness *harness, int row, GstClockTime pts);

void check_push_segment (GstHarness *harness, gdouble rate, GstClockTime start, GstClockTime stop);
void check_caps (GstHarness *harness, const char *expected);

/* Number of events of @type that came out since the last call. */
guint check_count_events (GstHarness *harness, GstEventType type);
