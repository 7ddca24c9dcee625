/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The query of a recording's beginning. */
#include "endpoints/recording/ap-recording-query.h"

#include <stdlib.h>

#include "endpoints/recording/ap-recording-message.h"

static const char *const rates[] = { "8000", "16000", "22050", "44100", "48000", "96000" };
static const char *const channel_counts[] = { "1", "2" };

/* Only as it is listed: no sign, no space, no zero before it. */
static gboolean
find_number (const char *const *values, gsize n, const char *text, guint *number)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (values[i], text)) {
      *number = (guint)strtoul (text, NULL, 10);
      return TRUE;
    }
  return FALSE;
}

gboolean
ap_recording_sample_rate_parse (const char *text, guint *sample_rate)
{
  return find_number (rates, G_N_ELEMENTS (rates), text, sample_rate);
}

gboolean
ap_recording_channels_parse (const char *text, guint *channels)
{
  return find_number (channel_counts, G_N_ELEMENTS (channel_counts), text, channels);
}

/* What is wrong with a name; NULL: nothing. Names end up in the log and in lists. */
static const char *
user_problem (const char *text)
{
  guint characters = 0;

  if (!g_utf8_validate (text, -1, NULL))
    return "user_id is not UTF-8";
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      return "user_id has a control character in it";
    else if (++characters > AP_RECORDING_USER_CHARACTERS)
      return "user_id has over 128 characters";
  return NULL;
}

gboolean
ap_recording_user_parse (const char *text, const char **user_id, char **problem)
{
  const char *wrong = text != NULL ? user_problem (text) : NULL;

  if (wrong != NULL) {
    *problem = ap_recording_format_invalid ("Invalid user id", NULL, wrong);
    return FALSE;
  }
  *user_id = text != NULL && *text != '\0' ? text : NULL;
  return TRUE;
}

gboolean
ap_recording_query_parse (const ApRecordingQueryText *text, const ApRecordingQuery *defaults, ApRecordingQuery *query,
                          char **problem)
{
  *query = *defaults;
  *problem = NULL;
  if (text->sample_rate != NULL && !ap_recording_sample_rate_parse (text->sample_rate, &query->sample_rate))
    *problem = ap_recording_format_invalid ("Invalid sample rate", "8000,16000,22050,44100,48000,96000",
                                            "sample_rate is none of the valid values");
  else if (text->channels != NULL && !ap_recording_channels_parse (text->channels, &query->channels))
    *problem = ap_recording_format_invalid ("Invalid channels", "1,2", "channels is none of the valid values");
  else if (text->format != NULL && !ap_recording_format_parse (text->format, &query->format))
    *problem = ap_recording_format_invalid ("Invalid format", "\"wav\",\"mp3\",\"flac\",\"aac\",\"ogg\",\"webm\"",
                                            "format is none of the valid values");
  else
    return ap_recording_user_parse (text->user_id, &query->user_id, problem);
  return FALSE;
}
