/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What HTTP says of recordings. By hand, because lists and waveforms have thousands of members. */
#include "endpoints/recording/ap-recording-json.h"

#include "base/ap-json-scanner.h"
#include "endpoints/recording/ap-recording-message.h"
#include "endpoints/recording/files/ap-wav-file.h"

static void
append_text (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, ",\"%s\":", name);
  if (text == NULL) {
    g_string_append (json, "null");
    return;
  }
  g_string_append_c (json, '"');
  ap_json_append_escaped (json, text);
  g_string_append_c (json, '"');
}

static void
append_number (GString *json, const char *name, guint64 number)
{
  g_string_append_printf (json, ",\"%s\":%" G_GUINT64_FORMAT, name, number);
}

/* RFC 3339, in UTC. */
static void
append_time (GString *json, const char *name, gint64 time_us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_utc (time_us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) time =
      second != NULL && time_us > 0 ? g_date_time_add (second, time_us % G_USEC_PER_SEC) : NULL;
  g_autofree char *text = time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%S.%fZ") : NULL;

  append_text (json, name, text);
}

static void
append_path (GString *json, const ApRecordingInfo *info, const char *folder)
{
  g_autofree char *name = g_strconcat (info->id, ".wav", NULL);
  g_autofree char *path = folder != NULL ? g_build_filename (folder, name, NULL) : NULL;

  append_text (json, "file_path", path != NULL ? path : name);
}

/* The members, without the braces. */
static void
append_info (GString *json, const ApRecordingInfo *info, const char *folder)
{
  g_string_append_printf (json, "\"session_id\":\"%s\"", info->id);
  append_text (json, "status", ap_recording_status_to_string (info->status));
  append_path (json, info, folder);
  ap_recording_append_duration (json, info);
  append_number (json, "total_chunks", info->total_chunks);
  append_number (json, "sample_rate", info->sample_rate);
  append_number (json, "channels", info->channels);
  append_text (json, "format", ap_recording_format_to_string (info->format));
  append_text (json, "user_id", info->user_id);
  append_time (json, "created_at", info->created_us);
  append_time (json, "updated_at", info->updated_us);
  append_time (json, "completed_at", info->completed_us);
  append_number (json, "bytes_received", info->bytes_received);
  append_number (json, "file_bytes", AP_WAV_HEADER_LENGTH + info->frames * info->channels * sizeof (gint16));
  append_number (json, "damaged_chunks", info->damaged_chunks);
}

static char *
end (GString *json)
{
  g_string_append_c (json, '}');
  return g_string_free (json, FALSE);
}

char *
ap_recording_json_info (const ApRecordingInfo *info, const char *folder)
{
  GString *json = g_string_new ("{");

  append_info (json, info, folder);
  return end (json);
}

char *
ap_recording_json_success (const ApRecordingInfo *info, const char *folder)
{
  GString *json = g_string_new ("{\"success\":true,");

  append_info (json, info, folder);
  return end (json);
}

char *
ap_recording_json_list (GPtrArray *infos, guint64 total, guint limit, guint64 offset, const char *folder)
{
  GString *json = g_string_new ("{\"sessions\":[");

  for (guint i = 0; i < infos->len; i++) {
    g_string_append (json, i > 0 ? ",{" : "{");
    append_info (json, g_ptr_array_index (infos, i), folder);
    g_string_append_c (json, '}');
  }
  g_string_append_c (json, ']');
  append_number (json, "total", total);
  append_number (json, "limit", limit);
  append_number (json, "offset", offset);
  return end (json);
}

/* An array for each channel. */
static void
append_peaks (GString *json, const char *name, const ApPeak *peaks, guint parts, guint channels, gboolean highest)
{
  g_string_append_printf (json, ",\"%s\":[", name);
  for (guint channel = 0; channel < channels; channel++) {
    g_string_append (json, channel > 0 ? ",[" : "[");
    for (guint n = 0; n < parts; n++) {
      const ApPeak *peak = &peaks[n * channels + channel];

      g_string_append_printf (json, n > 0 ? ",%d" : "%d", highest ? peak->max : peak->min);
    }
    g_string_append_c (json, ']');
  }
  g_string_append_c (json, ']');
}

char *
ap_recording_json_peaks (const ApRecordingInfo *info, const ApPeak *peaks, guint parts, gboolean exact)
{
  GString *json = g_string_new (NULL);

  g_string_append_printf (json, "{\"session_id\":\"%s\"", info->id);
  append_text (json, "status", ap_recording_status_to_string (info->status));
  ap_recording_append_duration (json, info);
  append_number (json, "sample_rate", info->sample_rate);
  append_number (json, "channels", info->channels);
  append_number (json, "frames", info->frames);
  append_number (json, "parts", parts);
  g_string_append (json, exact ? ",\"exact\":true" : ",\"exact\":false");
  append_peaks (json, "min", peaks, parts, info->channels, FALSE);
  append_peaks (json, "max", peaks, parts, info->channels, TRUE);
  return end (json);
}

char *
ap_recording_json_out_of_range (const char *name, guint64 min, guint64 max)
{
  return g_strdup_printf ("{\"error\":\"Invalid %s\",\"valid_range\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "],"
                          "\"detail\":\"%s must be a whole number from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                          "\"}",
                          name, min, max, name, min, max);
}
