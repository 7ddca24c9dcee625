/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_fault: passes audio on, and does what the first byte of a buffer tells it: fail, wait, or swallow. So one client
 * of a server can be the one whose pipeline is at fault. */
#include <gst/base/gstbasetransform.h>

/* First bytes; the tests' own patterns have others. */
enum { FAULT_ERROR = 0xe0, FAULT_STALL = 0xe1, FAULT_DROP = 0xe2, FAULT_HANG = 0xe3 };

#define STALL_US (5 * G_TIME_SPAN_SECOND)
#define HANG_US  (300 * G_TIME_SPAN_SECOND)

#define TEST_TYPE_FAULT (test_fault_get_type ())
G_DECLARE_FINAL_TYPE (TestFault, test_fault, TEST, FAULT, GstBaseTransform)

struct _TestFault {
  GstBaseTransform parent_instance;
};

G_DEFINE_FINAL_TYPE (TestFault, test_fault, GST_TYPE_BASE_TRANSFORM)

/* Nobody ends it early, not even a change of state: such elements exist. */
static void
wait_for (gint64 time_us)
{
  GMutex lock;
  GCond never;
  gint64 until = g_get_monotonic_time () + time_us;

  g_mutex_init (&lock);
  g_cond_init (&never);
  g_mutex_lock (&lock);
  while (g_cond_wait_until (&never, &lock, until))
    continue;
  g_mutex_unlock (&lock);
  g_mutex_clear (&lock);
  g_cond_clear (&never);
}

static GstFlowReturn
test_fault_transform_ip (GstBaseTransform *base, GstBuffer *buffer)
{
  guint8 first = 0;

  gst_buffer_extract (buffer, 0, &first, 1);
  switch (first) {
  case FAULT_ERROR:
    GST_ELEMENT_ERROR (base, STREAM, FAILED, (NULL), ("the first byte asks for it"));
    return GST_FLOW_ERROR;
  case FAULT_STALL:
    wait_for (STALL_US);
    return GST_FLOW_OK;
  case FAULT_HANG:
    wait_for (HANG_US);
    return GST_FLOW_OK;
  case FAULT_DROP:
    return GST_BASE_TRANSFORM_FLOW_DROPPED;
  default:
    return GST_FLOW_OK;
  }
}

static void
test_fault_class_init (TestFaultClass *klass)
{
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  static GstStaticPadTemplate src = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  gst_element_class_add_static_pad_template (element_class, &sink);
  gst_element_class_add_static_pad_template (element_class, &src);
  gst_element_class_set_static_metadata (element_class, "Faults for tests", "Filter/Audio",
                                         "Fails, waits or swallows when a buffer asks for it", "audio-pipeline");
  GST_BASE_TRANSFORM_CLASS (klass)->transform_ip = test_fault_transform_ip;
}

static void
test_fault_init (TestFault *fault)
{
  gst_base_transform_set_in_place (GST_BASE_TRANSFORM (fault), TRUE);
}

static gboolean
plugin_init (GstPlugin *plugin)
{
  return gst_element_register (plugin, "test_fault", GST_RANK_NONE, TEST_TYPE_FAULT);
}

#define PACKAGE "audio-pipeline"
GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, testfault, "Faults for tests", plugin_init, "0.1.0", "LGPL",
                   "audio-pipeline", "https://audio-pipeline.invalid/")
