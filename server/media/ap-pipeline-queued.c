/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pipeline with a streaming thread: `appsrc ! elements ! appsink`. What was pushed in a round goes in as one buffer
 * list and is drained as lists, so that a round costs one wake-up each way, however many frames it brought. */
#include "base/ap-error.h"
#include "base/ap-limits.h"
#include "media/ap-handoff.h"
#include "media/ap-pipeline-ends.h"

#include <gst/app/app.h>

typedef enum {
  ITEM_FRAMES, /* a GstBuffer or a GstBufferList */
  ITEM_ROOM,
  ITEM_EOS,
  ITEM_FAILURE,
} ItemKind;

typedef struct {
  ItemKind kind;
  GstMiniObject *frames;
  GError *failure;
} Item;

/* What the streaming thread may touch; it can outlive the rest. */
typedef struct {
  ApHandoff *handoff;
  gint full; /* atomic: the source's queue was full and nobody has been told of room yet */
} Shared;

typedef struct {
  ApPipelineEnds ends;
  ApPipeline *pipeline; /* owns this */
  const ApPipelineSink *sink;
  GstElement *gst_pipeline;
  GstAppSrc *source;
  GstBufferList *pending; /* NULL when nothing was pushed since the last submit */
  Shared *shared;
} Queued;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_clear_pointer (&item->frames, gst_mini_object_unref);
  g_clear_error (&item->failure);
  g_free (item);
}

static void
shared_clear (gpointer data)
{
  ap_handoff_unref (((Shared *)data)->handoff);
}

static void
shared_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, shared_clear);
}

static void
post (Shared *shared, ItemKind kind, GstMiniObject *frames, GError *failure)
{
  Item *item = g_new0 (Item, 1);

  item->kind = kind;
  item->frames = frames;
  item->failure = failure;
  ap_handoff_post (shared->handoff, item);
}

/* On the streaming thread, or on whichever thread an element posts from. */

static void
on_need_data (GstAppSrc *source, guint length, gpointer data)
{
  Shared *shared = data;

  if (g_atomic_int_compare_and_exchange (&shared->full, TRUE, FALSE))
    post (shared, ITEM_ROOM, NULL, NULL);
}

static void
on_enough_data (GstAppSrc *source, gpointer data)
{
  g_atomic_int_set (&((Shared *)data)->full, TRUE);
}

static GstFlowReturn
on_new_sample (GstAppSink *sink, gpointer data)
{
  g_autoptr (GstSample) sample = gst_app_sink_try_pull_sample (sink, 0);
  GstMiniObject *frames;

  if (sample == NULL)
    return GST_FLOW_OK;
  frames = (GstMiniObject *)gst_sample_get_buffer_list (sample);
  if (frames == NULL)
    frames = (GstMiniObject *)gst_sample_get_buffer (sample);
  if (frames != NULL)
    post (data, ITEM_FRAMES, gst_mini_object_ref (frames), NULL);
  return GST_FLOW_OK;
}

static void
on_eos (GstAppSink *sink, gpointer data)
{
  post (data, ITEM_EOS, NULL, NULL);
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    post (data, ITEM_FAILURE, NULL, ap_pipeline_error_from_message (message));
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* On the worker. */

/* Any call back may stop the pipeline, which frees its ends; whoever calls holds the pipeline itself. */
static void
deliver (ApPipeline *pipeline, const ApPipelineSink *sink, GstMiniObject *frames)
{
  if (GST_IS_BUFFER (frames)) {
    sink->frame (pipeline, GST_BUFFER (frames));
    return;
  }
  for (guint i = 0; i < gst_buffer_list_length (GST_BUFFER_LIST (frames)) && !ap_pipeline_is_stopped (pipeline); i++)
    sink->frame (pipeline, gst_buffer_list_get (GST_BUFFER_LIST (frames), i));
}

static void
take_item (Queued *queued, const Item *item)
{
  switch (item->kind) {
  case ITEM_FRAMES:
    deliver (queued->pipeline, queued->sink, item->frames);
    break;
  case ITEM_ROOM:
    queued->sink->room (queued->pipeline);
    break;
  case ITEM_EOS:
  case ITEM_FAILURE:
    queued->sink->ended (queued->pipeline, item->failure);
    break;
  }
}

static void
take_items (GPtrArray *items, gpointer data)
{
  Queued *queued = data;
  /* A call back may stop the pipeline; then the rest of the batch finds no listener, but the memory must stay. */
  g_autoptr (ApPipeline) pipeline = g_object_ref (queued->pipeline);
  const ApPipelineSink *sink = queued->sink;

  for (guint i = 0; i < items->len; i++) {
    if (!ap_pipeline_is_stopped (pipeline))
      take_item (queued, g_ptr_array_index (items, i));
    item_free (g_ptr_array_index (items, i));
  }
  sink->batch_end (pipeline);
}

static void
queued_push (ApPipelineEnds *ends, GstBuffer *buffer)
{
  Queued *queued = (Queued *)ends;

  if (queued->pending == NULL)
    queued->pending = gst_buffer_list_new_sized (AP_ROUND_SOCKETS);
  gst_buffer_list_add (queued->pending, buffer);
}

static void
queued_submit (ApPipelineEnds *ends)
{
  Queued *queued = (Queued *)ends;

  if (queued->pending != NULL)
    gst_app_src_push_buffer_list (queued->source, g_steal_pointer (&queued->pending));
}

static gboolean
queued_is_full (ApPipelineEnds *ends)
{
  return g_atomic_int_get (&((Queued *)ends)->shared->full);
}

static void
queued_end (ApPipelineEnds *ends)
{
  queued_submit (ends);
  gst_app_src_end_of_stream (((Queued *)ends)->source);
}

static void
queued_free (ApPipelineEnds *ends)
{
  Queued *queued = (Queued *)ends;

  ap_handoff_stop (queued->shared->handoff);
  g_clear_pointer (&queued->pending, gst_buffer_list_unref);
  ap_pipeline_take_down (queued->gst_pipeline);
  shared_unref (queued->shared);
  g_free (queued);
}

static GstElement *
queued_get_element (ApPipelineEnds *ends)
{
  return ((Queued *)ends)->gst_pipeline;
}

static const ApPipelineEndsVtable vtable = { queued_push, queued_submit, queued_is_full,
                                             queued_end,  queued_free,   queued_get_element };

static GstElement *
make_source (Queued *queued, GstCaps *caps, guint64 max_bytes)
{
  /* Buffers are counted too: a flood of empty ones has no bytes. */
  guint64 max_buffers = max_bytes / AP_FRAME_OVERHEAD;
  GstAppSrcCallbacks callbacks = { .need_data = on_need_data, .enough_data = on_enough_data };

  queued->source = GST_APP_SRC (g_object_new (GST_TYPE_APP_SRC, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes",
                                              max_bytes, "max-buffers", max_buffers, "emit-signals", FALSE, NULL));
  gst_app_src_set_callbacks (queued->source, &callbacks, g_atomic_rc_box_acquire (queued->shared), shared_unref);
  return GST_ELEMENT (queued->source);
}

static GstElement *
make_sink (Queued *queued, GstCaps *caps)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample, .eos = on_eos };
  GstElement *sink = g_object_new (GST_TYPE_APP_SINK, "caps", caps, "sync", FALSE, "async", FALSE, "buffer-list", TRUE,
                                   "enable-last-sample", FALSE, "emit-signals", FALSE, NULL);

  gst_app_sink_set_callbacks (GST_APP_SINK (sink), &callbacks, g_atomic_rc_box_acquire (queued->shared), shared_unref);
  return sink;
}

/* Pads of elements within a bin can be linked to others' only by pads of the bin's own. */
static void
show_pad (GstElement *bin, const char *name, GstPadDirection direction)
{
  g_autoptr (GstPad) own = gst_element_get_static_pad (bin, name);
  g_autoptr (GstPad) inner = own == NULL ? ap_pipeline_find_pad (bin, direction) : NULL;

  if (inner != NULL)
    gst_element_add_pad (bin, gst_ghost_pad_new (name, inner));
}

static gboolean
link_and_start (Queued *queued, GstElement *bin, GstElement *sink)
{
  GstElement *source = GST_ELEMENT (queued->source);
  gboolean linked;

  gst_bin_add_many (GST_BIN (queued->gst_pipeline), source, sink, NULL);
  if (bin != NULL) {
    show_pad (bin, "sink", GST_PAD_SINK);
    show_pad (bin, "src", GST_PAD_SRC);
    gst_bin_add (GST_BIN (queued->gst_pipeline), bin);
  }
  linked = bin != NULL ? gst_element_link_many (source, bin, sink, NULL) : gst_element_link (source, sink);
  return linked && gst_element_set_state (queued->gst_pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
}

ApPipelineEnds *
ap_pipeline_queued_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstElement *bin, const ApPipelineSpec *spec,
                        GError **error)
{
  Queued *queued = g_new0 (Queued, 1);
  g_autoptr (GstBus) bus = NULL;

  queued->ends.vtable = &vtable;
  queued->pipeline = pipeline;
  queued->sink = sink;
  queued->shared = g_atomic_rc_box_new0 (Shared);
  queued->shared->handoff = ap_handoff_new (g_main_context_get_thread_default (), take_items, queued, item_free);
  queued->gst_pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  bus = ap_pipeline_bus_new (on_message, g_atomic_rc_box_acquire (queued->shared), shared_unref);
  gst_element_set_bus (queued->gst_pipeline, bus);
  /* Sessions that share a pipeline are each held to their own bound; one that has it alone is held to this. */
  make_source (queued, spec->caps, bin != NULL ? AP_SESSION_HIGH_WATER : 0);
  if (!link_and_start (queued, bin, make_sink (queued, spec->out_caps))) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG,
                 "the pipeline cannot be started: its elements refuse to link or to run");
    queued_free (&queued->ends);
    return NULL;
  }
  return &queued->ends;
}
