/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The elements between a pad that pushes and a pad that drops, on the calling thread. */
#include "bench-mulaw.h"

#include <gst/gst.h>

#define ROTATION 65536 /* samples in all the frames that take turns */

typedef struct {
  GstElement *element;
  GstPad *src, *sink;
  GPtrArray *frames;
} Stream;

static GstFlowReturn
drop (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  gst_buffer_unref (buffer);
  return GST_FLOW_OK;
}

static GstPad *
link_pad (GstElement *element, const gchar *name)
{
  g_autoptr (GstPad) theirs = gst_element_get_static_pad (element, name);
  gboolean feeds = gst_pad_get_direction (theirs) == GST_PAD_SINK;
  GstPad *ours = gst_pad_new (NULL, feeds ? GST_PAD_SRC : GST_PAD_SINK);

  if (!feeds)
    gst_pad_set_chain_function (ours, drop);
  gst_pad_link (feeds ? ours : theirs, feeds ? theirs : ours);
  gst_pad_set_active (ours, TRUE);
  return ours;
}

static void
push_start (GstPad *src, gboolean encode)
{
  g_autoptr (GstCaps) caps =
      gst_caps_from_string (encode ? "audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=1"
                                   : "audio/x-mulaw,rate=8000,channels=1");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_push_event (src, gst_event_new_stream_start ("bench"));
  gst_pad_push_event (src, gst_event_new_caps (caps));
  gst_pad_push_event (src, gst_event_new_segment (&segment));
}

static void
run_stream (gpointer data)
{
  Stream *stream = data;

  for (guint i = 0; i < stream->frames->len; i++)
    if (gst_pad_push (stream->src, gst_buffer_ref (g_ptr_array_index (stream->frames, i))) != GST_FLOW_OK)
      g_error ("the element refused a buffer");
}

static void
free_stream (gpointer data)
{
  Stream *stream = data;

  gst_element_set_state (stream->element, GST_STATE_NULL);
  gst_object_unref (stream->src);
  gst_object_unref (stream->sink);
  gst_object_unref (stream->element);
  g_ptr_array_unref (stream->frames);
  g_free (stream);
}

/* Frames whose timestamps go on, round after round, are not needed: without any, both elements count samples. */
static GPtrArray *
make_frames (gboolean encode, gsize samples_per_buffer)
{
  GPtrArray *frames = g_ptr_array_new_with_free_func ((GDestroyNotify)gst_buffer_unref);
  gsize total = MAX (ROTATION, 4 * samples_per_buffer), sample_size = encode ? 2 : 1;
  g_autofree gint16 *samples = bench_speech (total);
  const guint8 *bytes = (const guint8 *)samples;

  for (gsize i = 0; i + samples_per_buffer <= total; i += samples_per_buffer)
    g_ptr_array_add (frames, gst_buffer_new_memdup (bytes + i * sample_size, samples_per_buffer * sample_size));
  return frames;
}

static BenchCase *
stream_case (const gchar *element, gboolean encode, gsize samples_per_buffer)
{
  Stream *stream = g_new0 (Stream, 1);

  stream->element = gst_element_factory_make (element, NULL);
  if (!stream->element) {
    g_free (stream);
    return NULL;
  }
  gst_object_ref_sink (stream->element);
  stream->frames = make_frames (encode, samples_per_buffer);
  stream->src = link_pad (stream->element, "sink");
  stream->sink = link_pad (stream->element, "src");
  gst_element_set_state (stream->element, GST_STATE_PLAYING);
  push_start (stream->src, encode);
  return bench_case_new (g_strdup (element), run_stream, stream, free_stream,
                         (gdouble)stream->frames->len * (gdouble)samples_per_buffer);
}

BenchCase *
bench_gstreamer_case (gboolean encode, gsize samples_per_buffer)
{
  return stream_case (encode ? "mulawenc" : "mulawdec", encode, samples_per_buffer);
}

static const struct {
  gboolean encode;
  gsize bytes; /* of a buffer going in */
  gdouble target;
} rows[] = {
  { TRUE, 320, 1.35 }, { TRUE, 1920, 2.7 },  { TRUE, 65536, 12 },
  { FALSE, 320, 1.5 }, { FALSE, 1920, 3.5 }, { FALSE, 65536, 12 },
};

static guint
print_row (guint row, const BenchCase *theirs, const BenchCase *ours)
{
  gdouble ratio = bench_median (theirs) / bench_median (ours);
  gboolean missed = ratio < rows[row].target;
  gsize samples = rows[row].bytes / (rows[row].encode ? 2 : 1);

  g_print ("%-8s %8" G_GSIZE_FORMAT " %12.0f %12.0f %8.2f %8.2f%s\n", rows[row].encode ? "encode" : "decode",
           rows[row].bytes, bench_median (theirs) * samples, bench_median (ours) * samples, ratio, rows[row].target,
           missed ? "  MISSED" : "");
  return missed;
}

guint
bench_elements (guint n_rounds)
{
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func ((GDestroyNotify)bench_case_free);
  guint missed = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    gsize samples = rows[i].bytes / (rows[i].encode ? 2 : 1);
    BenchCase *theirs = bench_gstreamer_case (rows[i].encode, samples);
    BenchCase *ours = stream_case (rows[i].encode ? "mulawenc_demo" : "mulawdec_demo", rows[i].encode, samples);

    if (!theirs || !ours) {
      g_print ("\nElements: skipped, %s is not installed.\n", ours ? "GStreamer's mulaw plugin" : "our plugin");
      g_clear_pointer (&theirs, bench_case_free);
      g_clear_pointer (&ours, bench_case_free);
      return 0;
    }
    g_ptr_array_add (cases, theirs);
    g_ptr_array_add (cases, ours);
  }
  bench_measure (cases, n_rounds);
  g_print ("\nElements, nanoseconds for each buffer\n%-8s %8s %12s %12s %8s %8s\n", "", "bytes in", "GStreamer's",
           "ours", "ratio", "target");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    missed += print_row (i, g_ptr_array_index (cases, 2 * i), g_ptr_array_index (cases, 2 * i + 1));
  return missed;
}
