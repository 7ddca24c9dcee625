/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session that a buffer carries, through the copies that elements make. */
#include "media/ap-session-meta.h"

static void
test_add (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();

  g_assert_cmpuint (ap_session_meta_get_id (buffer), ==, 0);
  ap_session_meta_add (buffer, G_MAXUINT64);
  g_assert_cmpuint (ap_session_meta_get_id (buffer), ==, G_MAXUINT64);
}

static void
test_copies (void)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new_allocate (NULL, 100, NULL);
  g_autoptr (GstBuffer) copy = NULL;
  g_autoptr (GstBuffer) deep_copy = NULL;
  g_autoptr (GstBuffer) region = NULL;

  ap_session_meta_add (buffer, 42);
  copy = gst_buffer_copy (buffer);
  deep_copy = gst_buffer_copy_deep (buffer);
  region = gst_buffer_copy_region (buffer, GST_BUFFER_COPY_ALL, 10, 20);
  g_assert_cmpuint (ap_session_meta_get_id (copy), ==, 42);
  g_assert_cmpuint (ap_session_meta_get_id (deep_copy), ==, 42);
  g_assert_cmpuint (ap_session_meta_get_id (region), ==, 42);
}

static gpointer
add_from_thread (gpointer data)
{
  g_autoptr (GstBuffer) buffer = gst_buffer_new ();

  ap_session_meta_add (buffer, 7);
  return GSIZE_TO_POINTER (ap_session_meta_get_id (buffer));
}

/* The type is registered by whichever thread comes first. */
static void
test_threads (void)
{
  GThread *threads[8];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("meta", add_from_thread, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_assert_cmpuint (GPOINTER_TO_SIZE (g_thread_join (threads[i])), ==, 7);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session-meta/threads", test_threads);
  g_test_add_func ("/session-meta/add", test_add);
  g_test_add_func ("/session-meta/copies", test_copies);
  return g_test_run ();
}
