/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pipeline without a thread: the worker pushes into the elements through a pad of ours, and what they make arrives at
 * another pad of ours before the push returns. */
#include "base/ap-error.h"
#include "media/ap-pipeline-caps.h"
#include "media/ap-pipeline-ends.h"

#include <gst/audio/audio.h>
#include <gst/base/gstbaseparse.h>
#include <gst/base/gstbasetransform.h>

typedef struct {
  ApPipelineEnds ends;
  ApPipeline *pipeline; /* owns this */
  const ApPipelineSink *sink;
  GstElement *bin;
  GstPad *source_pad;
  GstPad *sink_pad;
  GstCaps *out_caps; /* NULL: any */
  gboolean eos;
  /* While the elements are on the worker's stack, what a call back asks for waits until they have returned. */
  gboolean inside;
  gboolean end_asked;
  gboolean free_asked;

  GMutex lock; /* guards @failure, which an element may post from any thread */
  GError *failure;
} Direct;

/* The pads call back during a push of ours only, so on the worker. */
static GstFlowReturn
on_buffer (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  Direct *direct = gst_pad_get_element_private (pad);

  if (!direct->free_asked)
    direct->sink->frame (direct->pipeline, buffer);
  gst_buffer_unref (buffer);
  return direct->free_asked ? GST_FLOW_FLUSHING : GST_FLOW_OK;
}

static gboolean
on_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  Direct *direct = gst_pad_get_element_private (pad);
  GstCaps *caps;

  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS)
    direct->eos = TRUE;
  if (GST_EVENT_TYPE (event) == GST_EVENT_CAPS && !direct->free_asked) {
    gst_event_parse_caps (event, &caps);
    direct->sink->caps (direct->pipeline, caps);
  }
  gst_event_unref (event);
  return TRUE;
}

/* What the elements may make is asked of who gets it. This pad is it: a capsfilter before it would cost every buffer a
 * call, and every pipeline some kilobytes. */
static gboolean
on_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstCaps *ours = ((Direct *)gst_pad_get_element_private (pad))->out_caps;
  g_autoptr (GstCaps) result = NULL;
  GstCaps *theirs;

  if (ours == NULL || (GST_QUERY_TYPE (query) != GST_QUERY_CAPS && GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS))
    return gst_pad_query_default (pad, parent, query);
  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_parse_accept_caps (query, &theirs);
    gst_query_set_accept_caps_result (query, gst_caps_is_subset (theirs, ours));
    return TRUE;
  }
  gst_query_parse_caps (query, &theirs);
  result = theirs != NULL ? gst_caps_intersect_full (theirs, ours, GST_CAPS_INTERSECT_FIRST) : gst_caps_ref (ours);
  gst_query_set_caps_result (query, result);
  return TRUE;
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Direct *direct = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&direct->lock);

    if (direct->failure == NULL)
      direct->failure = ap_pipeline_error_from_message (message);
  }
  gst_message_unref (message);
  return GST_BUS_DROP;
}

static gboolean
has_failed (Direct *direct)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&direct->lock);

  return direct->failure != NULL;
}

static GError *
take_failure (Direct *direct, GstFlowReturn flow)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&direct->lock);

  if (direct->failure != NULL)
    return g_steal_pointer (&direct->failure);
  if (flow == GST_FLOW_OK)
    return g_error_new (AP_ERROR, AP_ERROR_PIPELINE, "the elements did not pass on the end of the stream");
  if (flow == GST_FLOW_NOT_LINKED) /* a demuxer found nothing that fits what is behind it */
    return g_error_new (AP_ERROR, AP_ERROR_PIPELINE, "none of its streams is of a kind that is known");
  return g_error_new (AP_ERROR, AP_ERROR_PIPELINE, "the elements refused the audio: %s", gst_flow_get_name (flow));
}

static void
take_down (Direct *direct)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (direct->bin);

  gst_element_set_state (direct->bin, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_element_set_bus (direct->bin, NULL);
  gst_pad_set_active (direct->source_pad, FALSE);
  gst_pad_set_active (direct->sink_pad, FALSE);
  gst_object_unref (direct->bin);
  gst_object_unref (direct->source_pad);
  gst_object_unref (direct->sink_pad);
  gst_clear_caps (&direct->out_caps);
  g_clear_error (&direct->failure);
  g_mutex_clear (&direct->lock);
  g_free (direct);
}

static void
direct_free (ApPipelineEnds *ends)
{
  Direct *direct = (Direct *)ends;

  direct->free_asked = TRUE;
  if (!direct->inside)
    take_down (direct);
}

/* Returns FALSE when a call back has freed it meanwhile. */
static gboolean
come_out (Direct *direct)
{
  gboolean freed = direct->free_asked;

  direct->inside = FALSE;
  if (freed)
    take_down (direct);
  return !freed;
}

static void
finish (Direct *direct)
{
  g_autoptr (GError) failure = NULL;

  direct->inside = TRUE;
  gst_pad_push_event (direct->source_pad, gst_event_new_eos ());
  if (!come_out (direct))
    return;
  if (!direct->eos || has_failed (direct))
    failure = take_failure (direct, GST_FLOW_OK);
  direct->sink->ended (direct->pipeline, failure);
}

static void
direct_push (ApPipelineEnds *ends, GstBuffer *buffer)
{
  Direct *direct = (Direct *)ends;
  GstFlowReturn flow;
  g_autoptr (GError) failure = NULL;

  direct->inside = TRUE;
  flow = gst_pad_push (direct->source_pad, buffer);
  if (!come_out (direct))
    return;
  /* An element may post an error and go on; here, as with a thread, that is the end. */
  if (flow == GST_FLOW_OK && !has_failed (direct)) {
    if (direct->end_asked)
      finish (direct);
    return;
  }
  if (flow == GST_FLOW_EOS && !has_failed (direct)) {
    finish (direct); /* elements behind the one that has enough may hold something back */
    return;
  }
  failure = take_failure (direct, flow);
  direct->sink->ended (direct->pipeline, failure);
}

static void
direct_submit (ApPipelineEnds *ends)
{
}

static gboolean
direct_is_full (ApPipelineEnds *ends)
{
  return FALSE;
}

static void
direct_end (ApPipelineEnds *ends)
{
  Direct *direct = (Direct *)ends;

  direct->end_asked = TRUE;
  if (!direct->inside)
    finish (direct);
}

static GstElement *
direct_get_element (ApPipelineEnds *ends)
{
  return ((Direct *)ends)->bin;
}

static const ApPipelineEndsVtable vtable = { direct_push, direct_submit, direct_is_full,
                                             direct_end,  direct_free,   direct_get_element };

static gboolean
link_pads (Direct *direct)
{
  g_autoptr (GstPad) elements_in = ap_pipeline_find_pad (direct->bin, GST_PAD_SINK);
  g_autoptr (GstPad) elements_out = ap_pipeline_find_pad (direct->bin, GST_PAD_SRC);

  direct->source_pad = gst_object_ref_sink (gst_pad_new ("direct-source", GST_PAD_SRC));
  direct->sink_pad = gst_object_ref_sink (gst_pad_new ("direct-sink", GST_PAD_SINK));
  gst_pad_set_element_private (direct->sink_pad, direct);
  gst_pad_set_chain_function (direct->sink_pad, on_buffer);
  gst_pad_set_event_function (direct->sink_pad, on_event);
  gst_pad_set_query_function (direct->sink_pad, on_query);
  gst_pad_set_active (direct->source_pad, TRUE);
  gst_pad_set_active (direct->sink_pad, TRUE);
  return gst_pad_link (direct->source_pad, elements_in) == GST_PAD_LINK_OK &&
         gst_pad_link (elements_out, direct->sink_pad) == GST_PAD_LINK_OK;
}

static GstEvent *
segment_event_new (GstFormat format)
{
  GstSegment segment;
  GstEvent *event;

  gst_segment_init (&segment, format);
  event = gst_event_new_segment (&segment);
  GST_MINI_OBJECT_FLAG_SET (event, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
  return event;
}

/* Every pad keeps the events that its stream began with. These are the same for all streams: one of each will do. Only
 * bytes are cut by whoever reads them, and get their place in time there. */
static void
push_preamble (Direct *direct, GstCaps *caps)
{
  static gsize made;
  static GstEvent *stream_start, *segment_of_time, *segment_of_bytes;

  if (g_once_init_enter (&made)) {
    stream_start = gst_event_new_stream_start ("audio");
    GST_MINI_OBJECT_FLAG_SET (stream_start, GST_MINI_OBJECT_FLAG_MAY_BE_LEAKED);
    segment_of_time = segment_event_new (GST_FORMAT_TIME);
    segment_of_bytes = segment_event_new (GST_FORMAT_BYTES);
    g_once_init_leave (&made, 1);
  }
  gst_pad_push_event (direct->source_pad, gst_event_ref (stream_start));
  if (caps != NULL)
    gst_pad_push_event (direct->source_pad, gst_event_new_caps (caps));
  gst_pad_push_event (direct->source_pad, gst_event_ref (caps != NULL ? segment_of_time : segment_of_bytes));
}

ApPipelineEnds *
ap_pipeline_direct_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstElement *bin, const ApPipelineSpec *spec,
                        GError **error)
{
  Direct *direct = g_new0 (Direct, 1);
  g_autoptr (GstBus) bus = ap_pipeline_bus_new (on_message, direct, NULL);

  direct->ends.vtable = &vtable;
  direct->pipeline = pipeline;
  direct->sink = sink;
  direct->bin = gst_object_ref (bin);
  gst_caps_replace (&direct->out_caps, spec->out_caps);
  g_mutex_init (&direct->lock);
  gst_element_set_bus (bin, bus);
  ap_pipeline_fold_caps (bin);
  if (!link_pads (direct) || gst_element_set_state (bin, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE) {
    g_autoptr (GError) failure = take_failure (direct, GST_FLOW_NOT_LINKED);

    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "the pipeline cannot be started: %s", failure->message);
    take_down (direct);
    return NULL;
  }
  push_preamble (direct, spec->caps);
  return &direct->ends;
}

/* identity is a filter that can be told to wait. */
static gboolean
waits (GstElement *element)
{
  GParamSpec *property = g_object_class_find_property (G_OBJECT_GET_CLASS (element), "sync");
  gboolean sync = FALSE;
  guint sleep_us = 0;

  if (property == NULL || property->value_type != G_TYPE_BOOLEAN)
    return FALSE;
  g_object_get (element, "sync", &sync, NULL);
  property = g_object_class_find_property (G_OBJECT_GET_CLASS (element), "sleep-time");
  if (property != NULL && property->value_type == G_TYPE_UINT)
    g_object_get (element, "sleep-time", &sleep_us, NULL);
  return sync || sleep_us > 0;
}

/* A pad of ours cannot be pulled from, and what is pushed to does its work in the push. There is no class of demuxers:
 * these are those that are known to. */
static gboolean
is_pushed_demuxer (GstElement *element)
{
  static const char *const names[] = { "matroskademux", "qtdemux", NULL };
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_strv_contains (names, GST_OBJECT_NAME (factory));
}

static gboolean
element_allows (GstElement *element)
{
  if (GST_IS_BIN (element))
    return TRUE; /* its children are asked */
  if (!GST_IS_BASE_TRANSFORM (element) && !GST_IS_AUDIO_ENCODER (element) && !GST_IS_AUDIO_DECODER (element) &&
      !GST_IS_BASE_PARSE (element) && !is_pushed_demuxer (element))
    return FALSE;
  return !waits (element);
}

gboolean
ap_pipeline_direct_allows (GstElement *bin)
{
  g_autoptr (GstIterator) iterator = NULL;
  g_auto (GValue) item = G_VALUE_INIT;
  gboolean allowed = TRUE;

  if (!GST_IS_BIN (bin))
    return element_allows (bin);
  iterator = gst_bin_iterate_recurse (GST_BIN (bin));
  while (allowed && gst_iterator_next (iterator, &item) == GST_ITERATOR_OK) {
    allowed = element_allows (g_value_get_object (&item));
    g_value_reset (&item);
  }
  return allowed;
}
