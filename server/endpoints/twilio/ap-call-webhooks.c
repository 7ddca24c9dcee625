/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twilio's requests: who may make them, and how they are answered. */
#define G_LOG_DOMAIN "calls"

#include "endpoints/twilio/ap-call-webhooks.h"

#include "base/ap-log.h"
#include "endpoints/twilio/ap-dialects.h"
#include "endpoints/twilio/ap-public-url.h"
#include "endpoints/twilio/ap-twilio-signature.h"
#include "endpoints/twilio/ap-twiml.h"

#include <string.h>

#define STREAM_PATH "/ws"
/* Of a field of a status, in the log: an identifier of Twilio's has 34 characters. */
#define STATUS_CHARACTERS 200

/* ---- who may ---- */

static char *
make_url (const ApCallRoom *room, ApHttpRequest *request, const char *proto, gboolean websocket, const char *path)
{
  const ApPublicUrlRequest said = {
    .host = ap_http_request_get_header (request, "Host"),
    .forwarded_host = ap_http_request_get_header (request, "X-Forwarded-Host"),
    .forwarded_proto = proto != NULL ? proto : ap_http_request_get_header (request, "X-Forwarded-Proto"),
  };

  return ap_public_url_make (room->settings->public_url, &said, websocket, path);
}

static gboolean
is_signed_as (const ApCallRoom *room, ApHttpRequest *request, const char *proto, gboolean websocket,
              const ApTwilioForm *form)
{
  g_autofree char *url = make_url (room, request, proto, websocket, ap_http_request_get_target (request));

  return url != NULL && ap_twilio_signature_is_valid (room->settings->twilio_auth_token, url, form,
                                                      ap_http_request_get_header (request, "X-Twilio-Signature"));
}

/* Whether the request is signed; else it has been answered. Not every proxy that ends TLS says so, and Twilio signs
 * what it was given, so that the secure address counts also where the request does not tell of one: @proto is then set
 * to that. */
static gboolean
require_signature (const ApCallRoom *room, ApHttpRequest *request, gboolean websocket, const ApTwilioForm *form,
                   const char **proto)
{
  *proto = NULL;
  if (is_signed_as (room, request, NULL, websocket, form))
    return TRUE;
  *proto = "https";
  if (is_signed_as (room, request, *proto, websocket, form))
    return TRUE;
  ap_http_request_respond_error (request, SOUP_STATUS_FORBIDDEN,
                                 "this is not signed by Twilio with this server's auth token for this address; "
                                 "--public-url tells the address if proxies do not");
  return FALSE;
}

/* The webhooks hand out tokens of calls, so that those cannot stand for the server's own here. @proto: (out)
 * (nullable): how the request came, if it is known better than it says. */
static gboolean
require_webhook (const ApCallRoom *room, ApHttpRequest *request, const ApTwilioForm *form, const char **proto)
{
  *proto = NULL;
  if (room->settings->twilio_auth_token != NULL)
    return require_signature (room, request, FALSE, form, proto);
  return ap_http_request_require_token (request);
}

/* A path that is written in an unusual way, with escapes, is taken for Twilio's: those of others ask for the server's
 * token before they come here. */
static gboolean
is_for_twilio (ApHttpRequest *request)
{
  const char *target = ap_http_request_get_target (request);
  g_autofree char *path = g_strndup (target, strcspn (target, "?"));
  const ApCallDialect *dialect = ap_call_dialect_for_path (path);

  return dialect == NULL || dialect == &ap_dialect_twilio;
}

static gboolean
require_caller (const ApCallRoom *room, ApHttpRequest *request)
{
  const char *proto;

  if (!is_for_twilio (request))
    return TRUE;
  if (room->settings->twilio_auth_token != NULL)
    return require_signature (room, request, TRUE, NULL, &proto);
  return room->tokens != NULL || ap_http_request_require_token (request);
}

static void
give_back_place (gpointer table)
{
  ap_call_table_give_back_place (table);
}

void
ap_call_admit (ApHttpRequest *request, gpointer data)
{
  const ApCallRoom *room = data;
  gint64 most = room->settings->max_calls;

  if (!require_caller (room, request))
    return;
  if (most == 0)
    return;
  if (ap_call_table_take_place (room->table, (guint)most))
    ap_http_request_set_aside (request, give_back_place, room->table);
  else
    ap_http_request_respond_error (request, SOUP_STATUS_SERVICE_UNAVAILABLE,
                                   "there are as many calls as --max-calls allows");
}

/* ---- the answer to a call ---- */

/* The fields of a POST; of a GET there are none, and they stand in the query. NULL: they cannot be read, and the
 * request has been answered. */
static ApTwilioForm *
read_form (ApHttpRequest *request)
{
  GBytes *body = ap_http_request_get_body (request);
  gsize length = 0;
  const char *text = body != NULL ? g_bytes_get_data (body, &length) : NULL;
  ApTwilioForm *form = ap_twilio_form_parse (text != NULL ? text : "", length);

  if (form == NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST,
                                   "the body is no form: application/x-www-form-urlencoded in UTF-8");
  return form;
}

/* Returns: (nullable): what Twilio tells of the call, in a form or a query; NULL for nothing too */
static const char *
call_field (ApHttpRequest *request, const ApTwilioForm *form, const char *name)
{
  const char *value = ap_twilio_form_get (form, name);

  if (value == NULL)
    value = ap_http_request_get_query (request, name);
  return value != NULL && *value != '\0' ? value : NULL;
}

/* Returns: (nullable): a token for the call that the request tells of; else the request has been answered. */
static char *
issue_token (const ApCallRoom *room, ApHttpRequest *request, const ApTwilioForm *form)
{
  const char *call_id = call_field (request, form, "CallSid");
  char *token;

  if (call_id == NULL) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST, "a token is for one call: CallSid is missing");
    return NULL;
  }
  token = ap_call_tokens_issue (room->tokens, call_id, g_get_monotonic_time ());
  if (token == NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_SERVICE_UNAVAILABLE, "the system gives no random bytes");
  return token;
}

static void
respond_xml (ApHttpRequest *request, const char *xml)
{
  g_autoptr (GBytes) body = g_bytes_new (xml, strlen (xml));

  ap_http_request_add_header (request, "Cache-Control", "no-store");
  ap_http_request_respond (request, SOUP_STATUS_OK, "text/xml", body);
}

/* Who calls whom, which the start of a stream does not tell by itself, and the token. */
static void
respond_stream (const ApCallRoom *room, ApHttpRequest *request, const ApTwilioForm *form, const char *proto,
                const char *token)
{
  const ApTwimlParameter known[] = { { "from", call_field (request, form, "From") },
                                     { "to", call_field (request, form, "To") },
                                     { "token", token } };
  ApTwimlParameter parameters[G_N_ELEMENTS (known)];
  gsize n = 0;
  g_autofree char *url = make_url (room, request, proto, TRUE, STREAM_PATH);
  g_autofree char *xml = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    if (known[i].value != NULL && ap_twiml_can_pass (&known[i]))
      parameters[n++] = known[i];
  if (url != NULL)
    xml = ap_twiml_connect_stream (url, parameters, n, NULL);
  if (xml != NULL)
    respond_xml (request, xml);
  else
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST,
                                   "the request does not tell where this server is: set --public-url");
}

/* A stream for it would be turned away. */
static gboolean
is_full (const ApCallRoom *room)
{
  gint64 most = room->settings->max_calls;

  return most > 0 && ap_call_table_count_places (room->table) >= most;
}

void
ap_call_answer_twiml (ApHttpRequest *request, gpointer data)
{
  const ApCallRoom *room = data;
  g_autoptr (ApTwilioForm) form = read_form (request);
  g_autofree char *token = NULL;
  const char *proto;

  if (form == NULL || !require_webhook (room, request, form, &proto))
    return;
  if (is_full (room)) {
    respond_xml (request, AP_TWIML_BUSY);
    return;
  }
  if (room->tokens != NULL && (token = issue_token (room, request, form)) == NULL)
    return;
  respond_stream (room, request, form, proto, token);
}

/* ---- what became of a stream ---- */

/* Returns: (transfer full): the field as it may stand in the log, whose writer takes care of controls */
static char *
status_field (const ApTwilioForm *form, const char *name)
{
  const char *value = ap_twilio_form_get (form, name);

  return g_utf8_substring (value != NULL ? value : "", 0,
                           MIN (g_utf8_strlen (value != NULL ? value : "", -1), STATUS_CHARACTERS));
}

static void
log_status (const ApTwilioForm *form)
{
  g_autofree char *status = status_field (form, "StreamEvent");
  g_autofree char *call = status_field (form, "CallSid");
  g_autofree char *stream = status_field (form, "StreamSid");
  g_autofree char *problem = status_field (form, "StreamError");
  gboolean failed = *problem != '\0' || g_str_equal (status, "stream-error");

  ap_event (failed ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_INFO, "Twilio tells of a stream", AP_LOG_TEXT ("status", status),
            AP_LOG_TEXT ("call", call), AP_LOG_TEXT ("stream", stream), AP_LOG_TEXT ("error", problem));
}

void
ap_call_take_status (ApHttpRequest *request, gpointer data)
{
  g_autoptr (ApTwilioForm) form = read_form (request);
  const char *proto;

  if (form == NULL || !require_webhook (data, request, form, &proto))
    return;
  if (ap_twilio_form_get (form, "StreamEvent") == NULL) {
    ap_http_request_respond_error (request, SOUP_STATUS_BAD_REQUEST,
                                   "StreamEvent is missing: stream-started, stream-stopped or stream-error");
    return;
  }
  log_status (form);
  ap_http_request_respond (request, SOUP_STATUS_NO_CONTENT, NULL, NULL);
}
