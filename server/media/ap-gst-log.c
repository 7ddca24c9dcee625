/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-gst-log.h"

#include "base/ap-log.h"

#include <gst/gst.h>

static GLogLevelFlags
log_level (GstDebugLevel level)
{
  if (level == GST_LEVEL_ERROR)
    return G_LOG_LEVEL_CRITICAL;
  if (level == GST_LEVEL_WARNING)
    return G_LOG_LEVEL_WARNING;
  return level <= GST_LEVEL_INFO ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_DEBUG;
}

/* `element`, `element:pad`, or the type of what has no name. */
static char *
object_name (GObject *object)
{
  if (!G_IS_OBJECT (object))
    return g_strdup ("-");
  if (GST_IS_PAD (object))
    return g_strdup_printf ("%s:%s", GST_DEBUG_PAD_NAME (object));
  if (GST_IS_OBJECT (object) && GST_OBJECT_NAME (object) != NULL)
    return g_strdup (GST_OBJECT_NAME (object));
  return g_strdup (G_OBJECT_TYPE_NAME (object));
}

static void
on_line (GstDebugCategory *category, GstDebugLevel level, const char *file, const char *function, int line,
         GObject *object, GstDebugMessage *message, gpointer data)
{
  g_autofree char *name = NULL;
  g_autofree char *importance = NULL;
  g_autofree char *text = NULL;

  if (level > (GstDebugLevel)gst_debug_category_get_threshold (category))
    return;
  name = object_name (object);
  importance = g_strchomp (g_strdup (gst_debug_level_get_name (level))); /* GStreamer fills it up with spaces */
  text = g_strdup_printf ("%s %s %s:%d %s: %s", importance, gst_debug_category_get_name (category), file, line, name,
                          gst_debug_message_get (message));
  ap_log_write (log_level (level), "gstreamer", text);
}

void
ap_gst_log_init (void)
{
  if (g_getenv ("GST_DEBUG_FILE") != NULL)
    return;
  gst_debug_remove_log_function (gst_debug_log_default);
  gst_debug_add_log_function (on_line, NULL, NULL);
}
