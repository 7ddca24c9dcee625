/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-config.h"

#include "app/ap-env-file.h"
#include "base/ap-error.h"

#include <gst/gst.h>
#include <string.h>

typedef enum {
  KIND_COMMAND, /* a flag that says what to do instead of serving: on the command line only */
  KIND_FLAG,
  KIND_NUMBER,
  KIND_TEXT,
  KIND_SECRET, /* a text that no message repeats */
  KIND_CHOICE,
} OptionKind;

typedef struct {
  const char *group; /* heading in --help; NULL: as above */
  const char *name;
  OptionKind kind;
  gsize offset; /* in ApConfig */
  const char *value_name;
  const char *default_value; /* NULL: none */
  const char *help;
  gint64 least, most;     /* of a number */
  const char *choices[5]; /* of a choice */
} Option;

#define OFFSET(field) G_STRUCT_OFFSET (ApConfig, field)

static const Option options[] = {
  { "Network", "host", KIND_TEXT, OFFSET (host), "ADDRESS", "0.0.0.0", "address or host name to listen on" },
  { NULL, "port", KIND_NUMBER, OFFSET (port), "N", "8001", "port to listen on; 0 takes a free one and logs it", 0,
    65535 },
  { NULL, "workers", KIND_NUMBER, OFFSET (workers), "N", "0", "worker threads; 0 means one for each core", 0, 1024 },
  { NULL, "drain-seconds", KIND_NUMBER, OFFSET (drain_seconds), "N", "10",
    "how long SIGTERM waits for sessions to close", 0, 3600 },
  { NULL, "max-connections", KIND_NUMBER, OFFSET (max_connections), "N", "0",
    "most WebSockets at once, others get 503; 0 means what the limit of open files allows", 0, 10000000 },
  { NULL, "allow-origin", KIND_TEXT, OFFSET (allow_origin), "ORIGINS", NULL,
    "web pages that may connect beside the server's own, as in https://app.example,https://b.example; * for all" },
  { NULL, "api-token", KIND_SECRET, OFFSET (api_token), "TOKENS", NULL,
    "what clients must present, separated by commas while one replaces another; better set by the variable" },
  { "Audio", "pipeline", KIND_TEXT, OFFSET (pipeline), "ELEMENTS", NULL,
    "GStreamer elements that the audio of each connection goes through, as in \"mulawenc_demo ! mulawdec_demo\"" },
  { NULL, "caps", KIND_TEXT, OFFSET (caps), "CAPS", "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved",
    "what the clients send, for the elements of --pipeline" },
  { NULL, "pipeline-mode", KIND_CHOICE, OFFSET (pipeline_mode), "MODE", "auto",
    "how the elements run: on the worker itself (direct), on a thread for each connection (queued), or what they allow",
    .choices = { "auto", "direct", "queued" } },
  { NULL, "max-frame-bytes", KIND_NUMBER, OFFSET (max_frame_bytes), "N", "1048576",
    "largest message from a client; a larger one closes with 1009", 1, 256 * 1024 * 1024 },
  { "Log", "log-level", KIND_CHOICE, OFFSET (log_level), "LEVEL", "info", "least important level that is logged",
    .choices = { "debug", "info", "warning", "error" } },
  { NULL, "log-format", KIND_CHOICE, OFFSET (log_format), "FORMAT", "text", "how a line of the log on stderr looks",
    .choices = { "text", "json" } },
  { NULL, "no-log-frames", KIND_FLAG, OFFSET (no_log_frames), NULL, NULL,
    "do not write a line for each frame to stdout" },
  { "Other", "healthcheck", KIND_COMMAND, OFFSET (healthcheck), NULL, NULL,
    "ask the server at --host and --port for its health, and exit with 0 if it is well" },
  { NULL, "version", KIND_COMMAND, OFFSET (version), NULL, NULL, "print the version and exit" },
  { NULL, "help", KIND_COMMAND, OFFSET (help), NULL, NULL, "print this help and exit" },
};

/* NULL: it has none. */
static char *
environment_name (const Option *option)
{
  g_autofree char *upper = g_ascii_strup (option->name, -1);

  if (option->kind == KIND_COMMAND)
    return NULL;
  return g_strconcat ("AUDIO_", g_strdelimit (upper, "-", '_'), NULL);
}

static char *
valid_values (const Option *option)
{
  switch (option->kind) {
  case KIND_COMMAND:
  case KIND_FLAG:
    return g_strdup ("yes or no");
  case KIND_NUMBER:
    return g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, option->least,
                            option->most);
  case KIND_CHOICE:
    return g_strjoinv (", ", (char **)option->choices);
  case KIND_TEXT:
  case KIND_SECRET:
  default:
    return g_strdup ("a text that is not empty");
  }
}

static gboolean
is_choice (const Option *option, const char *value)
{
  return g_strv_contains (option->choices, value);
}

static gboolean
parse_flag (const char *value, gboolean *flag)
{
  static const char *const yes[] = { "yes", "true", "on", "1", NULL };
  static const char *const no[] = { "no", "false", "off", "0", "", NULL };

  *flag = g_strv_contains (yes, value);
  return *flag || g_strv_contains (no, value);
}

static gboolean
store (ApConfig *config, const Option *option, const char *value)
{
  gpointer field = (guint8 *)config + option->offset;

  switch (option->kind) {
  case KIND_COMMAND:
  case KIND_FLAG:
    return parse_flag (value, field);
  case KIND_NUMBER:
    return g_ascii_string_to_signed (value, 10, option->least, option->most, field, NULL);
  case KIND_CHOICE:
    if (!is_choice (option, value))
      return FALSE;
    break;
  case KIND_TEXT:
  case KIND_SECRET:
  default:
    if ((*value == '\0' && option->default_value != NULL) || !g_utf8_validate (value, -1, NULL))
      return FALSE;
    break;
  }
  g_free (*(char **)field);
  *(char **)field = *value != '\0' ? g_strdup (value) : NULL; /* an empty one takes back what came before */
  return TRUE;
}

/* @source: how the user names the setting. */
static gboolean
set_option (ApConfig *config, const Option *option, const char *value, const char *source, ApErrorCode code,
            GError **error)
{
  g_autofree char *valid = NULL;
  g_autofree char *shown = NULL;

  if (store (config, option, value))
    return TRUE;
  valid = valid_values (option);
  shown = option->kind == KIND_SECRET ? g_strdup ("(secret)") : g_utf8_make_valid (value, -1);
  g_set_error (error, AP_ERROR, code, "%s: '%s' is not valid; it takes %s", source, shown, valid);
  return FALSE;
}

static gboolean
load_defaults (ApConfig *config, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (options[i].default_value != NULL &&
        !set_option (config, &options[i], options[i].default_value, options[i].name, AP_ERROR_CONFIG, error))
      return FALSE;
  return TRUE;
}

static gboolean
load_env_file (ApConfig *config, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".env", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GError) problem = NULL;

  if (!g_file_get_contents (path, &text, NULL, &problem)) {
    if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      return TRUE;
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "cannot read .env: %s", problem->message);
    return FALSE;
  }
  values = ap_env_file_parse (text, error);
  if (values == NULL) {
    g_prefix_error (error, ".env, ");
    return FALSE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *name = environment_name (&options[i]);
    g_autofree char *source = g_strconcat (name, " in .env", NULL);
    const char *value = name != NULL ? g_hash_table_lookup (values, name) : NULL;

    if (value != NULL && !set_option (config, &options[i], value, source, AP_ERROR_CONFIG, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
load_environment (ApConfig *config, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *name = environment_name (&options[i]);
    g_autofree char *source = g_strconcat (name, " in the environment", NULL);
    const char *value = name != NULL ? g_getenv (name) : NULL;

    if (value != NULL && !set_option (config, &options[i], value, source, AP_ERROR_CONFIG, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
on_argument (const char *name, const char *value, gpointer data, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++) {
    g_autofree char *source = g_strconcat ("--", options[i].name, NULL);

    if (g_str_equal (name, source) || (name[1] != '-' && name[1] == options[i].name[0]))
      return set_option (data, &options[i], value != NULL ? value : "yes", source, AP_ERROR_USAGE, error);
  }
  g_assert_not_reached ();
}

static gboolean
load_arguments (ApConfig *config, char **arguments, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, config, NULL);
  GOptionEntry entries[G_N_ELEMENTS (options) + 1] = { 0 };
  /* GOption takes the program's name with the rest and gives back what it did not take. */
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;
  g_autoptr (GError) problem = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    entries[i] = (GOptionEntry){ .long_name = options[i].name,
                                 .flags = options[i].kind <= KIND_FLAG ? G_OPTION_FLAG_NO_ARG : 0,
                                 .arg = G_OPTION_ARG_CALLBACK,
                                 .arg_data = (gpointer)on_argument };
  g_strv_builder_add (builder, "audio-pipeline-server");
  g_strv_builder_addv (builder, (const char **)arguments);
  all = g_strv_builder_end (builder);
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_help_enabled (context, FALSE);
  if (g_option_context_parse_strv (context, &all, &problem) && all[1] == NULL)
    return TRUE;
  g_set_error (error, AP_ERROR, AP_ERROR_USAGE, "%s%s; --help lists the options",
               problem != NULL ? problem->message : "unexpected argument: ", problem != NULL ? "" : all[1]);
  return FALSE;
}

ApConfig *
ap_config_load (char **arguments, const char *folder, GError **error)
{
  g_autoptr (ApConfig) config = g_new0 (ApConfig, 1);

  /* The command line comes first as well, so that --help is there for who has a mistake in .env. */
  if (!load_defaults (config, error) || !load_arguments (config, arguments, error))
    return NULL;
  if (config->help || config->version)
    return g_steal_pointer (&config);
  if (!load_env_file (config, folder, error) || !load_environment (config, error) ||
      !load_arguments (config, arguments, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
ap_config_free (ApConfig *config)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (options[i].kind >= KIND_TEXT)
      g_free (G_STRUCT_MEMBER (char *, config, options[i].offset));
  g_free (config);
}

static void
append_option (GString *help, const Option *option)
{
  g_autofree char *name = environment_name (option);
  g_autofree char *synopsis =
      g_strconcat ("--", option->name, option->value_name != NULL ? " " : "", option->value_name, NULL);

  if (option->group != NULL)
    g_string_append_printf (help, "\n%s:\n", option->group);
  g_string_append_printf (help, "  %-24s %s\n", synopsis, option->help);
  if (option->kind == KIND_CHOICE) {
    g_autofree char *choices = g_strjoinv (", ", (char **)option->choices);
    g_string_append_printf (help, "  %-24s one of %s\n", "", choices);
  }
  if (option->default_value != NULL)
    g_string_append_printf (help, "  %-24s default %s; %s\n", "", option->default_value, name);
  else if (name != NULL)
    g_string_append_printf (help, "  %-24s %s\n", "", name);
}

char *
ap_config_help (void)
{
  GString *help = g_string_new ("Usage: audio-pipeline-server [OPTION…]\n\n"
                                "Takes live audio over WebSockets, sends it through GStreamer, and sends it back.\n");

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    append_option (help, &options[i]);
  g_string_append (help,
                   "\nThe environment variables named above may also stand in a file .env in the working folder.\n"
                   "An option goes before the environment, the environment before the file.\n"
                   "\nEndpoints: GET /health, GET /ready, WebSocket /ws/audio.\n"
                   "Exit status: 0 after a shutdown, 1 failure, 64 wrong option, 69 address not available, 78 wrong "
                   "setting.\n");
  return g_string_free (help, FALSE);
}

char **
ap_config_get_allowed_origins (const ApConfig *config)
{
  char **origins = g_strsplit (config->allow_origin != NULL ? config->allow_origin : "", ",", -1);

  for (char **origin = origins; *origin != NULL; origin++)
    g_strstrip (*origin);
  return origins;
}

gboolean
ap_config_get_api_tokens (const ApConfig *config, ApTokens **tokens, GError **error)
{
  *tokens = config->api_token != NULL ? ap_tokens_new (config->api_token, error) : NULL;
  return *tokens != NULL || config->api_token == NULL;
}

GLogLevelFlags
ap_config_get_log_level (const ApConfig *config)
{
  switch (config->log_level[0]) {
  case 'd':
    return G_LOG_LEVEL_DEBUG;
  case 'w':
    return G_LOG_LEVEL_WARNING;
  case 'e':
    return G_LOG_LEVEL_CRITICAL;
  default:
    return G_LOG_LEVEL_INFO;
  }
}

ApLogFormat
ap_config_get_log_format (const ApConfig *config)
{
  return g_str_equal (config->log_format, "json") ? AP_LOG_FORMAT_JSON : AP_LOG_FORMAT_TEXT;
}

gboolean
ap_config_get_pipeline (const ApConfig *config, ApPipelineSpec *spec, GError **error)
{
  g_autoptr (GstCaps) caps = gst_caps_from_string (config->caps);

  if (caps == NULL || !gst_caps_is_fixed (caps)) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "--caps: '%s' is not valid; it takes one fixed format such as %s",
                 config->caps, "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved");
    return FALSE;
  }
  spec->caps = g_steal_pointer (&caps);
  spec->elements = config->pipeline;
  spec->mode = g_str_equal (config->pipeline_mode, "direct")   ? AP_PIPELINE_MODE_DIRECT
               : g_str_equal (config->pipeline_mode, "queued") ? AP_PIPELINE_MODE_QUEUED
                                                               : AP_PIPELINE_MODE_AUTO;
  return TRUE;
}
