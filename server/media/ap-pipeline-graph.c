/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-pipeline-graph.h"

#include "media/ap-pipeline-ends.h"

static char *
caps_of_pad (GstElement *element, const char *name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);
  g_autoptr (GstCaps) caps = pad != NULL ? gst_pad_get_current_caps (pad) : NULL;

  return caps != NULL ? gst_caps_to_string (caps) : g_strdup ("no caps");
}

/* GStreamer draws bins; a direct pipeline may be one element without any around it. */
static char *
draw_element (GstElement *element)
{
  g_autofree char *in = caps_of_pad (element, "sink");
  g_autofree char *out = caps_of_pad (element, "src");
  g_autofree char *label =
      g_strdup_printf ("%s\n%s\n%s\nin: %s\nout: %s", G_OBJECT_TYPE_NAME (element), GST_OBJECT_NAME (element),
                       gst_element_state_get_name (GST_STATE (element)), in, out);
  g_autofree char *quoted = g_strescape (label, NULL);

  return g_strdup_printf ("digraph pipeline {\n  element [shape=box, label=\"%s\"];\n}\n", quoted);
}

char *
ap_pipeline_to_dot (ApPipeline *pipeline)
{
  ApPipelineEnds *ends = ap_pipeline_get_ends (pipeline);
  GstElement *element = ends != NULL ? ends->vtable->get_element (ends) : NULL;

  if (element == NULL)
    return NULL;
  if (GST_IS_BIN (element))
    return gst_debug_bin_to_dot_data (GST_BIN (element), GST_DEBUG_GRAPH_SHOW_ALL);
  return draw_element (element);
}
