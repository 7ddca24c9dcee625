/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The settings: where each may come from, what goes before what, and what is said about a wrong one. */
#include "app/ap-config.h"
#include "base/ap-error.h"

#include <glib/gstdio.h>
#include <gst/gst.h>

typedef struct {
  char *folder;
  char *file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("config-XXXXXX", NULL);
  fixture->file = g_build_filename (fixture->folder, ".env", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_remove (fixture->file);
  g_rmdir (fixture->folder);
  g_free (fixture->file);
  g_free (fixture->folder);
  g_unsetenv ("AUDIO_PORT");
}

static void
write_file (Fixture *fixture, const char *text)
{
  g_assert_true (g_file_set_contents (fixture->file, text, -1, NULL));
}

static ApConfig *
load (Fixture *fixture, const char *arguments, GError **error)
{
  g_auto (GStrv) argv = g_strsplit (arguments, "|", -1);

  return ap_config_load (argv, fixture->folder, error);
}

static ApConfig *
load_good (Fixture *fixture, const char *arguments)
{
  g_autoptr (GError) error = NULL;
  ApConfig *config = load (fixture, arguments, &error);

  g_assert_no_error (error);
  return config;
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApConfig) config = load_good (fixture, "");

  g_assert_cmpstr (config->host, ==, "0.0.0.0");
  g_assert_cmpint (config->port, ==, 8001);
  g_assert_cmpint (config->workers, ==, 0);
  g_assert_cmpint (config->drain_seconds, ==, 10);
  g_assert_cmpint (config->ping_seconds, ==, 30);
  g_assert_cmpint (config->max_frame_bytes, ==, 1048576);
  g_assert_cmpstr (config->pipeline, ==, NULL);
  g_assert_cmpstr (config->pipeline_mode, ==, "auto");
  g_assert_false (config->no_log_frames || config->healthcheck || config->version || config->help);
  g_assert_cmpint (ap_config_get_log_level (config), ==, G_LOG_LEVEL_INFO);
  g_assert_cmpint (ap_config_get_log_format (config), ==, AP_LOG_FORMAT_TEXT);
}

/* Option, environment, file, default. */
static void
test_precedence (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApConfig) from_file = NULL;
  g_autoptr (ApConfig) from_environment = NULL;
  g_autoptr (ApConfig) from_option = NULL;

  write_file (fixture, "AUDIO_PORT=1\nSOMEBODY_ELSES=x\nAUDIO_UNKNOWN=x\n");
  from_file = load_good (fixture, "");
  g_assert_cmpint (from_file->port, ==, 1);
  g_setenv ("AUDIO_PORT", "2", TRUE);
  from_environment = load_good (fixture, "");
  g_assert_cmpint (from_environment->port, ==, 2);
  from_option = load_good (fixture, "--port|3");
  g_assert_cmpint (from_option->port, ==, 3);
}

static void
test_forms (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApConfig) config =
      load_good (fixture, "--port=9|--host|::1|--pipeline|identity ! identity|--no-log-frames|"
                          "--log-level=error|--log-format|json|--log-level=debug");

  g_assert_cmpint (config->port, ==, 9);
  g_assert_cmpstr (config->host, ==, "::1");
  g_assert_cmpstr (config->pipeline, ==, "identity ! identity");
  g_assert_true (config->no_log_frames);
  g_assert_cmpint (ap_config_get_log_level (config), ==, G_LOG_LEVEL_DEBUG); /* the last one counts */
  g_assert_cmpint (ap_config_get_log_format (config), ==, AP_LOG_FORMAT_JSON);
}

static void
test_flags_in_file (Fixture *fixture, gconstpointer data)
{
  static const char *const yes[] = { "yes", "true", "on", "1" };
  static const char *const no[] = { "no", "false", "off", "0", "" };

  for (guint i = 0; i < G_N_ELEMENTS (yes) + G_N_ELEMENTS (no); i++) {
    gboolean expected = i < G_N_ELEMENTS (yes);
    g_autofree char *text =
        g_strdup_printf ("AUDIO_NO_LOG_FRAMES=%s\n", expected ? yes[i] : no[i - G_N_ELEMENTS (yes)]);
    g_autoptr (ApConfig) config = NULL;

    write_file (fixture, text);
    config = load_good (fixture, "");
    g_assert_cmpint (config->no_log_frames, ==, expected);
  }
}

static const struct {
  const char *arguments;
  const char *said;
} wrong_arguments[] = {
  { "--port=65536", "--port: '65536' is not valid; it takes a whole number from 0 to 65535" },
  { "--port=-1", "--port: '-1' is not valid" },
  { "--port=80x", "--port: '80x' is not valid" },
  { "--port=", "--port: '' is not valid" },
  { "--port=99999999999999999999", "--port: '99999999999999999999' is not valid" },
  { "--max-frame-bytes=0", "--max-frame-bytes: '0' is not valid; it takes a whole number from 1 to" },
  { "--log-level=loud", "--log-level: 'loud' is not valid; it takes debug, info, warning, error" },
  { "--pipeline-mode=fast", "--pipeline-mode: 'fast' is not valid; it takes auto, direct, queued" },
  { "--host=", "--host: '' is not valid; it takes a text that is not empty" },
  { "--no-such-option", "Unknown option --no-such-option" },
  { "-p|1", "Unknown option -p" },
  { "stray", "unexpected argument: stray" },
  { "--port", "Missing argument for --port" },
};

static void
test_wrong_arguments (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (wrong_arguments); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (load (fixture, wrong_arguments[i].arguments, &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_USAGE);
    g_test_message ("%s", error->message);
    g_assert_true (g_str_has_prefix (error->message, wrong_arguments[i].said));
  }
}

static void
test_wrong_file (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *text;
    const char *said;
  } files[] = {
    { "AUDIO_PORT=x\n", "AUDIO_PORT in .env: 'x' is not valid; it takes a whole number" },
    { "\nAUDIO_PORT\n", ".env, line 2: " },
    { "AUDIO_HOST=\xff\n", ".env, the file is not UTF-8" },
    { "AUDIO_NO_LOG_FRAMES=perhaps\n", "AUDIO_NO_LOG_FRAMES in .env: 'perhaps' is not valid; it takes yes or no" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (files); i++) {
    g_autoptr (GError) error = NULL;

    write_file (fixture, files[i].text);
    g_assert_null (load (fixture, "", &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    g_assert_true (g_str_has_prefix (error->message, files[i].said));
  }
}

static void
test_wrong_environment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("AUDIO_PORT", "\xff", TRUE);
  g_assert_null (load (fixture, "", &error));
  g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
  g_assert_true (g_str_has_prefix (error->message, "AUDIO_PORT in the environment: '"));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* What to do instead of serving is asked for on the command line alone: a build's AUDIO_VERSION=1.2 is nobody's wish.
 */
static void
test_commands_are_options_only (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApConfig) from_file = NULL;
  g_autoptr (ApConfig) from_option = NULL;

  write_file (fixture, "AUDIO_VERSION=1.2\nAUDIO_HELP=yes\nAUDIO_HEALTHCHECK=yes\n");
  from_file = load_good (fixture, "");
  g_assert_false (from_file->version || from_file->help || from_file->healthcheck);
  from_option = load_good (fixture, "--version|--help|--healthcheck");
  g_assert_true (from_option->version && from_option->help && from_option->healthcheck);
}

static void
test_pipeline (Fixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = { "no caps at all!", "audio/x-raw,rate=[1,2]", "audio/x-raw;audio/x-mulaw", "ANY",
                                       "EMPTY" };
  g_autoptr (ApConfig) config = load_good (fixture, "--pipeline|identity|--pipeline-mode|queued");
  g_autoptr (GError) error = NULL;
  ApPipelineSpec spec = { 0 };

  g_assert_true (ap_config_get_pipeline (config, &spec, &error));
  g_assert_cmpstr (spec.elements, ==, "identity");
  g_assert_cmpint (spec.mode, ==, AP_PIPELINE_MODE_QUEUED);
  g_assert_true (gst_caps_is_fixed (spec.caps));
  gst_clear_caps (&spec.caps);
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree char *argument = g_strconcat ("--caps=", wrong[i], NULL);
    g_autoptr (ApConfig) bad = load_good (fixture, argument);

    g_assert_false (ap_config_get_pipeline (bad, &spec, &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    g_clear_error (&error);
  }
}

#define ADD(name, test) g_test_add ("/config/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("precedence", test_precedence);
  ADD ("forms", test_forms);
  ADD ("flags-in-file", test_flags_in_file);
  ADD ("wrong-arguments", test_wrong_arguments);
  ADD ("wrong-file", test_wrong_file);
  ADD ("wrong-environment", test_wrong_environment);
  ADD ("commands-are-options-only", test_commands_are_options_only);
  ADD ("pipeline", test_pipeline);
  return g_test_run ();
}
