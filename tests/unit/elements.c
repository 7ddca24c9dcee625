/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements that behave badly, for pipelines under test. */
#include "elements.h"

#include <gst/base/gstbasetransform.h>

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static void
describe (GstElementClass *klass, const char *name)
{
  gst_element_class_add_static_pad_template (klass, &sink_template);
  gst_element_class_add_static_pad_template (klass, &src_template);
  gst_element_class_set_static_metadata (klass, name, "Filter", "Behaves badly", "the tests");
}

/* ---- complainer ---- */

typedef struct {
  GstBaseTransform parent_instance;

  guint at;
  guint buffers;
} Complainer;

typedef GstBaseTransformClass ComplainerClass;

static GType complainer_get_type (void);
G_DEFINE_TYPE (Complainer, complainer, GST_TYPE_BASE_TRANSFORM)

static void
complain (Complainer *complainer)
{
  GST_ELEMENT_ERROR (complainer, STREAM, FAILED, ("a complaint"), (NULL));
}

static GstFlowReturn
complainer_transform (GstBaseTransform *transform, GstBuffer *buffer)
{
  Complainer *complainer = (Complainer *)transform;

  if (++complainer->buffers == complainer->at)
    complain (complainer);
  return GST_FLOW_OK;
}

static gboolean
complainer_event (GstBaseTransform *transform, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_EOS && ((Complainer *)transform)->at == 0)
    complain ((Complainer *)transform);
  return GST_BASE_TRANSFORM_CLASS (complainer_parent_class)->sink_event (transform, event);
}

static void
complainer_set (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  ((Complainer *)object)->at = g_value_get_uint (value);
}

static void
complainer_class_init (ComplainerClass *klass)
{
  describe (GST_ELEMENT_CLASS (klass), "Complainer");
  G_OBJECT_CLASS (klass)->set_property = complainer_set;
  g_object_class_install_property (
      G_OBJECT_CLASS (klass), 1,
      g_param_spec_uint ("at", NULL, NULL, 0, G_MAXUINT, 0, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  klass->transform_ip = complainer_transform;
  klass->sink_event = complainer_event;
}

static void
complainer_init (Complainer *complainer)
{
}

/* ---- staller ---- */

typedef GstBaseTransform Staller;
typedef GstBaseTransformClass StallerClass;

static GType staller_get_type (void);
G_DEFINE_TYPE (Staller, staller, GST_TYPE_BASE_TRANSFORM)

static GMutex stall_lock; /* guards both */
static GCond stall_over;
static guint stalled;
static gboolean released;

static GstFlowReturn
staller_transform (GstBaseTransform *transform, GstBuffer *buffer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stall_lock);

  stalled++;
  while (!released)
    g_cond_wait (&stall_over, &stall_lock);
  stalled--;
  return GST_FLOW_OK;
}

static void
staller_class_init (StallerClass *klass)
{
  describe (GST_ELEMENT_CLASS (klass), "Staller");
  klass->transform_ip = staller_transform;
}

static void
staller_init (Staller *staller)
{
}

gboolean
elements_are_stalled (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stall_lock);

  return stalled > 0;
}

void
elements_release_stalled (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&stall_lock);

  released = TRUE;
  g_cond_broadcast (&stall_over);
}

void
elements_register (void)
{
  g_mutex_lock (&stall_lock);
  released = FALSE;
  g_mutex_unlock (&stall_lock);
  gst_element_register (NULL, "complainer", GST_RANK_NONE, complainer_get_type ());
  gst_element_register (NULL, "staller", GST_RANK_NONE, staller_get_type ());
}
