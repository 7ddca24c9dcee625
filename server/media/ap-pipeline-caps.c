/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Capsfilters cost every buffer a walk through an element, and every pipeline some kilobytes, only to say what could be
 * asked of the pads beside them. */
#include "media/ap-pipeline-caps.h"

/* What a pad was before it spoke for a filter. */
typedef struct {
  GstPadQueryFunction query;
  GstCaps *caps;
} Folded;

static void
folded_free (gpointer data)
{
  gst_caps_unref (((Folded *)data)->caps);
  g_free (data);
}

static gboolean
query_folded (GstPad *pad, GstObject *parent, GstQuery *query)
{
  const Folded *folded = pad->querydata;
  g_autoptr (GstCaps) both = NULL;
  GstCaps *caps;

  if (GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS) {
    gst_query_parse_accept_caps (query, &caps);
    if (!gst_caps_can_intersect (caps, folded->caps)) {
      gst_query_set_accept_caps_result (query, FALSE);
      return TRUE;
    }
  }
  if (!folded->query (pad, parent, query))
    return FALSE;
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS) {
    gst_query_parse_caps_result (query, &caps);
    both = gst_caps_intersect_full (folded->caps, caps, GST_CAPS_INTERSECT_FIRST);
    gst_query_set_caps_result (query, both);
  }
  return TRUE;
}

static void
speak_for (GstPad *pad, const GstCaps *caps)
{
  Folded *folded = g_new (Folded, 1);

  *folded = (Folded){ GST_PAD_QUERYFUNC (pad), gst_caps_copy (caps) };
  gst_pad_set_query_function_full (pad, query_folded, folded, folded_free);
}

/* One that knows its data by another function than ours, or has some, is left alone. */
static gboolean
can_speak (GstPad *pad)
{
  return pad != NULL && pad->querydata == NULL && GST_PAD_QUERYFUNC (pad) != NULL;
}

static GstPad *
peer_of (GstElement *element, const char *name)
{
  g_autoptr (GstPad) pad = gst_element_get_static_pad (element, name);

  return gst_pad_get_peer (pad);
}

static void
fold (GstBin *bin, GstElement *filter)
{
  g_autoptr (GstPad) from = peer_of (filter, "sink");
  g_autoptr (GstPad) to = peer_of (filter, "src");
  g_autoptr (GstCaps) caps = NULL;

  g_object_get (filter, "caps", &caps, NULL);
  if (!can_speak (from) || !can_speak (to) || caps == NULL || !gst_caps_is_fixed (caps))
    return;
  gst_bin_remove (bin, filter); /* which unlinks it */
  speak_for (from, caps);
  speak_for (to, caps);
  gst_pad_link_full (from, to, GST_PAD_LINK_CHECK_NOTHING); /* as the filter, they find out when they run */
}

static gboolean
is_filter (GstElement *element)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  return factory != NULL && g_str_equal (GST_OBJECT_NAME (factory), "capsfilter");
}

void
ap_pipeline_fold_caps (GstElement *bin)
{
  g_autoptr (GPtrArray) filters = g_ptr_array_new_with_free_func (gst_object_unref);

  if (!GST_IS_BIN (bin))
    return;
  for (const GList *child = GST_BIN_CHILDREN (bin); child != NULL; child = child->next)
    if (is_filter (child->data))
      g_ptr_array_add (filters, gst_object_ref (child->data));
  for (guint i = 0; i < filters->len; i++)
    fold (GST_BIN (bin), g_ptr_array_index (filters, i));
}
