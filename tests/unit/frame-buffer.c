/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers that are used again: nothing of a frame shows in the next one, and what somebody still has is left alone. */
#include "media/ap-frame-buffer.h"
#include "media/ap-session-meta.h"

#include <string.h>

static void
assert_frame (GstBuffer *buffer, const void *data, gsize length, guint64 session_id)
{
  g_autofree guint8 *copy = g_malloc (length + 1);

  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, length);
  g_assert_cmpuint (gst_buffer_extract (buffer, 0, copy, length + 1), ==, length);
  g_assert_cmpmem (copy, length, data, length);
  g_assert_cmpuint (ap_session_meta_get_id (buffer), ==, session_id);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, GST_CLOCK_TIME_NONE);
  g_assert_cmpuint (GST_BUFFER_DTS (buffer), ==, GST_CLOCK_TIME_NONE);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, GST_CLOCK_TIME_NONE);
  g_assert_false (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT));
  g_assert_true (gst_buffer_is_writable (buffer));
}

static GstBuffer *
new_frame (const char *text, guint64 session_id)
{
  return ap_frame_buffer_new ((const guint8 *)text, strlen (text), session_id);
}

static void
test_again (void)
{
  GstBuffer *first = new_frame ("first", 1);
  GstBuffer *second;

  assert_frame (first, "first", 5, 1);
  GST_BUFFER_PTS (first) = 1;
  GST_BUFFER_DTS (first) = 2;
  GST_BUFFER_DURATION (first) = 3;
  GST_BUFFER_FLAG_SET (first, GST_BUFFER_FLAG_DISCONT);
  gst_buffer_unref (first);
  second = new_frame ("the second", 2);
  g_assert_true (second == first);
  assert_frame (second, "the second", 10, 2);
  gst_buffer_unref (second);
}

/* Empty ones, those that fill a stored buffer, and those that are too large for one. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0, 1, 320, 2047, 2048, 2049, 65536, 1, 2048, 0 };
  g_autofree guint8 *data = g_malloc (65536);

  for (gsize i = 0; i < 65536; i++)
    data[i] = (guint8)(i * 7 + 1);
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    g_autoptr (GstBuffer) buffer = ap_frame_buffer_new (data, lengths[i], i + 1);

    assert_frame (buffer, data, lengths[i], i + 1);
  }
}

/* Many at once, more than are stored: each its own. */
static void
test_many (void)
{
  GstBuffer *buffers[2000];

  for (guint round = 0; round < 3; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
      buffers[i] = ap_frame_buffer_new ((const guint8 *)&i, sizeof i, i);
    for (guint i = 0; i < G_N_ELEMENTS (buffers); i++) {
      assert_frame (buffers[i], &i, sizeof i, i);
      gst_buffer_unref (buffers[i]);
    }
  }
}

/* A copy shares the memory, which must not be written to while the copy lives. */
static void
test_shared_memory (void)
{
  GstBuffer *buffer = new_frame ("kept", 1);
  g_autoptr (GstBuffer) copy = gst_buffer_copy (buffer);
  g_autoptr (GstBuffer) part = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_MEMORY, 1, 2);
  g_autoptr (GstBuffer) next = NULL;

  gst_buffer_unref (buffer);
  next = new_frame ("next", 2);
  assert_frame (copy, "kept", 4, 1);
  assert_frame (next, "next", 4, 2);
  g_assert_cmpint (gst_buffer_memcmp (part, 0, "ep", 2), ==, 0);
}

static void
test_other_memory (void)
{
  GstBuffer *buffer = new_frame ("one", 1);
  g_autoptr (GstBuffer) next = NULL;

  gst_buffer_replace_all_memory (buffer, gst_allocator_alloc (NULL, 1, NULL));
  gst_buffer_unref (buffer);
  buffer = new_frame ("one", 1);
  gst_buffer_append_memory (buffer, gst_allocator_alloc (NULL, 1, NULL));
  gst_buffer_unref (buffer);
  next = new_frame ("another", 2);
  assert_frame (next, "another", 7, 2);
}

static void
test_other_meta (void)
{
  GstBuffer *buffer = new_frame ("one", 1);
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("timestamp/x-test");
  g_autoptr (GstBuffer) next = NULL;

  gst_buffer_add_reference_timestamp_meta (buffer, caps, 1, 1);
  gst_buffer_unref (buffer);
  next = new_frame ("another", 2);
  assert_frame (next, "another", 7, 2);
  g_assert_null (gst_buffer_get_reference_timestamp_meta (next, NULL));
}

/* Cut at the front, as an element may, it is whole again. */
static void
test_cut (void)
{
  guint8 zeros[2048] = { 0 };
  GstBuffer *buffer = ap_frame_buffer_new (zeros, sizeof zeros, 1);
  g_autoptr (GstBuffer) next = NULL;

  gst_buffer_resize (buffer, 2000, 2);
  gst_buffer_unref (buffer);
  for (guint i = 0; i < 2; i++) {
    guint8 data[2048] = { 1, 2, 3 };

    gst_clear_buffer (&next);
    next = ap_frame_buffer_new (data, sizeof data, 2);
    assert_frame (next, data, sizeof data, 2);
  }
}

static gpointer
unref_on_another_thread (gpointer data)
{
  gst_buffer_unref (data);
  return NULL;
}

static void
test_threads (void)
{
  for (guint i = 0; i < 10; i++) {
    GThread *thread = g_thread_new ("other", unref_on_another_thread, new_frame ("gone", 1));

    g_thread_join (thread);
  }
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/frame-buffer/again", test_again);
  g_test_add_func ("/frame-buffer/lengths", test_lengths);
  g_test_add_func ("/frame-buffer/many", test_many);
  g_test_add_func ("/frame-buffer/shared-memory", test_shared_memory);
  g_test_add_func ("/frame-buffer/other-memory", test_other_memory);
  g_test_add_func ("/frame-buffer/other-meta", test_other_meta);
  g_test_add_func ("/frame-buffer/cut", test_cut);
  g_test_add_func ("/frame-buffer/threads", test_threads);
  return g_test_run ();
}
