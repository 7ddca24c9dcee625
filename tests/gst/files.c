/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole pipelines: through files, containers and RTP, and picked by encodebin and decodebin. */
#include "mulaw-check.h"

#include <glib/gstdio.h>

#define N_SAMPLES 65536
#define RAW       "rawaudioparse use-sink-caps=false pcm-format=s16le sample-rate=8000 num-channels=1"

static gchar *folder;

static void
make_folder (void)
{
  folder = g_dir_make_tmp ("mulaw-XXXXXX", NULL);
  fail_unless (folder != NULL);
}

static void
remove_folder (void)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    fail_unless_equals_int (g_unlink (path), 0);
  }
  g_dir_close (dir);
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

static void
write_file (const char *name, const void *bytes, gsize size)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  fail_unless (g_file_set_contents (path, bytes, (gssize)size, NULL));
}

static GBytes *
read_file (const char *name)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);
  gchar *bytes;
  gsize size;

  fail_unless (g_file_get_contents (path, &bytes, &size, NULL), "%s", name);
  return g_bytes_new_take (bytes, size);
}

/* Runs until EOS. @description names files of the folder as DIR/name. Gives back the number of warnings. */
static guint
run_pipeline (GstElement *pipeline)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  guint warnings = 0;
  gboolean eos = FALSE;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  while (!eos) {
    g_autoptr (GstMessage) message =
        gst_bus_timed_pop_filtered (bus, 60 * GST_SECOND, GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

    fail_unless (message != NULL, "no end of the stream in 60 s");
    fail_if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR, "%" GST_PTR_FORMAT, message);
    eos = GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS;
    warnings += GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING;
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return warnings;
}

static GstElement *
parse (const char *description)
{
  g_autoptr (GString) launch = g_string_new (description);
  g_autoptr (GError) error = NULL;
  GstElement *pipeline;

  g_string_replace (launch, "DIR", folder, 0);
  pipeline = gst_parse_launch (launch->str, &error);
  fail_unless (error == NULL, "%s", error ? error->message : "");
  return pipeline;
}

static guint
run (const char *description)
{
  GstElement *pipeline = parse (description);
  guint warnings = run_pipeline (pipeline);

  gst_object_unref (pipeline);
  return warnings;
}

static GBytes *
codes_of_all_samples (void)
{
  return check_run ("mulawenc_demo", PCM_CAPS (8000, 1), check_all_samples (), 2 * N_SAMPLES);
}

static GBytes *
decoded_samples (void)
{
  g_autoptr (GBytes) codes = codes_of_all_samples ();

  return check_run ("mulawdec_demo", MULAW_CAPS (8000, 1), g_bytes_get_data (codes, NULL), N_SAMPLES);
}

/* What a pipeline wrote to out.pcm must be all samples, encoded and decoded. */
static void
check_decoded (void)
{
  g_autoptr (GBytes) expected = decoded_samples (), out = read_file ("out.pcm");

  check_bytes_equal (out, expected);
}

static void
write_all_samples (void)
{
  write_file ("in.pcm", check_all_samples (), 2 * N_SAMPLES);
}

GST_START_TEST (wav_file)
{
  write_all_samples ();
  run ("filesrc location=DIR/in.pcm ! " RAW " ! mulawenc_demo ! wavenc ! filesink location=DIR/x.wav");
  run ("filesrc location=DIR/x.wav ! wavparse ! mulawdec_demo ! filesink location=DIR/out.pcm");
  check_decoded ();
  if (check_has ("mulawdec")) {
    run ("filesrc location=DIR/x.wav ! wavparse ! mulawdec ! filesink location=DIR/out.pcm");
    check_decoded ();
  }
}
GST_END_TEST

/* The bytes of the installed encoder's file, with the rule that it follows. */
GST_START_TEST (wav_file_of_the_installed_encoder)
{
  if (check_has ("mulawenc")) {
    g_autoptr (GBytes) theirs = NULL, ours = NULL;

    write_all_samples ();
    run ("filesrc location=DIR/in.pcm ! " RAW " ! mulawenc ! wavenc ! filesink location=DIR/theirs.wav");
    run ("filesrc location=DIR/in.pcm ! " RAW " ! mulawenc_demo tie-rule=sign-magnitude ! wavenc ! "
         "filesink location=DIR/ours.wav");
    run ("filesrc location=DIR/theirs.wav ! wavparse ! filesink location=DIR/theirs.mulaw");
    run ("filesrc location=DIR/ours.wav ! wavparse ! filesink location=DIR/ours.mulaw");
    theirs = read_file ("theirs.mulaw");
    ours = read_file ("ours.mulaw");
    fail_unless_equals_int (g_bytes_get_size (ours), N_SAMPLES);
    check_bytes_equal (ours, theirs);
  }
}
GST_END_TEST

/* A Sun/NeXT file, whose header is 24 bytes: magic, offset, size, encoding 1 (mu-law), rate, channels. */
GST_START_TEST (au_file)
{
  static const guint8 header[] = {
    '.', 's', 'n', 'd', 0, 0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0x1f, 0x40, 0, 0, 0, 1
  };
  g_autoptr (GBytes) codes = codes_of_all_samples ();
  GByteArray *file = g_byte_array_new ();

  g_byte_array_append (file, header, sizeof header);
  g_byte_array_append (file, g_bytes_get_data (codes, NULL), N_SAMPLES);
  write_file ("x.au", file->data, file->len);
  g_byte_array_unref (file);
  run ("filesrc location=DIR/x.au ! auparse ! mulawdec_demo ! filesink location=DIR/out.pcm");
  check_decoded ();
}
GST_END_TEST

GST_START_TEST (through_rtp)
{
  write_all_samples ();
  run ("filesrc location=DIR/in.pcm ! " RAW " ! mulawenc_demo ! rtppcmupay ! rtppcmudepay ! mulawdec_demo ! "
       "filesink location=DIR/out.pcm");
  check_decoded ();
}
GST_END_TEST

GST_START_TEST (through_matroska)
{
  write_all_samples ();
  run ("filesrc location=DIR/in.pcm ! " RAW " ! mulawenc_demo ! matroskamux ! filesink location=DIR/x.mka");
  run ("filesrc location=DIR/x.mka ! matroskademux ! mulawdec_demo ! filesink location=DIR/out.pcm");
  check_decoded ();
}
GST_END_TEST

/* Files without a header, in blocks of odd size: the segment is in BYTES, and nothing says when a sample begins. */
GST_START_TEST (headerless_files)
{
  write_all_samples ();
  fail_unless_equals_int (run ("filesrc location=DIR/in.pcm blocksize=333 ! " PCM_CAPS (
                              8000, 1) " ! mulawenc_demo ! filesink location=DIR/x.mulaw"),
                          0);
  fail_unless_equals_int (run ("filesrc location=DIR/x.mulaw blocksize=333 ! " MULAW_CAPS (
                              8000, 1) " ! mulawdec_demo ! filesink location=DIR/out.pcm"),
                          0);
  check_decoded ();
}
GST_END_TEST

GST_START_TEST (headerless_file_of_odd_size)
{
  g_autoptr (GBytes) codes = NULL;

  write_file ("in.pcm", check_all_samples (), 10001);
  fail_unless_equals_int (run ("filesrc location=DIR/in.pcm blocksize=333 ! " PCM_CAPS (
                              8000, 1) " ! mulawenc_demo ! filesink location=DIR/x.mulaw"),
                          1);
  codes = read_file ("x.mulaw");
  fail_unless_equals_int (g_bytes_get_size (codes), 5000);
}
GST_END_TEST

/* After a second of output the decoder knows the byte rate, so that a file of bytes has a duration. */
GST_START_TEST (headerless_file_has_a_duration)
{
  g_autoptr (GBytes) codes = codes_of_all_samples ();
  GstElement *pipeline;
  gint64 duration;

  write_file ("x.mulaw", g_bytes_get_data (codes, NULL), N_SAMPLES);
  pipeline = parse (
      "filesrc location=DIR/x.mulaw blocksize=40000 ! " MULAW_CAPS (8000, 1) " ! mulawdec_demo ! fakesink name=sink");
  gst_element_set_state (pipeline, GST_STATE_PAUSED);
  fail_unless_equals_int (gst_element_get_state (pipeline, NULL, NULL, 60 * GST_SECOND), GST_STATE_CHANGE_SUCCESS);
  fail_unless (gst_element_query_duration (pipeline, GST_FORMAT_TIME, &duration));
  fail_unless_equals_int64 (duration, (gint64)gst_util_uint64_scale (N_SAMPLES, GST_SECOND, 8000));
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
}
GST_END_TEST

/* --- autoplugging --- */

static guint
set_rank (const char *element, guint rank)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (element);
  guint before = gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (factory));

  gst_plugin_feature_set_rank (GST_PLUGIN_FEATURE (factory), rank);
  return before;
}

static void
note_element (GstBin *bin, GstBin *sub_bin, GstElement *element, gpointer names)
{
  GstElementFactory *factory = gst_element_get_factory (element);

  if (factory)
    g_hash_table_add (names, g_strdup (GST_OBJECT_NAME (factory)));
}

/* Runs, and tells whether @element was plugged. */
static gboolean
plugs (const char *description, const char *element)
{
  GstElement *pipeline = parse (description);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GstIterator *all = gst_bin_iterate_recurse (GST_BIN (pipeline));
  GValue item = G_VALUE_INIT;

  g_signal_connect (pipeline, "deep-element-added", G_CALLBACK (note_element), names);
  while (gst_iterator_next (all, &item) == GST_ITERATOR_OK) {
    note_element (NULL, NULL, g_value_get_object (&item), names);
    g_value_reset (&item);
  }
  g_value_unset (&item);
  gst_iterator_free (all);
  run_pipeline (pipeline);
  gst_object_unref (pipeline);
  return g_hash_table_contains (names, element);
}

#define ENCODEBIN                                                                                                      \
  "filesrc location=DIR/in.pcm ! " RAW " ! bin.audio_0 encodebin name=bin profile=audio/x-wav:audio/x-mulaw ! "        \
  "filesink location=DIR/x.wav"
#define DECODEBIN "filesrc location=DIR/x.wav ! decodebin ! filesink location=DIR/out.pcm"

/* With a rank they are picked, and do the work; with none, as shipped, GStreamer's own are. */
GST_START_TEST (bins_pick_by_rank)
{
  guint encoder_rank, decoder_rank;

  write_all_samples ();
  if (check_has ("mulawenc") && check_has ("mulawdec")) {
    fail_if (plugs (ENCODEBIN, "mulawenc_demo"));
    fail_if (plugs (DECODEBIN, "mulawdec_demo"));
  }
  encoder_rank = set_rank ("mulawenc_demo", GST_RANK_PRIMARY + 1);
  decoder_rank = set_rank ("mulawdec_demo", GST_RANK_PRIMARY + 1);
  fail_unless (plugs (ENCODEBIN, "mulawenc_demo"));
  fail_unless (plugs (DECODEBIN, "mulawdec_demo"));
  check_decoded ();
  fail_unless_equals_int (set_rank ("mulawenc_demo", encoder_rank), GST_RANK_PRIMARY + 1);
  fail_unless_equals_int (set_rank ("mulawdec_demo", decoder_rank), GST_RANK_PRIMARY + 1);
}
GST_END_TEST

static Suite *
files_suite (void)
{
  Suite *suite = suite_create ("files");
  TCase *tcase = tcase_create ("files");

  tcase_add_checked_fixture (tcase, make_folder, remove_folder);
  tcase_add_test (tcase, wav_file);
  tcase_add_test (tcase, wav_file_of_the_installed_encoder);
  tcase_add_test (tcase, au_file);
  tcase_add_test (tcase, through_rtp);
  tcase_add_test (tcase, through_matroska);
  tcase_add_test (tcase, headerless_files);
  tcase_add_test (tcase, headerless_file_of_odd_size);
  tcase_add_test (tcase, headerless_file_has_a_duration);
  tcase_add_test (tcase, bins_pick_by_rank);
  suite_add_tcase (suite, tcase);
  return suite;
}

GST_CHECK_MAIN (files)
