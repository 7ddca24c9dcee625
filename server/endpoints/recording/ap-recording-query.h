/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/ap-recording-types.h"

/* What a client asks for in the query of the address at which it begins a recording. Pure. */

/* Of a user's name, in characters. */
#define AP_RECORDING_USER_CHARACTERS 128

/* As it stands in the query; NULL where it does not. */
typedef struct {
  const char *user_id, *sample_rate, *channels, *format;
} ApRecordingQueryText;

typedef struct {
  ApRecordingFormat format;
  guint sample_rate; /* Hz */
  guint channels;
  const char *user_id; /* (nullable): the text's own */
} ApRecordingQuery;

/**
 * ap_recording_query_parse:
 * @defaults: what is not asked for
 * @query: (out caller-allocates)
 * @problem: (out) (transfer full): after FALSE, what is wrong and what would be valid, as JSON for the client
 */
gboolean ap_recording_query_parse (const ApRecordingQueryText *text, const ApRecordingQuery *defaults,
                                   ApRecordingQuery *query, char **problem);

/* The parts, for who has only one of them. */
gboolean ap_recording_sample_rate_parse (const char *text, guint *sample_rate);
gboolean ap_recording_channels_parse (const char *text, guint *channels);
/* An empty one is none: *user_id is NULL. */
gboolean ap_recording_user_parse (const char *text, const char **user_id, char **problem);
