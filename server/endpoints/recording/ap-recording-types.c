/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words for what recordings are made of. */
#include "endpoints/recording/ap-recording-types.h"

#include "base/ap-error.h"

static const char *const formats[] = { "wav", "mp3", "flac", "aac", "ogg", "webm" };
static const char *const statuses[] = { "active", "completed", "error" };
static const struct {
  const char *name, *title;
} errors[] = {
  [AP_RECORDING_ERROR_UNDECODABLE] = { "undecodable", "Audio cannot be decoded" },
  [AP_RECORDING_ERROR_NO_SPACE] = { "no_space", "No space left" },
  [AP_RECORDING_ERROR_QUOTA] = { "quota", "Quota exceeded" },
  [AP_RECORDING_ERROR_TOO_LARGE] = { "too_large", "Chunk too large" },
  [AP_RECORDING_ERROR_BUSY] = { "busy", "Session is busy" },
  [AP_RECORDING_ERROR_STORAGE] = { "storage", "Storage failed" },
  [AP_RECORDING_ERROR_DECODER_DIED] = { "decoder_died", "Decoder died" },
  [AP_RECORDING_ERROR_NOT_FOUND] = { "not_found", "Session not found" },
  [AP_RECORDING_ERROR_CLOSED] = { "closed", "Session is closed" },
  [AP_RECORDING_ERROR_LIMIT] = { "limit", "Limit reached" },
  [AP_RECORDING_ERROR_BAD_CONTROL] = { "bad_control", "Invalid control message" },
};

GQuark
ap_recording_error_quark (void)
{
  return g_quark_from_static_string ("ap-recording-error");
}

static gboolean
is_known (const GError *error)
{
  return error->domain == AP_RECORDING_ERROR && (gsize)error->code < G_N_ELEMENTS (errors);
}

const char *
ap_recording_error_name (const GError *error)
{
  return is_known (error) ? errors[error->code].name : "internal";
}

const char *
ap_recording_error_title (const GError *error)
{
  return is_known (error) ? errors[error->code].title : "Internal error";
}

gboolean
ap_recording_error_passes (const GError *error)
{
  return g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE) ||
         g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE) ||
         g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED) ||
         g_error_matches (error, AP_ERROR, AP_ERROR_UNAVAILABLE);
}

static gboolean
find (const char *const *words, gsize n, const char *text, guint *place)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (words[i], text)) {
      *place = (guint)i;
      return TRUE;
    }
  return FALSE;
}

const char *
ap_recording_format_to_string (ApRecordingFormat format)
{
  return formats[format];
}

gboolean
ap_recording_format_parse (const char *text, ApRecordingFormat *format)
{
  guint place;

  if (!find (formats, G_N_ELEMENTS (formats), text, &place))
    return FALSE;
  *format = (ApRecordingFormat)place;
  return TRUE;
}

const char *
ap_recording_status_to_string (ApRecordingStatus status)
{
  return statuses[status];
}

gboolean
ap_recording_status_parse (const char *text, ApRecordingStatus *status)
{
  guint place;

  if (!find (statuses, G_N_ELEMENTS (statuses), text, &place))
    return FALSE;
  *status = (ApRecordingStatus)place;
  return TRUE;
}

void
ap_recording_info_copy (ApRecordingInfo *to, const ApRecordingInfo *from)
{
  *to = *from;
  to->user_id = g_strdup (from->user_id);
}

void
ap_recording_info_clear (ApRecordingInfo *info)
{
  g_clear_pointer (&info->user_id, g_free);
}

void
ap_recording_info_free (gpointer info)
{
  ap_recording_info_clear (info);
  g_free (info);
}
