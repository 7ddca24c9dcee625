/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ap-frame-buffer.h"

#include "base/ap-limits.h"
#include "media/ap-session-meta.h"

/* Holds 20 ms of most kinds of audio; larger frames are worth an allocation each. */
#define CAPACITY 2048

static void
free_stored (gpointer data)
{
  GST_MINI_OBJECT_CAST (data)->dispose = NULL;
  gst_buffer_unref (data);
}

static GPtrArray *
stored_buffers (void)
{
  static GPrivate stored = G_PRIVATE_INIT ((GDestroyNotify)g_ptr_array_unref);
  GPtrArray *buffers = g_private_get (&stored);

  if (buffers == NULL) {
    buffers = g_ptr_array_new_with_free_func (free_stored);
    g_private_set (&stored, buffers);
  }
  return buffers;
}

/* Whoever had it may have put other memory into it, share its memory, or have added to it. */
static gboolean
is_as_made (GstBuffer *buffer)
{
  gpointer state = NULL;

  return !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_TAG_MEMORY) && gst_buffer_n_memory (buffer) == 1 &&
         GST_MINI_OBJECT_REFCOUNT_VALUE (gst_buffer_peek_memory (buffer, 0)) == 1 &&
         gst_buffer_iterate_meta (buffer, &state) != NULL && gst_buffer_iterate_meta (buffer, &state) == NULL;
}

/* Called when nobody holds it any more. FALSE: it lives on. */
static gboolean
store (GstMiniObject *object)
{
  GPtrArray *buffers = stored_buffers ();

  if (buffers->len >= AP_BATCH_FRAMES || !is_as_made (GST_BUFFER_CAST (object)))
    return TRUE;
  g_ptr_array_add (buffers, gst_mini_object_ref (object));
  return FALSE;
}

static GstBuffer *
make (gsize capacity)
{
  GstBuffer *buffer = capacity > 0 ? gst_buffer_new_allocate (NULL, capacity, NULL) : gst_buffer_new ();

  ap_session_meta_add (buffer, 0);
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_TAG_MEMORY);
  return buffer;
}

static void
reset (GstBuffer *buffer)
{
  GST_BUFFER_FLAGS (buffer) = 0;
  GST_BUFFER_PTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DTS (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_NONE;
  GST_BUFFER_OFFSET (buffer) = GST_BUFFER_OFFSET_NONE;
  GST_BUFFER_OFFSET_END (buffer) = GST_BUFFER_OFFSET_NONE;
}

static GstBuffer *
take_stored (gsize length)
{
  GPtrArray *buffers = stored_buffers ();
  GstBuffer *buffer;
  gsize offset;

  if (buffers->len == 0) {
    buffer = make (CAPACITY);
    GST_MINI_OBJECT_CAST (buffer)->dispose = store;
  } else {
    buffer = g_ptr_array_steal_index_fast (buffers, buffers->len - 1);
    reset (buffer);
  }
  if (gst_buffer_get_sizes (buffer, &offset, NULL) != length || offset != 0)
    gst_buffer_resize (buffer, -(gssize)offset, (gssize)length);
  return buffer;
}

GstBuffer *
ap_frame_buffer_new (const guint8 *data, gsize length, guint64 session_id)
{
  GstBuffer *buffer = length > 0 && length <= CAPACITY ? take_stored (length) : make (length);

  gst_buffer_fill (buffer, 0, data, length);
  ap_session_meta_set_id (buffer, session_id);
  return buffer;
}
