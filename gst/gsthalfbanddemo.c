/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The element halfband_demo: twice, or half, as many samples a second. */

/**
 * SECTION:element-halfband_demo
 * @title: halfband_demo
 * @short_description: doubles or halves the sample rate
 * @see_also: audioresample, mulawdec_demo, mulawenc_demo
 *
 * Brings audio of a telephone to the 16 kHz that models of speech are made for, and back, with a fifth of the work and
 * half of the delay that audioresample has for it. Which of the two, the caps behind it say; if they leave the choice,
 * it doubles.
 *
 * Audio is moved by nothing: the first sample out is at the time of the first one in. The filter waits for 16 samples
 * of the lower rate; at the end of the stream they come out.
 *
 * ## Example launch line
 * |[
 * gst-launch-1.0 filesrc location=tone.wav ! wavparse ! mulawdec_demo ! halfband_demo ! audio/x-raw,rate=16000 !
 * autoaudiosink
 * ]| Plays a telephone's audio at 16 kHz.
 *
 * Since: 0.1
 */
#include "config.h"

#include "gsthalfbanddemo.h"

#include "halfband-kernel.h"

#include <gst/audio/audio.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (halfband_demo_debug);
#define GST_CAT_DEFAULT halfband_demo_debug

/* Samples of input that are worked on at a time. */
#define PIECE 512
/* The most that waits for what follows. */
#define MOST_HELD (HALFBAND_DOWN_BEFORE + HALFBAND_DOWN_BEHIND)

/* One way to change the rate: so many samples go in for so many that come out. A filter sees @before and @behind the
 * one that it is at. */
typedef struct {
  void (*run) (gint16 *out, const gint16 *in, gsize n);
  gsize in, out;
  gsize before, behind;
} Way;

static const Way doubling = { halfband_up, 1, 2, HALFBAND_UP_BEFORE, HALFBAND_UP_BEHIND };
static const Way halving = { halfband_down, 2, 1, HALFBAND_DOWN_BEFORE, HALFBAND_DOWN_BEHIND };

struct _GstHalfbandDemo {
  GstBaseTransform parent;

  const Way *way;          /* NULL: no caps yet */
  guint in_rate, out_rate; /* as @way: written under the object's lock, which others than the streaming thread need */

  GstClockTime end; /* of the input so far */
  gsize n_held;
  gint16 held[MOST_HELD]; /* silence before the first sample, then what came last */
};

#define CAPS "audio/x-raw, format = " GST_AUDIO_NE (S16) ", layout = interleaved, rate = [ 1, MAX ], channels = 1"

/* clang-format off */
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS (CAPS));
/* clang-format on */

G_DEFINE_FINAL_TYPE (GstHalfbandDemo, gst_halfband_demo, GST_TYPE_BASE_TRANSFORM)
GST_ELEMENT_REGISTER_DEFINE (halfband_demo, "halfband_demo", GST_RANK_NONE, GST_TYPE_HALFBAND_DEMO)

/* ---- the stream ---- */

static void
forget (GstHalfbandDemo *self)
{
  self->end = GST_CLOCK_TIME_NONE;
  self->n_held = self->way != NULL ? self->way->before : 0;
  memset (self->held, 0, sizeof self->held);
}

/* How many of the samples that came have not been at the centre of the filter. */
static gsize
waiting (const GstHalfbandDemo *self)
{
  return self->way != NULL ? self->n_held - self->way->before : 0;
}

/* How often the filter can be applied to @n samples, of which the first and the last are only around others. */
static gsize
count_steps (const Way *way, gsize n)
{
  gsize around = way->before + way->behind;

  return n > around ? (n - around + way->in - 1) / way->in : 0;
}

static void
run (GstHalfbandDemo *self, gint16 *out, const gint16 *in, gsize n)
{
  const Way *way = self->way;
  gint16 all[MOST_HELD + PIECE];

  for (gsize now; n > 0; in += now, n -= now) {
    gsize have, steps;

    now = MIN (n, PIECE);
    have = self->n_held + now;
    steps = count_steps (way, have);
    memcpy (all, self->held, self->n_held * sizeof *all);
    memcpy (all + self->n_held, in, now * sizeof *all);
    way->run (out, all, steps);
    out += steps * way->out;
    self->n_held = have - steps * way->in;
    memcpy (self->held, all + steps * way->in, self->n_held * sizeof *all);
  }
}

static GstClockTime
duration (gsize samples, guint rate)
{
  return gst_util_uint64_scale_int (samples, GST_SECOND, (gint)rate);
}

/* NULL: all of it waits for what follows. @pts: of the first of @n samples, or none */
static GstBuffer *
make_output (GstHalfbandDemo *self, const gint16 *in, gsize n, GstClockTime pts)
{
  gsize samples = count_steps (self->way, self->n_held + n) * self->way->out;
  GstBuffer *output = samples > 0 ? gst_buffer_new_allocate (NULL, samples * sizeof *in, NULL) : NULL;
  GstClockTime earlier = duration (waiting (self), self->in_rate);
  GstMapInfo map = GST_MAP_INFO_INIT;

  if (output != NULL)
    gst_buffer_map (output, &map, GST_MAP_WRITE); /* system memory, which nobody else has */
  run (self, (gint16 *)(gpointer)map.data, in, n);
  if (output == NULL)
    return NULL;
  gst_buffer_unmap (output, &map);
  GST_BUFFER_DURATION (output) = duration (samples, self->out_rate);
  if (GST_CLOCK_TIME_IS_VALID (pts))
    GST_BUFFER_PTS (output) = pts - MIN (pts, earlier);
  return output;
}

/* What waits, as if silence followed. Not by way of the parent, who would say of it what is to be said of what follows.
 */
static GstFlowReturn
push_rest (GstHalfbandDemo *self)
{
  static const gint16 silence[MOST_HELD];
  GstBuffer *rest = waiting (self) > 0 ? make_output (self, silence, self->way->behind, self->end) : NULL;

  forget (self);
  return rest != NULL ? gst_pad_push (GST_BASE_TRANSFORM_SRC_PAD (self), rest) : GST_FLOW_OK;
}

static void
take_input (GstHalfbandDemo *self, GstBuffer *input, const GstMapInfo *map, GstBuffer **output)
{
  gsize n = map->size / sizeof (gint16);
  GstClockTime pts = GST_BUFFER_PTS_IS_VALID (input) ? GST_BUFFER_PTS (input) : self->end;

  *output = make_output (self, (const gint16 *)(gpointer)map->data, n, pts);
  self->end = GST_CLOCK_TIME_IS_VALID (pts) ? pts + duration (n, self->in_rate) : GST_CLOCK_TIME_NONE;
}

/* Is called until it makes nothing: a second time without input. */
static GstFlowReturn
gst_halfband_demo_generate_output (GstBaseTransform *trans, GstBuffer **output)
{
  GstHalfbandDemo *self = GST_HALFBAND_DEMO (trans);
  g_autoptr (GstBuffer) input = g_steal_pointer (&trans->queued_buf);
  GstFlowReturn flow = GST_FLOW_OK;
  GstMapInfo map;

  if (input != NULL && GST_BUFFER_IS_DISCONT (input))
    flow = push_rest (self);
  if (input == NULL || flow != GST_FLOW_OK)
    return flow;
  if (!gst_buffer_map (input, &map, GST_MAP_READ)) {
    GST_ELEMENT_ERROR (self, RESOURCE, READ, (NULL), ("A buffer could not be mapped."));
    return GST_FLOW_ERROR;
  }
  take_input (self, input, &map, output);
  gst_buffer_unmap (input, &map);
  return GST_FLOW_OK;
}

static gboolean
gst_halfband_demo_sink_event (GstBaseTransform *trans, GstEvent *event)
{
  GstHalfbandDemo *self = GST_HALFBAND_DEMO (trans);
  GstEventType type = GST_EVENT_TYPE (event);

  if (type == GST_EVENT_FLUSH_STOP)
    forget (self);
  /* Nothing follows what came before these. */
  if (type == GST_EVENT_EOS || type == GST_EVENT_CAPS || type == GST_EVENT_SEGMENT || type == GST_EVENT_GAP ||
      type == GST_EVENT_STREAM_START)
    push_rest (self);
  return GST_BASE_TRANSFORM_CLASS (gst_halfband_demo_parent_class)->sink_event (trans, event);
}

/* A sample comes out when the last one that its filter sees has come. */
static gboolean
gst_halfband_demo_query (GstBaseTransform *trans, GstPadDirection direction, GstQuery *query)
{
  GstHalfbandDemo *self = GST_HALFBAND_DEMO (trans);
  GstClockTime min, max, own = 0;
  gboolean live;

  if (!GST_BASE_TRANSFORM_CLASS (gst_halfband_demo_parent_class)->query (trans, direction, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) != GST_QUERY_LATENCY)
    return TRUE;
  GST_OBJECT_LOCK (self);
  if (self->way != NULL)
    own = duration (self->way->behind, self->in_rate);
  GST_OBJECT_UNLOCK (self);
  gst_query_parse_latency (query, &live, &min, &max);
  gst_query_set_latency (query, live, min + own, GST_CLOCK_TIME_IS_VALID (max) ? max + own : max);
  return TRUE;
}

/* ---- caps ---- */

/* Adds @structure at @rate, if there is such a rate. */
static void
add_at_rate (GstCaps *caps, const GstStructure *structure, gdouble rate)
{
  GstStructure *other;

  if (rate < 1 || rate > G_MAXINT || rate != (gint)rate)
    return;
  other = gst_structure_copy (structure);
  gst_structure_set (other, "rate", G_TYPE_INT, (gint)rate, NULL);
  gst_caps_append_structure (caps, other);
}

/* Where several rates are possible still, any may be so on the other side. */
static void
add_at_any_rate (GstCaps *caps, const GstStructure *structure)
{
  GstStructure *other = gst_structure_copy (structure);

  gst_structure_set (other, "rate", GST_TYPE_INT_RANGE, 1, G_MAXINT, NULL);
  gst_caps_append_structure (caps, other);
}

static GstCaps *
gst_halfband_demo_transform_caps (GstBaseTransform *trans, GstPadDirection direction, GstCaps *caps, GstCaps *filter)
{
  g_autoptr (GstCaps) others = gst_caps_new_empty ();

  for (guint i = 0; i < gst_caps_get_size (caps); i++) {
    const GstStructure *structure = gst_caps_get_structure (caps, i);
    gint rate;

    if (!gst_structure_get_int (structure, "rate", &rate)) {
      add_at_any_rate (others, structure);
      continue;
    }
    add_at_rate (others, structure, direction == GST_PAD_SINK ? rate * 2.0 : rate / 2.0);
    add_at_rate (others, structure, direction == GST_PAD_SINK ? rate / 2.0 : rate * 2.0);
  }
  return filter != NULL ? gst_caps_intersect_full (filter, others, GST_CAPS_INTERSECT_FIRST)
                        : g_steal_pointer (&others);
}

static gboolean
is_twice (gint rate, gint other)
{
  return rate % 2 == 0 && rate / 2 == other;
}

static gboolean
gst_halfband_demo_set_caps (GstBaseTransform *trans, GstCaps *in_caps, GstCaps *out_caps)
{
  GstHalfbandDemo *self = GST_HALFBAND_DEMO (trans);
  GstAudioInfo in, out;

  if (!gst_audio_info_from_caps (&in, in_caps) || !gst_audio_info_from_caps (&out, out_caps))
    return FALSE;
  if (!is_twice (out.rate, in.rate) && !is_twice (in.rate, out.rate))
    return FALSE;
  if (self->way != NULL && self->in_rate == (guint)in.rate && self->out_rate == (guint)out.rate)
    return TRUE; /* it goes on */
  GST_OBJECT_LOCK (self);
  self->way = out.rate > in.rate ? &doubling : &halving;
  self->in_rate = (guint)in.rate;
  self->out_rate = (guint)out.rate;
  GST_OBJECT_UNLOCK (self);
  forget (self);
  return TRUE;
}

static gboolean
gst_halfband_demo_stop (GstBaseTransform *trans)
{
  GST_OBJECT_LOCK (trans);
  GST_HALFBAND_DEMO (trans)->way = NULL;
  GST_OBJECT_UNLOCK (trans);
  return TRUE;
}

static void
gst_halfband_demo_class_init (GstHalfbandDemoClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GstBaseTransformClass *transform_class = GST_BASE_TRANSFORM_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (halfband_demo_debug, "halfband_demo", 0, "resampler by two");
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Audio resampler by two (demo)", "Filter/Converter/Audio",
                                         "Doubles or halves the sample rate of 16-bit PCM audio.",
                                         "The audio-pipeline authors <authors@audio-pipeline.invalid>");
  gst_element_class_add_static_metadata (element_class, GST_ELEMENT_METADATA_DOC_URI,
                                         GST_PACKAGE_ORIGIN "docs/protocols/twilio-audio.md");
  transform_class->transform_caps = gst_halfband_demo_transform_caps;
  transform_class->set_caps = gst_halfband_demo_set_caps;
  transform_class->stop = gst_halfband_demo_stop;
  transform_class->query = gst_halfband_demo_query;
  transform_class->sink_event = gst_halfband_demo_sink_event;
  transform_class->generate_output = gst_halfband_demo_generate_output;
}

static void
gst_halfband_demo_init (GstHalfbandDemo *self)
{
  gst_base_transform_set_passthrough (GST_BASE_TRANSFORM (self), FALSE); /* as without a function that transforms */
}
