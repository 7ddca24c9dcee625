/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-config.h"

#include "app/ap-endpoints.h"
#include "base/ap-error.h"

#include <gst/gst.h>

#define OFFSET(field) G_STRUCT_OFFSET (ApConfig, field)

static const ApOption options[] = {
  { "Network", "host", AP_OPTION_TEXT, OFFSET (host), "ADDRESS", "0.0.0.0", "address or host name to listen on" },
  { NULL, "port", AP_OPTION_NUMBER, OFFSET (port), "N", "8001", "port to listen on; 0 takes a free one and logs it", 0,
    65535 },
  { NULL, "workers", AP_OPTION_NUMBER, OFFSET (workers), "N", "0", "worker threads; 0 means one for each core", 0,
    1024 },
  { NULL, "drain-seconds", AP_OPTION_NUMBER, OFFSET (drain_seconds), "N", "10",
    "how long a shutdown may take; its last second is kept for what follows the sessions", 0, 3600 },
  { NULL, "ping-seconds", AP_OPTION_NUMBER, OFFSET (ping_seconds), "N", "30",
    "a client silent for so long is pinged, and cut off when it stays silent for as long again; 0: it may be silent", 0,
    3600 },
  { NULL, "max-connections", AP_OPTION_NUMBER, OFFSET (max_connections), "N", "0",
    "most WebSockets at once, others get 503; 0 means what the limits of open files and memory allow", 0, 10000000 },
  { NULL, "allow-origin", AP_OPTION_TEXT, OFFSET (allow_origin), "ORIGINS", NULL,
    "web pages that may connect, and fetch, beside the server's own, as in https://app.example,https://b.example; "
    "*: all may connect, and none fetch" },
  { NULL, "api-token", AP_OPTION_SECRET, OFFSET (api_token), "TOKENS", NULL,
    "what clients must present, separated by commas while one replaces another; better set by the variable" },
  { NULL, "metrics-port", AP_OPTION_NUMBER, OFFSET (metrics_port), "N", NULL,
    "port for GET /metrics alone, on the same host; 0 takes a free one and logs it; not set, --port has it", 0, 65535 },
  { "Audio", "pipeline", AP_OPTION_TEXT, OFFSET (pipeline), "ELEMENTS", NULL,
    "GStreamer elements that the audio of each connection goes through, as in \"mulawenc_demo ! mulawdec_demo\"" },
  { NULL, "caps", AP_OPTION_TEXT, OFFSET (caps), "CAPS",
    "audio/x-raw,format=S16LE,rate=16000,channels=1,layout=interleaved",
    "what the clients send, for the elements of --pipeline" },
  { NULL, "pipeline-mode", AP_OPTION_CHOICE, OFFSET (pipeline_mode), "MODE", "auto",
    "how the elements run: on the worker itself (direct), on a thread for each connection (queued), or what they allow",
    .choices = { "auto", "direct", "queued" } },
  { NULL, "max-frame-bytes", AP_OPTION_NUMBER, OFFSET (max_frame_bytes), "N", "1048576",
    "largest message from a client; a larger one closes with 1009", 1, 256 * 1024 * 1024 },
  { "Log", "log-level", AP_OPTION_CHOICE, OFFSET (log_level), "LEVEL", "info", "least important level that is logged",
    .choices = { "debug", "info", "warning", "error" } },
  { NULL, "log-format", AP_OPTION_CHOICE, OFFSET (log_format), "FORMAT", "text",
    "how a line of the log on stderr looks", .choices = { "text", "json" } },
  { NULL, "no-log-frames", AP_OPTION_FLAG, OFFSET (no_log_frames), NULL, NULL,
    "do not write a line for each frame to stdout" },
  { NULL, "dot-dir", AP_OPTION_TEXT, OFFSET (dot_dir), "FOLDER", NULL,
    "where SIGUSR1 writes the pipelines' graphs; not set, GST_DEBUG_DUMP_DOT_DIR or the working folder" },
  { NULL },
};

/* Behind those of the rooms. */
static const ApOption other_options[] = {
  { "Other", "healthcheck", AP_OPTION_COMMAND, OFFSET (healthcheck), NULL, NULL,
    "ask the server at --host and --port for its health, and exit with 0 if it is well" },
  { NULL, "version", AP_OPTION_COMMAND, OFFSET (version), NULL, NULL, "print the version and exit" },
  { NULL, "help", AP_OPTION_COMMAND, OFFSET (help), NULL, NULL, "print this help and exit" },
  { NULL },
};

static ApConfig *
config_new (void)
{
  ApConfig *config = g_new0 (ApConfig, 1);

  config->options = ap_option_set_new ();
  config->room_settings = g_ptr_array_new_with_free_func (g_free);
  ap_option_set_add (config->options, options, config);
  for (const ApRoom *const *room = ap_rooms; *room != NULL; room++) {
    gpointer settings = g_malloc0 ((*room)->settings_size);

    g_ptr_array_add (config->room_settings, settings);
    if ((*room)->options != NULL)
      ap_option_set_add (config->options, (*room)->options, settings);
  }
  ap_option_set_add (config->options, other_options, config);
  return config;
}

ApConfig *
ap_config_load (char **arguments, const char *folder, GError **error)
{
  g_autoptr (ApConfig) config = config_new ();
  ApOptionSet *set = config->options;

  config->metrics_port = -1;
  /* The command line comes first as well, so that --help is there for who has a mistake in .env. */
  if (!ap_option_set_load_defaults (set, error) || !ap_option_set_load_arguments (set, arguments, error))
    return NULL;
  if (config->help || config->version)
    return g_steal_pointer (&config);
  if (!ap_option_set_load_file (set, folder, error) || !ap_option_set_load_environment (set, error) ||
      !ap_option_set_load_arguments (set, arguments, error))
    return NULL;
  return g_steal_pointer (&config);
}

void
ap_config_free (ApConfig *config)
{
  ap_option_set_free (config->options);
  g_ptr_array_unref (config->room_settings);
  g_free (config);
}

static void
append_paths (GString *help, const ApRoom *room)
{
  for (const ApEndpoint *const *endpoint = room->endpoints; endpoint != NULL && *endpoint != NULL; endpoint++)
    g_string_append_printf (help, "  WebSocket %s\n", (*endpoint)->path);
  for (const ApHttpRoute *route = room->routes; route != NULL && route->path != NULL; route++)
    g_string_append_printf (help, "  %-9s %s\n", route->method, route->path);
}

char *
ap_config_help (void)
{
  g_autoptr (ApConfig) config = config_new ();
  GString *help = g_string_new ("Usage: audio-pipeline-server [OPTION…]\n\n"
                                "Takes live audio over WebSockets, sends it through GStreamer, and sends it back.\n");

  ap_option_set_append_help (config->options, help);
  g_string_append (help,
                   "\nThe environment variables named above may also stand in a file .env in the working folder.\n"
                   "An option goes before the environment, the environment before the file.\n"
                   "\nPaths:\n  GET       /health\n  GET       /ready\n  GET       /metrics\n");
  for (const ApRoom *const *room = ap_rooms; *room != NULL; room++)
    append_paths (help, *room);
  g_string_append (help,
                   "\nGST_DEBUG in the environment adds GStreamer's own messages to the log.\n"
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
