/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-session-meta.h"

static GType
session_meta_api_get_type (void)
{
  static gsize type;

  if (g_once_init_enter (&type)) {
    /* Without tags: a transformation of the audio does not make the meta wrong. */
    static const char *tags[] = { NULL };
    g_once_init_leave (&type, gst_meta_api_type_register ("ApSessionMetaAPI", tags));
  }
  return type;
}

static gboolean
session_meta_init (GstMeta *meta, gpointer params, GstBuffer *buffer)
{
  ((ApSessionMeta *)meta)->session_id = 0;
  return TRUE;
}

static gboolean
session_meta_transform (GstBuffer *to, GstMeta *meta, GstBuffer *from, GQuark type, gpointer data)
{
  ap_session_meta_add (to, ((ApSessionMeta *)meta)->session_id);
  return TRUE;
}

static const GstMetaInfo *
session_meta_get_info (void)
{
  static const GstMetaInfo *info;

  if (g_once_init_enter (&info))
    g_once_init_leave (&info, gst_meta_register (session_meta_api_get_type (), "ApSessionMeta", sizeof (ApSessionMeta),
                                                 session_meta_init, NULL, session_meta_transform));
  return info;
}

void
ap_session_meta_add (GstBuffer *buffer, guint64 session_id)
{
  ((ApSessionMeta *)gst_buffer_add_meta (buffer, session_meta_get_info (), NULL))->session_id = session_id;
}

void
ap_session_meta_set_id (GstBuffer *buffer, guint64 session_id)
{
  ((ApSessionMeta *)gst_buffer_get_meta (buffer, session_meta_api_get_type ()))->session_id = session_id;
}

guint64
ap_session_meta_get_id (GstBuffer *buffer)
{
  const ApSessionMeta *meta = (ApSessionMeta *)gst_buffer_get_meta (buffer, session_meta_api_get_type ());

  return meta != NULL ? meta->session_id : 0;
}
