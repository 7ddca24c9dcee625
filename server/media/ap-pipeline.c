/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-pipeline.h"

#include "base/ap-error.h"
#include "base/ap-limits.h"
#include "base/ap-metrics.h"
#include "media/ap-frame-buffer.h"
#include "media/ap-pipeline-ends.h"
#include "media/ap-session-meta.h"

#include <string.h>

struct _ApPipeline {
  GObject parent_instance;

  const ApPipelineCallbacks *callbacks;
  gpointer owner;
  gboolean live; /* neither stopped nor ended: it still calls back */
  ApPipelineEnds *ends;
  gboolean shared; /* without elements: buffers carry their session */
  ApAudioFormat format;
  guint64 bytes_in;  /* places the next buffer in time */
  GByteArray *carry; /* the beginning of a sample whose rest has not come yet */

  /* The frame on its way whose time is taken. */
  gint64 sample_since; /* monotonic, microseconds; 0: none */
  GstClockTime sample_pts;
  guint sample_ahead; /* frames that come out before it, where frames are not placed in time */
  guint held;         /* frames in a shared pipeline */
};

G_DEFINE_FINAL_TYPE (ApPipeline, ap_pipeline, G_TYPE_OBJECT)

static GMutex stopping_lock; /* guards the count of pipelines on their way to NULL */
static GCond stopping_changed;
static guint stopping;

static void
set_to_null (GstElement *element, gpointer data)
{
  gst_element_set_state (element, GST_STATE_NULL);
}

static void
count_stopped (gpointer data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stopping_lock);

  stopping--;
  g_cond_broadcast (&stopping_changed);
}

void
ap_pipeline_take_down (GstElement *element)
{
  g_mutex_lock (&stopping_lock);
  stopping++;
  g_mutex_unlock (&stopping_lock);
  gst_element_call_async (element, set_to_null, NULL, count_stopped);
  gst_object_unref (element);
}

void
ap_pipeline_await_stopped (gint64 timeout_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stopping_lock);
  gint64 until = g_get_monotonic_time () + timeout_us;

  while (stopping > 0 && g_cond_wait_until (&stopping_changed, &stopping_lock, until))
    continue;
}

GstBus *
ap_pipeline_bus_new (GstBusSyncHandler handler, gpointer data, GDestroyNotify free_data)
{
  GstBus *bus = g_object_new (GST_TYPE_BUS, "enable-async", FALSE, NULL);

  gst_object_ref_sink (bus);
  gst_bus_set_sync_handler (bus, handler, data, free_data);
  return bus;
}

GError *
ap_pipeline_error_from_message (GstMessage *message)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *details = NULL;
  const char *cause;

  gst_message_parse_error (message, &reason, &details);
  /* The details begin with a line that names a source file of GStreamer; the cause, if there is one, stands behind it.
   */
  cause = details != NULL ? strchr (g_strchomp (details), '\n') : NULL;
  if (cause == NULL)
    return g_error_new (AP_ERROR, AP_ERROR_PIPELINE, "%s: %s", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)),
                        reason->message);
  return g_error_new (AP_ERROR, AP_ERROR_PIPELINE, "%s: %s (%s)", GST_OBJECT_NAME (GST_MESSAGE_SRC (message)),
                      reason->message, cause + 1);
}

/* Begins to take a frame's time, before it goes in: of the first frame of a round, while no other is measured. */
static void
begin_sample (ApPipeline *pipeline, GstClockTime pts)
{
  if (pipeline->sample_since != 0 || (!pipeline->shared && !GST_CLOCK_TIME_IS_VALID (pts)))
    return;
  pipeline->sample_since = ap_metrics_take_sample ();
  pipeline->sample_pts = pts;
  pipeline->sample_ahead = pipeline->held;
}

/* A shared pipeline gives what it gets, frame by frame; elements may cut it anew, but keep its place in time. */
static gboolean
is_sample (ApPipeline *pipeline, GstBuffer *buffer)
{
  GstClockTime end = GST_BUFFER_PTS (buffer);

  if (pipeline->shared)
    return pipeline->sample_ahead-- == 0;
  if (!GST_CLOCK_TIME_IS_VALID (end))
    return FALSE;
  if (GST_BUFFER_DURATION_IS_VALID (buffer))
    end += GST_BUFFER_DURATION (buffer);
  return end > pipeline->sample_pts;
}

static void
end_sample (ApPipeline *pipeline, GstBuffer *buffer)
{
  if (!is_sample (pipeline, buffer))
    return;
  ap_histogram_add (&ap_metrics_mine ()->counts.latency, g_get_monotonic_time () - pipeline->sample_since);
  pipeline->sample_since = 0;
}

static void
on_frame (ApPipeline *pipeline, GstBuffer *buffer)
{
  if (G_UNLIKELY (pipeline->sample_since != 0))
    end_sample (pipeline, buffer);
  pipeline->held -= pipeline->shared;
  if (pipeline->live)
    pipeline->callbacks->frame (pipeline->owner, pipeline->shared ? ap_session_meta_get_id (buffer) : 0, buffer);
}

/* Also behind the last frames of a pipeline that has ended. */
static void
on_batch_end (ApPipeline *pipeline)
{
  if (pipeline->ends != NULL)
    pipeline->callbacks->batch_end (pipeline->owner);
}

static void
on_room (ApPipeline *pipeline)
{
  if (pipeline->live)
    pipeline->callbacks->room (pipeline->owner);
}

static void
on_ended (ApPipeline *pipeline, const GError *error)
{
  if (!pipeline->live)
    return;
  pipeline->live = FALSE;
  pipeline->callbacks->ended (pipeline->owner, error);
}

static void
on_caps (ApPipeline *pipeline, GstCaps *caps)
{
  if (pipeline->live && pipeline->callbacks->caps != NULL)
    pipeline->callbacks->caps (pipeline->owner, caps);
}

static const ApPipelineSink sink = { on_frame, on_batch_end, on_room, on_ended, on_caps };

/* A demuxer has its outputs only when it knows the stream, so that the input of what follows it is free as well. */
static GstPad *
find_first_input (GstBin *bin)
{
  GList *first = g_list_last (GST_BIN_CHILDREN (bin)); /* each that is added goes before the others */
  g_autoptr (GstPad) pad = first != NULL ? gst_element_get_static_pad (first->data, "sink") : NULL;

  return pad != NULL && !gst_pad_is_linked (pad) ? g_steal_pointer (&pad) : NULL;
}

GstPad *
ap_pipeline_find_pad (GstElement *elements, GstPadDirection direction)
{
  GstPad *pad = gst_element_get_static_pad (elements, direction == GST_PAD_SINK ? "sink" : "src");

  if (pad == NULL && GST_IS_BIN (elements) && direction == GST_PAD_SINK)
    pad = find_first_input (GST_BIN (elements));
  if (pad == NULL && GST_IS_BIN (elements))
    pad = gst_bin_find_unlinked_pad (GST_BIN (elements), direction);
  return pad;
}

static GstElement *
parse (const char *elements, GError **error)
{
  /* Without PLACE_IN_BIN it would be built in a GstPipeline first, whose bus takes descriptors. */
  const GstParseFlags flags =
      GST_PARSE_FLAG_FATAL_ERRORS | GST_PARSE_FLAG_NO_SINGLE_ELEMENT_BINS | GST_PARSE_FLAG_PLACE_IN_BIN;
  g_autoptr (GError) reason = NULL;
  g_autoptr (GstElement) bin = gst_parse_bin_from_description_full (elements, FALSE, NULL, flags, &reason);

  if (bin == NULL || reason != NULL) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "the pipeline '%s' cannot be built: %s", elements,
                 reason != NULL ? reason->message : "it is empty");
    return NULL;
  }
  gst_object_ref_sink (bin);
  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstPad) pad = ap_pipeline_find_pad (bin, i == 0 ? GST_PAD_SINK : GST_PAD_SRC);

    if (pad == NULL) {
      g_set_error (error, AP_ERROR, AP_ERROR_CONFIG,
                   "the pipeline '%s' cannot be built: it has no free %s; audio must be able to go in and to come out",
                   elements, i == 0 ? "input" : "output");
      return NULL;
    }
  }
  return g_steal_pointer (&bin);
}

ApPipeline *
ap_pipeline_new (const ApPipelineSpec *spec, const ApPipelineCallbacks *callbacks, gpointer owner, GError **error)
{
  g_autoptr (ApPipeline) pipeline = g_object_new (AP_TYPE_PIPELINE, NULL);
  g_autoptr (GstElement) bin = NULL;
  gboolean direct;

  if (spec->elements != NULL) {
    bin = parse (spec->elements, error);
    if (bin == NULL)
      return NULL;
  }
  direct = bin != NULL && spec->mode != AP_PIPELINE_MODE_QUEUED && ap_pipeline_direct_allows (bin);
  if (bin != NULL && spec->mode == AP_PIPELINE_MODE_DIRECT && !direct) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG,
                 "the pipeline '%s' cannot be run directly: an element of it has a thread of its own, or waits",
                 spec->elements);
    return NULL;
  }
  pipeline->callbacks = callbacks;
  pipeline->owner = owner;
  pipeline->live = TRUE;
  pipeline->shared = bin == NULL;
  if (spec->caps != NULL)
    pipeline->format = ap_audio_format_from_caps (spec->caps);
  if (direct)
    pipeline->ends = ap_pipeline_direct_new (pipeline, &sink, bin, spec, error);
  else if (bin == NULL && spec->mode != AP_PIPELINE_MODE_QUEUED)
    pipeline->ends = ap_pipeline_stepped_new (pipeline, &sink, spec->caps);
  if (pipeline->ends == NULL && !direct)
    pipeline->ends = ap_pipeline_queued_new (pipeline, &sink, bin, spec, error);
  return pipeline->ends != NULL ? g_steal_pointer (&pipeline) : NULL;
}

static GstBuffer *
buffer_new (gsize length)
{
  return length > 0 ? gst_buffer_new_allocate (NULL, length, NULL) : gst_buffer_new ();
}

/* Elements are not made for half samples: what a frame has beyond whole ones waits for the next. NULL: nothing is
 * whole. */
static GstBuffer *
make_buffer (ApPipeline *pipeline, const guint8 *data, gsize length)
{
  gsize sample = MAX ((gsize)pipeline->format.bytes_per_frame, 1);
  gsize carried = pipeline->carry->len;
  gsize whole = (carried + length) / sample * sample;
  GstBuffer *buffer;

  if (whole == 0 && length > 0) {
    g_byte_array_append (pipeline->carry, data, (guint)length);
    return NULL;
  }
  if (whole == 0)
    return buffer_new (0);
  buffer = buffer_new (whole);
  gst_buffer_fill (buffer, 0, pipeline->carry->data, carried);
  gst_buffer_fill (buffer, carried, data, whole - carried);
  g_byte_array_set_size (pipeline->carry, 0);
  g_byte_array_append (pipeline->carry, data + (whole - carried), (guint)(carried + length - whole));
  GST_BUFFER_PTS (buffer) = ap_audio_format_duration (&pipeline->format, pipeline->bytes_in);
  GST_BUFFER_DURATION (buffer) = ap_audio_format_duration (&pipeline->format, whole);
  pipeline->bytes_in += whole;
  return buffer;
}

void
ap_pipeline_push (ApPipeline *pipeline, guint64 session_id, const guint8 *data, gsize length)
{
  GstBuffer *buffer;

  if (pipeline->ends == NULL)
    return;
  if (pipeline->shared)
    buffer = ap_frame_buffer_new (data, length, session_id);
  else
    buffer = make_buffer (pipeline, data, length);
  if (buffer != NULL)
    ap_pipeline_push_buffer (pipeline, buffer);
}

void
ap_pipeline_push_buffer (ApPipeline *pipeline, GstBuffer *buffer)
{
  if (pipeline->ends == NULL) {
    gst_buffer_unref (buffer);
    return;
  }
  begin_sample (pipeline, GST_BUFFER_PTS (buffer));
  pipeline->held += pipeline->shared;
  pipeline->ends->vtable->push (pipeline->ends, buffer);
}

void
ap_pipeline_submit (ApPipeline *pipeline)
{
  if (pipeline->ends != NULL)
    pipeline->ends->vtable->submit (pipeline->ends);
}

gboolean
ap_pipeline_is_full (ApPipeline *pipeline)
{
  return pipeline->ends != NULL && pipeline->ends->vtable->is_full (pipeline->ends);
}

void
ap_pipeline_end (ApPipeline *pipeline)
{
  if (pipeline->ends != NULL)
    pipeline->ends->vtable->end (pipeline->ends);
}

void
ap_pipeline_stop (ApPipeline *pipeline)
{
  ApPipelineEnds *ends = g_steal_pointer (&pipeline->ends);

  pipeline->live = FALSE;
  if (ends != NULL)
    ends->vtable->free (ends);
}

gboolean
ap_pipeline_is_stopped (ApPipeline *pipeline)
{
  return pipeline->ends == NULL;
}

ApPipelineEnds *
ap_pipeline_get_ends (ApPipeline *pipeline)
{
  return pipeline->ends;
}

static void
ap_pipeline_finalize (GObject *object)
{
  ap_pipeline_stop (AP_PIPELINE (object));
  g_byte_array_unref (AP_PIPELINE (object)->carry);
  G_OBJECT_CLASS (ap_pipeline_parent_class)->finalize (object);
}

static void
ap_pipeline_class_init (ApPipelineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ap_pipeline_finalize;
}

static void
ap_pipeline_init (ApPipeline *pipeline)
{
  pipeline->carry = g_byte_array_new ();
}

/* The check of a pipeline at start-up. */

typedef struct {
  gboolean done;
  GError *error;
} Check;

static void
check_frame (gpointer owner, guint64 session_id, GstBuffer *buffer)
{
}

static void
check_nothing (gpointer owner)
{
}

static void
check_ended (gpointer owner, const GError *error)
{
  Check *check = owner;

  check->done = TRUE;
  check->error = error != NULL ? g_error_copy (error) : NULL;
}

static gboolean
check_timeout (gpointer data)
{
  ((Check *)data)->done = TRUE;
  return G_SOURCE_REMOVE;
}

/* 20 ms, in whole samples of every channel; something where the format has no measure. */
static gsize
silence_length (const ApAudioFormat *format, gsize most)
{
  gsize frame = (gsize)format->bytes_per_frame;

  return frame > 0 ? frame * CLAMP ((gsize)format->rate / 50, 1, most / frame) : 320;
}

static void
run_check (ApPipeline *pipeline, Check *check, GMainContext *context)
{
  static const guint8 silence[64 * 1024];
  gsize length = silence_length (&pipeline->format, sizeof silence);
  g_autoptr (GSource) timeout = g_timeout_source_new_seconds (AP_PIPELINE_CHECK_SECONDS);

  g_source_set_callback (timeout, check_timeout, check, NULL);
  g_source_attach (timeout, context);
  ap_pipeline_push (pipeline, 0, silence, length);
  ap_pipeline_submit (pipeline);
  ap_pipeline_end (pipeline);
  while (!check->done)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (timeout);
}

gboolean
ap_pipeline_check (const ApPipelineSpec *spec, GError **error)
{
  static const ApPipelineCallbacks callbacks = { check_frame, check_nothing, check_nothing, check_ended };
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GMainContextPusher) pusher = g_main_context_pusher_new (context);
  g_autoptr (ApPipeline) pipeline = NULL;
  Check check = { 0 };

  pipeline = ap_pipeline_new (spec, &callbacks, &check, error);
  if (pipeline == NULL)
    return FALSE;
  run_check (pipeline, &check, context);
  ap_pipeline_stop (pipeline);
  if (check.error == NULL)
    return TRUE;
  g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "the pipeline '%s' cannot be run: %s", spec->elements,
               check.error->message);
  g_clear_error (&check.error);
  return FALSE;
}

char *
ap_pipeline_convert (const ApPipelineSpec *spec)
{
  g_autofree char *caps = gst_caps_to_string (spec->caps);
  g_autofree char *quoted = g_strescape (caps, NULL);

  return g_strdup_printf (
      "audioconvert ! audioresample ! %s ! audioconvert dithering=none ! audioresample ! capsfilter caps=\"%s\"",
      spec->elements, quoted);
}
