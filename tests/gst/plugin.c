/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What gst-inspect shows of the plugin and its elements. */
#include "mulaw-check.h"

#define ANY   "rate=[ 1, MAX ],channels=[ 1, MAX ]"
#define PCM   "audio/x-raw,format=" GST_STR_S16 ",layout=interleaved," ANY
#define MULAW "audio/x-mulaw," ANY

static void
check_metadata (const char *name, const char *long_name, const char *klass)
{
  g_autoptr (GstElementFactory) factory = gst_element_factory_find (name);
  const char *author, *uri, *description;

  fail_unless (factory != NULL, "%s is not found", name);
  fail_unless_equals_string (gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_LONGNAME), long_name);
  fail_unless_equals_string (gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS), klass);
  author = gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_AUTHOR);
  fail_unless (g_regex_match_simple ("^[^<]+ <[^@>]+@[^>]+>$", author, 0, 0), "%s", author);
  uri = gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_DOC_URI);
  fail_unless (g_uri_is_valid (uri, G_URI_FLAGS_NONE, NULL));
  description = gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_DESCRIPTION);
  fail_unless (g_str_has_suffix (description, "."));
  fail_unless_equals_int (gst_plugin_feature_get_rank (GST_PLUGIN_FEATURE (factory)), GST_RANK_NONE);
  fail_unless_equals_string (gst_plugin_feature_get_plugin_name (GST_PLUGIN_FEATURE (factory)), "mulawdemo");
}

GST_START_TEST (elements_say_what_they_are)
{
  check_metadata ("mulawenc_demo", "Mu-law audio encoder (demo)", "Codec/Encoder/Audio");
  check_metadata ("mulawdec_demo", "Mu-law audio decoder (demo)", "Codec/Decoder/Audio");
  check_metadata ("halfband_demo", "Audio resampler by two (demo)", "Filter/Converter/Audio");
}
GST_END_TEST

GST_START_TEST (plugin_says_what_it_is)
{
  g_autoptr (GstPlugin) plugin = gst_registry_find_plugin (gst_registry_get (), "mulawdemo");

  fail_unless (plugin != NULL);
  fail_unless_equals_string (gst_plugin_get_license (plugin), "LGPL");
  fail_unless_equals_string (gst_plugin_get_source (plugin), "audio-pipeline");
  fail_unless_equals_string (gst_plugin_get_package (plugin), "audio-pipeline");
  fail_unless (g_uri_is_valid (gst_plugin_get_origin (plugin), G_URI_FLAGS_NONE, NULL));
  fail_unless (gst_plugin_get_release_date_string (plugin) != NULL);
  fail_unless (g_regex_match_simple ("^\\d+\\.\\d+\\.\\d+$", gst_plugin_get_version (plugin), 0, 0));
}
GST_END_TEST

static void
check_property (GstElement *element, const char *name)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (element), name);

  fail_unless (pspec != NULL, "no property %s", name);
  fail_unless (g_param_spec_get_blurb (pspec) != NULL);
  fail_unless ((pspec->flags & G_PARAM_READWRITE) == G_PARAM_READWRITE);
  fail_unless ((pspec->flags & GST_PARAM_MUTABLE_PLAYING) == GST_PARAM_MUTABLE_PLAYING);
}

GST_START_TEST (encoder_has_its_properties)
{
  GstElement *encoder = gst_element_factory_make ("mulawenc_demo", NULL);
  gboolean suppress;
  GEnumValue *value;
  gint tie_rule;

  check_property (encoder, "tie-rule");
  check_property (encoder, "suppress-all-zero");
  g_object_get (encoder, "tie-rule", &tie_rule, "suppress-all-zero", &suppress, NULL);
  fail_unless (!suppress);
  value = g_enum_get_value (g_type_class_peek (g_type_from_name ("GstMulawDemoTieRule")), tie_rule);
  fail_unless_equals_string (value->value_nick, "itu");
  gst_util_set_object_arg (G_OBJECT (encoder), "tie-rule", "sign-magnitude");
  g_object_get (encoder, "tie-rule", &tie_rule, NULL);
  fail_unless_equals_int (tie_rule, 1);
  gst_object_unref (encoder);
}
GST_END_TEST

/* G.711 leaves a decoder nothing to choose. */
GST_START_TEST (decoder_has_no_dummies)
{
  GstElement *decoder = gst_element_factory_make ("mulawdec_demo", NULL);

  fail_if (g_object_class_find_property (G_OBJECT_GET_CLASS (decoder), "tie-rule") != NULL);
  fail_if (g_object_class_find_property (G_OBJECT_GET_CLASS (decoder), "suppress-all-zero") != NULL);
  gst_object_unref (decoder);
}
GST_END_TEST

GST_START_TEST (templates_take_any_rate_and_channels)
{
  static const struct {
    const char *element, *pad, *caps;
  } rows[] = {
    { "mulawenc_demo", "sink", PCM },
    { "mulawenc_demo", "src", MULAW },
    { "mulawdec_demo", "sink", MULAW },
    { "mulawdec_demo", "src", PCM },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    GstElement *element = gst_element_factory_make (rows[i].element, NULL);
    g_autoptr (GstPad) pad = gst_element_get_static_pad (element, rows[i].pad);
    g_autoptr (GstCaps) caps = gst_pad_get_pad_template_caps (pad), expected = gst_caps_from_string (rows[i].caps);

    fail_unless (gst_caps_is_equal (caps, expected), "%s %s", rows[i].element, rows[i].pad);
    gst_object_unref (element);
  }
}
GST_END_TEST

static guint warnings;

static void
count_warnings (GstDebugCategory *category, GstDebugLevel level, const gchar *file, const gchar *function, gint line,
                GObject *object, GstDebugMessage *message, gpointer data)
{
  if (level == GST_LEVEL_WARNING && strstr (gst_debug_message_get (message), "MULAW_DEMO_ISA"))
    warnings++;
}

/* meson runs this program with a name in MULAW_DEMO_ISA that no machine has. */
GST_START_TEST (unknown_isa_warns_once)
{
  GstElement *encoder = gst_element_factory_make ("mulawenc_demo", NULL);
  GstElement *decoder = gst_element_factory_make ("mulawdec_demo", NULL);

  fail_unless (encoder && decoder);
  fail_unless_equals_int (warnings, g_getenv ("MULAW_DEMO_ISA") ? 1 : 0);
  gst_object_unref (encoder);
  gst_object_unref (decoder);
}
GST_END_TEST

static Suite *
plugin_suite (void)
{
  Suite *suite = suite_create ("plugin");
  TCase *inspect = tcase_create ("inspect");

  tcase_add_test (inspect, unknown_isa_warns_once);
  tcase_add_test (inspect, elements_say_what_they_are);
  tcase_add_test (inspect, plugin_says_what_it_is);
  tcase_add_test (inspect, encoder_has_its_properties);
  tcase_add_test (inspect, decoder_has_no_dummies);
  tcase_add_test (inspect, templates_take_any_rate_and_channels);
  suite_add_tcase (suite, inspect);
  return suite;
}

/* The log is listened to before GStreamer starts, as the plugin may be loaded by the first scan. */
int
main (int argc, char **argv)
{
  int failed;

  gst_debug_set_default_threshold (GST_LEVEL_WARNING);
  gst_debug_add_log_function (count_warnings, NULL, NULL);
  gst_check_init (&argc, &argv);
  failed = gst_check_run_suite (plugin_suite (), "plugin", __FILE__);
  gst_debug_remove_log_function (count_warnings);
  return failed;
}
