/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "app/ap-option-set.h"
#include "base/ap-log.h"
#include "media/ap-pipeline.h"
#include "net/ap-tokens.h"

/* The server's settings. Each has a command-line option; the same name in capitals behind `AUDIO_` is its environment
 * variable and its key in a `.env` file. An option goes before the environment, that before the file, that before the
 * default. */
typedef struct {
  char *host;
  gint64 port;
  gint64 workers; /* 0: one for each core */
  gint64 drain_seconds;
  gint64 ping_seconds;    /* 0: clients are not pinged */
  gint64 max_connections; /* 0: what the descriptors allow */
  char *allow_origin;     /* origins of web pages, separated by commas; NULL: none */
  char *api_token;        /* tokens that let a client in, separated by commas; NULL: everybody may */
  gint64 metrics_port;    /* -1: /metrics is on @port */
  char *dot_dir;          /* for the graphs of pipelines; NULL: GStreamer's setting, or the working folder */
  gint64 max_frame_bytes;
  char *pipeline; /* GStreamer elements; NULL: none */
  char *caps;     /* of the audio that clients send */
  char *pipeline_mode;
  char *log_level;
  char *log_format;
  gboolean no_log_frames;
  /* What to do instead of serving: options only. */
  gboolean healthcheck;
  gboolean version;
  gboolean help;

  ApOptionSet *options;
  GPtrArray *room_settings; /* for each of ap_rooms the struct of its settings */
} ApConfig;

/**
 * ap_config_load:
 * @arguments: (inout): the command line, without the program's name
 * @folder: where a `.env` file is looked for
 *
 * Errors name the setting, the value and what is valid: AP_ERROR_USAGE for the command line, AP_ERROR_CONFIG for the
 * rest.
 */
ApConfig *ap_config_load (char **arguments, const char *folder, GError **error);
void ap_config_free (ApConfig *config);

/* The text of --help. */
char *ap_config_help (void);

/* Returns: (transfer full): NULL-terminated */
char **ap_config_get_allowed_origins (const ApConfig *config);
/* @tokens: (out) (nullable): NULL when none is set */
gboolean ap_config_get_api_tokens (const ApConfig *config, ApTokens **tokens, GError **error);
GLogLevelFlags ap_config_get_log_level (const ApConfig *config);
ApLogFormat ap_config_get_log_format (const ApConfig *config);
/* @spec->caps is (transfer full). */
gboolean ap_config_get_pipeline (const ApConfig *config, ApPipelineSpec *spec, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApConfig, ap_config_free)
