/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /api/calls: what the calls are, and commands to them, which are carried out on their workers. */
#include "endpoints/twilio/ap-call-api.h"

#include "base/ap-json-scanner.h"
#include "endpoints/twilio/ap-call-marks.h"
#include "endpoints/twilio/ap-call.h"

#include <string.h>

/* ---- what there is ---- */

static const struct {
  const char *name;
  gsize offset; /* in ApCallFigures */
} figures[] = {
  { "frames_in", G_STRUCT_OFFSET (ApCallFigures, frames_in) },
  { "frames_out", G_STRUCT_OFFSET (ApCallFigures, frames_out) },
  { "gaps", G_STRUCT_OFFSET (ApCallFigures, gaps) },
  { "silence_ms", G_STRUCT_OFFSET (ApCallFigures, silence_ms) },
  { "errors", G_STRUCT_OFFSET (ApCallFigures, errors) },
  { "ignored", G_STRUCT_OFFSET (ApCallFigures, ignored) },
  { "outbound_frames", G_STRUCT_OFFSET (ApCallFigures, outbound_frames) },
  { "dropped_ms", G_STRUCT_OFFSET (ApCallFigures, dropped_ms) },
  { "queue_ms", G_STRUCT_OFFSET (ApCallFigures, queue_ms) },
  { "ahead_ms", G_STRUCT_OFFSET (ApCallFigures, ahead_ms) },
  { "marks_played", G_STRUCT_OFFSET (ApCallFigures, marks_played) },
  { "marks_ended", G_STRUCT_OFFSET (ApCallFigures, marks_ended) },
  { "heard_ms", G_STRUCT_OFFSET (ApCallFigures, heard_ms) },
};

static void
append_text (GString *json, const char *name, const char *text)
{
  g_string_append_printf (json, "\"%s\":\"", name);
  ap_json_append_escaped (json, text != NULL ? text : "");
  g_string_append (json, "\",");
}

static void
append_number (GString *json, const char *name, gint64 number)
{
  g_string_append_printf (json, "\"%s\":%" G_GINT64_FORMAT ",", name, number);
}

static void
append_since (GString *json, const ApCallRecord *record)
{
  g_autoptr (GDateTime) since = g_date_time_new_from_unix_utc (record->since / G_USEC_PER_SEC);
  g_autofree char *text = g_date_time_format_iso8601 (since);

  append_text (json, "since", text);
  append_number (json, "seconds", MAX (g_get_real_time () - record->since, 0) / G_USEC_PER_SEC);
}

/* One stream, as an object. By hand, since a list of thousands is made on a worker: json-glib takes many times as long
 * over it. */
static void
append_stream (GString *json, ApCallTable *table, ApCallRecord *record)
{
  g_autofree char *digits = ap_call_table_get_digits (table, record);
  gint64 round_trip_us = ap_call_look (record->figures.round_trip_us);

  g_string_append_c (json, '{');
  append_text (json, "call_sid", record->call_id);
  append_text (json, "stream_sid", record->stream_id);
  append_text (json, "account_sid", record->account_id);
  append_text (json, "service", record->service);
  append_text (json, "peer", record->peer);
  append_since (json, record);
  append_text (json, "codec", ap_call_encoding_name (record->audio.encoding));
  append_number (json, "sample_rate", record->audio.rate);
  g_string_append_printf (json, "\"takes_audio\":%s,", record->listens ? "false" : "true");
  g_string_append_printf (json, "\"parameters\":%s,", record->parameters != NULL ? record->parameters : "{}");
  append_text (json, "digits", digits);
  for (guint i = 0; i < G_N_ELEMENTS (figures); i++)
    append_number (json, figures[i].name, ap_call_look (G_STRUCT_MEMBER (gint64, &record->figures, figures[i].offset)));
  if (round_trip_us < 0)
    g_string_append (json, "\"mark_round_trip_ms\":null}");
  else
    g_string_append_printf (json, "\"mark_round_trip_ms\":%" G_GINT64_FORMAT "}", round_trip_us / 1000);
}

/* The members of an array, and the end of it and of the object that it stands in. */
static void
respond_streams (ApHttpRequest *request, ApCallTable *table, GPtrArray *streams, GString *json)
{
  for (guint i = 0; i < streams->len; i++) {
    if (i > 0)
      g_string_append_c (json, ',');
    append_stream (json, table, g_ptr_array_index (streams, i));
  }
  g_string_append (json, "]}");
  ap_http_request_respond_json (request, SOUP_STATUS_OK, json->str);
}

void
ap_call_api_list (ApHttpRequest *request, gpointer data)
{
  ApCallRoom *room = data;
  g_autoptr (GPtrArray) streams = ap_call_table_list (room->table);
  g_autoptr (GString) json = g_string_new (NULL);

  g_string_append_printf (json, "{\"count\":%u,\"calls\":[", streams->len);
  respond_streams (request, room->table, streams, json);
}

/* Returns: (nullable): those of the call, and of ?stream_sid= if that is asked for; without any the request has been
 * answered. */
static GPtrArray *
find_streams (ApHttpRequest *request, ApCallRoom *room)
{
  const char *wanted = ap_http_request_get_query (request, "stream_sid");
  g_autoptr (GPtrArray) streams = ap_call_table_find (room->table, ap_http_request_get_parameter (request, "callSid"));

  for (guint i = streams->len; wanted != NULL && i-- > 0;)
    if (g_strcmp0 (((ApCallRecord *)g_ptr_array_index (streams, i))->stream_id, wanted) != 0)
      g_ptr_array_remove_index (streams, i);
  if (streams->len > 0)
    return g_steal_pointer (&streams);
  ap_http_request_respond_error (request, SOUP_STATUS_NOT_FOUND,
                                 wanted != NULL ? "there is no such stream of such a call" : "there is no such call");
  return NULL;
}

void
ap_call_api_show (ApHttpRequest *request, gpointer data)
{
  ApCallRoom *room = data;
  g_autoptr (GPtrArray) streams = find_streams (request, room);
  g_autoptr (GString) json = NULL;

  if (streams == NULL)
    return;
  json = g_string_new ("{");
  append_text (json, "call_sid", ((ApCallRecord *)g_ptr_array_index (streams, 0))->call_id);
  g_string_append (json, "\"streams\":[");
  respond_streams (request, room->table, streams, json);
}

/* ---- commands ---- */

typedef struct _Command Command;

/* For all streams of a call at once, on their workers. Who drops the last reference answers. */
struct _Command {
  gatomicrefcount refs;
  ApHttpRequest *request;
  /* On the stream's worker. FALSE: it cannot be done. */
  gboolean (*carry_out) (Command *command, ApCall *call);
  gboolean when_heard;
  char *name;
  GBytes *wav;         /* to be played: the calls answer, if there is one */
  guint done, refused; /* atomic: streams */
};

static Command *
command_new (ApHttpRequest *request, gboolean (*carry_out) (Command *command, ApCall *call))
{
  Command *command = g_new0 (Command, 1);

  g_atomic_ref_count_init (&command->refs);
  command->request = ap_http_request_ref (request);
  command->carry_out = carry_out;
  return command;
}

static void
command_answer (Command *command)
{
  guint done = __atomic_load_n (&command->done, __ATOMIC_RELAXED);
  g_autofree char *json = g_strdup_printf ("{\"streams\":%u}", done);

  if (done > 0 && command->wav != NULL)
    return;
  if (done > 0)
    ap_http_request_respond_json (command->request, SOUP_STATUS_ACCEPTED, json);
  else if (__atomic_load_n (&command->refused, __ATOMIC_RELAXED) > 0)
    ap_http_request_respond_error (
        command->request, SOUP_STATUS_CONFLICT,
        "the call does not take it: too many marks wait, its service has no such name, or it takes no audio");
  else
    ap_http_request_respond_error (command->request, SOUP_STATUS_GONE, "the call has ended");
}

static void
command_unref (gpointer data)
{
  Command *command = data;

  if (!g_atomic_ref_count_dec (&command->refs))
    return;
  command_answer (command);
  ap_http_request_unref (command->request);
  g_clear_pointer (&command->wav, g_bytes_unref);
  g_free (command->name);
  g_free (command);
}

/* On the stream's worker. */
static void
carry_out_there (ApSession *session, gpointer data)
{
  Command *command = data;

  if (session == NULL)
    return;
  if (command->carry_out (command, ap_session_get_state (session)))
    __atomic_add_fetch (&command->done, 1, __ATOMIC_RELAXED);
  else
    __atomic_add_fetch (&command->refused, 1, __ATOMIC_RELAXED);
}

/* @command: (transfer full) */
static void
command_run (Command *command, GPtrArray *streams)
{
  for (guint i = 0; i < streams->len; i++) {
    ApCallRecord *record = g_ptr_array_index (streams, i);

    g_atomic_ref_count_inc (&command->refs);
    ap_session_handle_invoke (record->session, carry_out_there, command, command_unref);
  }
  command_unref (command);
}

/* ---- what a command says ---- */

/* Returns: (transfer full) (nullable): what a key or a string says */
static char *
unescape (const ApJsonToken *token)
{
  g_autofree char *text = g_malloc (token->length + 1);
  gssize length = ap_json_token_unescape (token, text);

  if (length < 0)
    return NULL;
  text[length] = '\0';
  return g_steal_pointer (&text);
}

/* Behind @key of a body that may have no member but @member, a string. Returns: (transfer full) (nullable): what is
 * wrong */
static char *
read_member (ApJsonScanner *scanner, const ApJsonToken *key, const char *member, char **value)
{
  g_autofree char *name = unescape (key);
  ApJsonToken token;

  if (member == NULL)
    return g_strdup ("this command has no members");
  if (g_strcmp0 (name, member) != 0)
    return g_strdup_printf ("this command has no member but \"%s\"", member);
  if (ap_json_scanner_next (scanner, &token) == AP_JSON_ERROR)
    return g_strdup ("the body is no JSON");
  if (token.type != AP_JSON_STRING)
    return g_strdup_printf ("\"%s\" must be a string", member);
  g_free (*value);
  *value = unescape (&token);
  return *value != NULL ? NULL : g_strdup_printf ("\"%s\" must be text without NUL", member);
}

/* Of members of the same name the last counts. Returns: (transfer full) (nullable): what is wrong */
static char *
read_object (const char *text, gsize length, const char *member, char **value)
{
  ApJsonScanner scanner;
  ApJsonToken token;
  char *fault = NULL;

  ap_json_scanner_init (&scanner, text, length);
  if (ap_json_scanner_next (&scanner, &token) > AP_JSON_ERROR && token.type != AP_JSON_OBJECT)
    return g_strdup ("the body must be an object of JSON");
  while (fault == NULL && ap_json_scanner_next (&scanner, &token) > AP_JSON_ERROR)
    if (token.type == AP_JSON_KEY)
      fault = read_member (&scanner, &token, member, value);
  if (fault == NULL && token.type == AP_JSON_ERROR)
    fault = g_strdup ("the body is no JSON");
  return fault;
}

/* @value: (out) (transfer full) (nullable): that of @member; NULL where the body is empty or has none
 * Returns FALSE when the request has been answered. */
static gboolean
read_body (ApHttpRequest *request, const char *member, char **value)
{
  GBytes *bytes = ap_http_request_get_body (request);
  g_autofree char *fault = NULL;
  gsize length = 0;
  const char *text = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;

  if (length > 0)
    fault = read_object (text, length, member, value);
  if (fault != NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, fault);
  return fault == NULL;
}

/* ---- the commands ---- */

static gboolean
hang_up (Command *command, ApCall *call)
{
  ap_call_hang_up (call, command->when_heard);
  return TRUE;
}

static gboolean
clear (Command *command, ApCall *call)
{
  ap_call_clear (call);
  return TRUE;
}

static gboolean
mark (Command *command, ApCall *call)
{
  return ap_call_mark (call, command->name);
}

void
ap_call_api_hang_up (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GPtrArray) streams = find_streams (request, data);
  g_autofree char *when = NULL;
  Command *command;

  if (streams == NULL || !read_body (request, "when", &when))
    return;
  if (when != NULL && !g_str_equal (when, "now") && !g_str_equal (when, "heard")) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "\"when\" must be \"now\" or \"heard\"");
    return;
  }
  command = command_new (request, hang_up);
  command->when_heard = g_strcmp0 (when, "heard") == 0;
  command_run (command, streams);
}

void
ap_call_api_clear (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GPtrArray) streams = find_streams (request, data);

  if (streams != NULL && read_body (request, NULL, NULL))
    command_run (command_new (request, clear), streams);
}

void
ap_call_api_mark (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GPtrArray) streams = find_streams (request, data);
  g_autofree char *name = NULL;
  Command *command;

  if (streams == NULL || !read_body (request, "name", &name))
    return;
  if (name == NULL || *name == '\0' || strlen (name) > AP_CALL_MARK_NAME_MAX) {
    g_autofree char *text = g_strdup_printf ("\"name\" must have 1 to %d bytes", AP_CALL_MARK_NAME_MAX);

    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, text);
    return;
  }
  command = command_new (request, mark);
  command->name = g_steal_pointer (&name);
  command_run (command, streams);
}

/* ---- play ---- */

static gboolean
play (Command *command, ApCall *call)
{
  ap_call_play (call, command->wav, command->request);
  return TRUE;
}

/* Without those that take no audio, if there are others: they would only answer that. */
static void
keep_speakers (GPtrArray *streams)
{
  for (guint i = streams->len; i-- > 0 && streams->len > 1;)
    if (((ApCallRecord *)g_ptr_array_index (streams, i))->listens)
      g_ptr_array_remove_index (streams, i);
}

/* Programs name WAV files in many ways, or not at all. */
static gboolean
can_be_wav (const char *type)
{
  static const char *const others[] = {
    "text/", "image/", "video/", "multipart/", "application/json", "application/xml"
  };

  for (guint i = 0; type != NULL && i < G_N_ELEMENTS (others); i++)
    if (g_ascii_strncasecmp (type, others[i], strlen (others[i])) == 0)
      return FALSE;
  return TRUE;
}

void
ap_call_api_admit_play (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GPtrArray) streams = find_streams (request, data);

  if (streams != NULL && !can_be_wav (ap_http_request_get_header (request, "Content-Type")))
    ap_http_request_respond_error (request, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE, "the body must be a WAV file");
}

void
ap_call_api_play (ApHttpRequest *request, gpointer data)
{
  g_autoptr (GPtrArray) streams = find_streams (request, data);
  GBytes *wav = ap_http_request_get_body (request);
  Command *command;

  if (streams == NULL)
    return;
  if (wav == NULL || g_bytes_get_size (wav) == 0) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "the body must be a WAV file; it is empty");
    return;
  }
  keep_speakers (streams);
  command = command_new (request, play);
  command->wav = g_bytes_ref (wav);
  command_run (command, streams);
}
