/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recordings' paths of HTTP: what is asked is checked on the worker, and found out on the store's strands. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-api.h"

#include "base/ap-log.h"
#include "base/ap-uuid.h"
#include "endpoints/recording/ap-recording-json.h"
#include "endpoints/recording/ap-recording-message.h"
#include "endpoints/recording/ap-recording-query.h"
#include "endpoints/recording/files/ap-wav-file.h"
#include "net/ap-http-file.h"

#include <gio/gio.h>
#include <unistd.h>

#define DEFAULT_LIMIT 100
#define MAX_LIMIT     1000
#define MAX_OFFSET    1000000000
#define DEFAULT_PARTS 1000
#define MAX_PARTS     10000
/* Of an answer that the storage prevented. */
#define RETRY_SECONDS "5"

/* A request on its way. */
typedef struct {
  ApRecordingStore *store;
  ApHttpRequest *request;
  const char *id; /* the request's own; NULL: for all of them */
  char *folder;   /* for `file_path`; NULL: clients may not know */
  /* Of a list. */
  ApRecordingFilter filter;
  ApRecordingStatus status;
  guint parts; /* of peaks */
} Question;

static Question *
question_new (ApHttpRequest *request, ApRecordingStore *store)
{
  Question *question = g_new0 (Question, 1);

  question->store = store;
  question->request = ap_http_request_ref (request);
  question->id = ap_http_request_get_parameter (request, "id");
  if (ap_recording_store_get_settings (store)->expose_file_path)
    question->folder = g_canonicalize_filename (ap_recording_store_get_path (store), NULL);
  return question;
}

static void
question_free (gpointer data)
{
  Question *question = data;

  ap_http_request_unref (question->request);
  g_free (question->folder);
  g_free (question);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Question, question_free)

/* ---- answers ---- */

/* @json: (transfer full). Where a recording is changes from one moment to the next, and is nobody else's business. */
static void
respond (ApHttpRequest *request, guint status, char *json)
{
  g_autofree char *text = json;

  ap_http_request_add_header (request, "Cache-Control", "no-store");
  ap_http_request_respond_json (request, status, text);
}

static void
respond_not_found (ApHttpRequest *request, const char *id)
{
  g_autoptr (GError) error = g_error_new (AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND, "Session not found");

  respond (request, SOUP_STATUS_NOT_FOUND, ap_recording_format_error (error, id));
}

static void
respond_failure (ApHttpRequest *request, const char *id, const GError *error)
{
  gboolean passes = ap_recording_error_passes (error);

  ap_warning ("%s %s: %s", ap_http_request_get_method (request), ap_http_request_get_target (request), error->message);
  if (passes)
    ap_http_request_add_header (request, "Retry-After", RETRY_SECONDS);
  respond (request, passes ? SOUP_STATUS_SERVICE_UNAVAILABLE : SOUP_STATUS_INTERNAL_SERVER_ERROR,
           ap_recording_format_error (error, id));
}

static void
respond_error (const Question *question, const GError *error)
{
  if (g_error_matches (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND))
    respond_not_found (question->request, question->id);
  else
    respond_failure (question->request, question->id, error);
}

/* ---- what is asked ---- */

/* An id that is none names no recording: nobody need look for it. */
static gboolean
check_id (ApHttpRequest *request)
{
  const char *id = ap_http_request_get_parameter (request, "id");

  if (ap_uuid_is_valid (id))
    return TRUE;
  respond_not_found (request, id);
  return FALSE;
}

static void
refuse (ApHttpRequest *request, char *problem)
{
  respond (request, SOUP_STATUS_UNPROCESSABLE_ENTITY, problem);
}

/* Returns FALSE when the request has been answered. */
static gboolean
read_number (ApHttpRequest *request, const char *name, guint64 fallback, guint64 min, guint64 max, guint64 *number)
{
  const char *text = ap_http_request_get_query (request, name);

  *number = fallback;
  if (text == NULL || g_ascii_string_to_unsigned (text, 10, min, max, number, NULL))
    return TRUE;
  refuse (request, ap_recording_json_out_of_range (name, min, max));
  return FALSE;
}

static gboolean
read_status (Question *question)
{
  const char *text = ap_http_request_get_query (question->request, "status");

  if (text == NULL)
    return TRUE;
  question->filter.status = &question->status;
  if (ap_recording_status_parse (text, &question->status))
    return TRUE;
  refuse (question->request, ap_recording_format_invalid ("Invalid status", "\"active\",\"completed\",\"error\"",
                                                          "status is none of the valid values"));
  return FALSE;
}

static gboolean
read_user (Question *question)
{
  const char *text = ap_http_request_get_query (question->request, "user_id");
  char *problem;

  if (ap_recording_user_parse (text, &question->filter.user_id, &problem))
    return TRUE;
  refuse (question->request, problem);
  return FALSE;
}

static void
ask (ApHttpRequest *request, ApRecordingStore *store, ApStrandFunc look)
{
  if (check_id (request)) {
    Question *question = question_new (request, store);

    ap_recording_store_ask (store, question->id, look, question, question_free);
  }
}

/* ---- the list, and one of them ---- */

static void
look_for_list (gpointer data)
{
  const Question *question = data;
  const ApRecordingFilter *filter = &question->filter;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) infos = NULL;
  guint64 total;

  if (!ap_http_request_is_awaited (question->request))
    return;
  infos = ap_recording_store_list (question->store, filter, &total, &error);
  if (infos == NULL)
    respond_error (question, error);
  else
    respond (question->request, SOUP_STATUS_OK,
             ap_recording_json_list (infos, total, filter->limit, filter->offset, question->folder));
}

void
ap_recording_api_list (ApHttpRequest *request, gpointer store)
{
  g_autoptr (Question) question = question_new (request, store);
  guint64 limit;

  if (!read_status (question) || !read_user (question) ||
      !read_number (request, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT, &limit) ||
      !read_number (request, "offset", 0, 0, MAX_OFFSET, &question->filter.offset))
    return;
  question->filter.limit = (guint)limit;
  ap_strand_post (ap_recording_store_get_desk (store), look_for_list, g_steal_pointer (&question), question_free);
}

static void
look_for_info (gpointer data)
{
  const Question *question = data;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;

  if (ap_recording_store_get_info (question->store, question->id, &info, &error))
    respond (question->request, SOUP_STATUS_OK, ap_recording_json_info (&info, question->folder));
  else
    respond_error (question, error);
}

void
ap_recording_api_show (ApHttpRequest *request, gpointer store)
{
  ask (request, store, look_for_info);
}

/* ---- commands ---- */

static void
on_done (const ApRecordingInfo *info, const GError *error, gpointer data)
{
  g_autoptr (Question) question = data;

  if (error != NULL)
    respond_error (question, error);
  else
    respond (question->request, SOUP_STATUS_OK, ap_recording_json_success (info, question->folder));
}

void
ap_recording_api_close (ApHttpRequest *request, gpointer store)
{
  if (check_id (request)) {
    Question *question = question_new (request, store);

    ap_recording_store_close (store, question->id, on_done, question);
  }
}

void
ap_recording_api_delete (ApHttpRequest *request, gpointer store)
{
  if (check_id (request)) {
    Question *question = question_new (request, store);

    ap_recording_store_delete (store, question->id, on_done, question);
  }
}

/* ---- audio ---- */

/* Parts of a recording that goes on do not fit together, because its header changes: only what is complete has a tag.
 */
static char *
make_tag (const ApRecordingInfo *info)
{
  if (info->status != AP_RECORDING_COMPLETED)
    return NULL;
  return g_strdup_printf ("\"%" G_GUINT64_FORMAT "-%" G_GINT64_FORMAT "\"", info->frames, info->completed_us);
}

/* A header for exactly the frames that are good at this moment, and those of the file. */
static void
respond_audio (ApHttpRequest *request, int fd, const ApRecordingInfo *info)
{
  guint64 bytes = info->frames * info->channels * sizeof (gint16);
  guint8 header[AP_WAV_HEADER_LENGTH];
  g_autoptr (GBytes) head = NULL;
  g_autofree char *tag = make_tag (info);
  g_autofree char *disposition = g_strdup_printf ("attachment; filename=\"%s.wav\"", info->id);

  ap_wav_header_write (header, info->sample_rate, info->channels, bytes);
  head = g_bytes_new (header, sizeof header);
  ap_http_request_add_header (request, "Content-Disposition", disposition);
  ap_http_request_add_header (request, "Cache-Control", tag != NULL ? "private, no-cache" : "no-store");
  ap_http_request_add_header (request, "X-Content-Type-Options", "nosniff");
  ap_http_request_respond_file (request, "audio/wav", &(ApHttpFile){ fd, head, (goffset)(sizeof header + bytes), tag });
}

static void
look_for_audio (gpointer data)
{
  const Question *question = data;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;
  int fd = ap_recording_store_open_audio (question->store, question->id, &info, &error);

  if (fd >= 0)
    respond_audio (question->request, fd, &info);
  else
    respond_error (question, error);
}

void
ap_recording_api_audio (ApHttpRequest *request, gpointer store)
{
  ask (request, store, look_for_audio);
}

/* ---- peaks ---- */

static void
respond_peaks (const Question *question, int fd, const ApRecordingInfo *info)
{
  guint parts = (guint)MIN (question->parts, info->frames);
  g_autofree ApPeak *peaks = NULL;
  g_autoptr (GError) error = NULL;
  gboolean exact = TRUE;

  if (parts > 0)
    peaks = ap_peaks_read (fd, AP_WAV_HEADER_LENGTH, info->frames, info->channels, parts, &exact, &error);
  if (error != NULL)
    respond_error (question, error);
  else
    respond (question->request, SOUP_STATUS_OK, ap_recording_json_peaks (info, peaks, parts, exact));
}

/* On the reading desk, where many may wait for long: who has left by then costs nothing, and who waits no descriptor.
 */
static void
read_peaks (gpointer data)
{
  const Question *question = data;
  g_auto (ApRecordingInfo) info = { 0 };
  g_autoptr (GError) error = NULL;
  int fd;

  if (!ap_http_request_is_awaited (question->request))
    return;
  fd = ap_recording_store_open_audio (question->store, question->id, &info, &error);
  if (fd < 0) {
    respond_error (question, error);
    return;
  }
  respond_peaks (question, fd, &info);
  close (fd);
}

static void
look_for_peaks (gpointer data)
{
  const Question *question = data;

  ap_strand_post (ap_recording_store_get_reading_desk (question->store), read_peaks, data, question_free);
}

void
ap_recording_api_peaks (ApHttpRequest *request, gpointer store)
{
  guint64 parts;
  Question *question;

  if (!check_id (request) || !read_number (request, "n", DEFAULT_PARTS, 1, MAX_PARTS, &parts))
    return;
  question = question_new (request, store);
  question->parts = (guint)parts;
  ap_recording_store_ask (store, question->id, look_for_peaks, question, NULL);
}
