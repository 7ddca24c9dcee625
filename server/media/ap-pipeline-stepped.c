/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `appsrc ! appsink` without a streaming thread: the worker puts what was pushed in a round into appsrc as one buffer
 * list, runs one step of appsrc's task, which passes the list on to appsink, and takes it from there. Neither of the
 * two elements waits or fails by itself, so the worker may run them, start them and stop them. */
#include "base/ap-limits.h"
#include "media/ap-pipeline-ends.h"
#include "media/ap-stepped-task.h"

#include <gst/app/app.h>

/* Of the first list; the next ones are as long as the last was. */
#define FIRST_LIST_LENGTH 16

typedef struct {
  ApPipelineEnds ends;
  ApPipeline *pipeline; /* owns this */
  const ApPipelineSink *sink;
  GstElement *gst_pipeline;
  GstAppSrc *source;
  GstAppSink *appsink;
  ApSteppedTask *task;
  GstBufferList *pending; /* NULL when nothing was pushed since the last submit */
  guint last_length;
  guint n_samples; /* that appsink holds */
  gboolean eos;
  gboolean delivering; /* what a call back asks for waits until the frames before it have been delivered */
  gboolean end_asked;
  GError *failure;
} Stepped;

/* During a step, or while the pipeline starts or stops: so on the worker. */

static GstFlowReturn
on_new_sample (GstAppSink *sink, gpointer data)
{
  ((Stepped *)data)->n_samples++;
  return GST_FLOW_OK;
}

static void
on_eos (GstAppSink *sink, gpointer data)
{
  ((Stepped *)data)->eos = TRUE;
}

static GstBusSyncReply
on_message (GstBus *bus, GstMessage *message, gpointer data)
{
  Stepped *stepped = data;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_STREAM_STATUS)
    ap_stepped_task_take (stepped->task, message);
  else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR && stepped->failure == NULL)
    stepped->failure = ap_pipeline_error_from_message (message);
  gst_message_unref (message);
  return GST_BUS_DROP;
}

/* Any call back may stop the pipeline, which frees its ends; then this returns FALSE. */
static gboolean
deliver (Stepped *stepped, ApPipeline *pipeline)
{
  const ApPipelineSink *sink = stepped->sink;

  while (stepped->n_samples > 0) {
    g_autoptr (GstSample) sample = gst_app_sink_pull_sample (stepped->appsink);
    GstBufferList *frames = gst_sample_get_buffer_list (sample);
    guint n = frames != NULL ? gst_buffer_list_length (frames) : 0;

    stepped->n_samples--;
    for (guint i = 0; i < n; i++) {
      sink->frame (pipeline, gst_buffer_list_get (frames, i));
      if (ap_pipeline_is_stopped (pipeline))
        return FALSE;
    }
  }
  return TRUE;
}

static void
step (Stepped *stepped)
{
  g_autoptr (ApPipeline) pipeline = g_object_ref (stepped->pipeline);

  ap_stepped_task_step (stepped->task);
  stepped->delivering = TRUE;
  if (!deliver (stepped, pipeline))
    return;
  stepped->delivering = FALSE;
  if (stepped->failure != NULL || stepped->eos)
    stepped->sink->ended (pipeline, stepped->failure);
}

static void
finish (Stepped *stepped)
{
  if (gst_app_src_end_of_stream (stepped->source) == GST_FLOW_OK && ap_stepped_task_is_started (stepped->task))
    step (stepped);
}

/* A step waits where there is nothing to push: so one is made for each list that appsrc took, and none else. */
static void
stepped_submit (ApPipelineEnds *ends)
{
  Stepped *stepped = (Stepped *)ends;
  g_autoptr (GstBufferList) pending = NULL;
  g_autoptr (ApPipeline) pipeline = g_object_ref (stepped->pipeline);

  if (stepped->pending == NULL || stepped->delivering)
    return;
  pending = g_steal_pointer (&stepped->pending);
  stepped->last_length = gst_buffer_list_length (pending);
  if (!ap_stepped_task_is_started (stepped->task) ||
      gst_app_src_push_buffer_list (stepped->source, g_steal_pointer (&pending)) != GST_FLOW_OK)
    return;
  step (stepped);
  if (!ap_pipeline_is_stopped (pipeline) && stepped->end_asked)
    finish (stepped);
}

static void
stepped_push (ApPipelineEnds *ends, GstBuffer *buffer)
{
  Stepped *stepped = (Stepped *)ends;

  if (stepped->pending == NULL)
    stepped->pending = gst_buffer_list_new_sized (stepped->last_length);
  gst_buffer_list_add (stepped->pending, buffer);
  if (gst_buffer_list_length (stepped->pending) >= AP_BATCH_FRAMES)
    stepped_submit (ends);
}

static gboolean
stepped_is_full (ApPipelineEnds *ends)
{
  return FALSE;
}

static void
stepped_end (ApPipelineEnds *ends)
{
  Stepped *stepped = (Stepped *)ends;

  stepped->end_asked = TRUE;
  if (stepped->delivering)
    return;
  if (stepped->pending != NULL)
    stepped_submit (ends);
  else
    finish (stepped);
}

static void
stepped_free (ApPipelineEnds *ends)
{
  Stepped *stepped = (Stepped *)ends;
  g_autoptr (GstBus) bus = gst_element_get_bus (stepped->gst_pipeline);

  ap_stepped_task_finish (stepped->task);
  gst_element_set_state (stepped->gst_pipeline, GST_STATE_NULL);
  gst_bus_set_sync_handler (bus, NULL, NULL, NULL);
  gst_object_unref (stepped->gst_pipeline);
  gst_object_unref (stepped->task);
  g_clear_pointer (&stepped->pending, gst_buffer_list_unref);
  g_clear_error (&stepped->failure);
  g_free (stepped);
}

static GstElement *
stepped_get_element (ApPipelineEnds *ends)
{
  return ((Stepped *)ends)->gst_pipeline;
}

static const ApPipelineEndsVtable vtable = { stepped_push, stepped_submit, stepped_is_full,
                                             stepped_end,  stepped_free,   stepped_get_element };

static void
make_elements (Stepped *stepped, GstCaps *caps)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_new_sample, .eos = on_eos };

  stepped->source = GST_APP_SRC (g_object_new (GST_TYPE_APP_SRC, "format", GST_FORMAT_TIME, "caps", caps, "max-bytes",
                                               (guint64)0, "emit-signals", FALSE, NULL));
  stepped->appsink = GST_APP_SINK (g_object_new (GST_TYPE_APP_SINK, "sync", FALSE, "async", FALSE, "buffer-list", TRUE,
                                                 "enable-last-sample", FALSE, "emit-signals", FALSE, NULL));
  gst_app_sink_set_callbacks (stepped->appsink, &callbacks, stepped, NULL);
}

static gboolean
link_and_start (Stepped *stepped)
{
  GstElement *source = GST_ELEMENT (stepped->source);
  GstElement *appsink = GST_ELEMENT (stepped->appsink);

  gst_bin_add_many (GST_BIN (stepped->gst_pipeline), source, appsink, NULL);
  return gst_element_link (source, appsink) &&
         gst_element_set_state (stepped->gst_pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_SUCCESS &&
         ap_stepped_task_is_started (stepped->task);
}

ApPipelineEnds *
ap_pipeline_stepped_new (ApPipeline *pipeline, const ApPipelineSink *sink, GstCaps *caps)
{
  Stepped *stepped = g_new0 (Stepped, 1);
  g_autoptr (GstBus) bus = ap_pipeline_bus_new (on_message, stepped, NULL);

  stepped->ends.vtable = &vtable;
  stepped->pipeline = pipeline;
  stepped->sink = sink;
  stepped->last_length = FIRST_LIST_LENGTH;
  stepped->task = ap_stepped_task_new ();
  stepped->gst_pipeline = gst_object_ref_sink (gst_pipeline_new (NULL));
  gst_element_set_bus (stepped->gst_pipeline, bus);
  make_elements (stepped, caps);
  if (link_and_start (stepped))
    return &stepped->ends;
  stepped_free (&stepped->ends);
  return NULL;
}
