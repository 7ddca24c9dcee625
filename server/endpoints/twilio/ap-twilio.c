/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "calls"

#include "endpoints/twilio/ap-twilio.h"

#include "base/ap-error.h"
#include "base/ap-log.h"
#include "endpoints/twilio/ap-call-api.h"
#include "endpoints/twilio/ap-call-elements.h"
#include "endpoints/twilio/ap-call-webhooks.h"
#include "endpoints/twilio/ap-call.h"
#include "endpoints/twilio/ap-dialects.h"
#include "endpoints/twilio/ap-public-url.h"

#define OFFSET(field) G_STRUCT_OFFSET (ApCallSettings, field)

static const ApOption options[] = {
  { "Calls", "max-calls", AP_OPTION_NUMBER, OFFSET (max_calls), "N", "0",
    "most calls at once, others get 503; 0 means as many as connections", 0, 1000000 },
  { NULL, "call-pipeline", AP_OPTION_TEXT, OFFSET (call_pipeline), "ELEMENTS", NULL,
    "GStreamer elements that the caller's audio goes through, as 16-bit PCM at 16 kHz, on its way back" },
  { NULL, "call-lead-ms", AP_OPTION_NUMBER, OFFSET (call_lead_ms), "N", "200",
    "how far ahead of time audio is sent to the caller", 20, 10000 },
  { NULL, "call-queue-ms", AP_OPTION_NUMBER, OFFSET (call_queue_ms), "N", "2000",
    "how much audio for the caller may wait before its oldest is dropped", 1000, 60000 },
  { NULL, "call-start-seconds", AP_OPTION_NUMBER, OFFSET (call_start_seconds), "N", "10",
    "how long a socket may be silent before its call starts", 1, 3600 },
  { NULL, "call-idle-seconds", AP_OPTION_NUMBER, OFFSET (call_idle_seconds), "N", "60",
    "how long a call may be without any message", 1, 86400 },
  { NULL, "max-call-message-bytes", AP_OPTION_NUMBER, OFFSET (max_call_message_bytes), "N", "262144",
    "largest message of a call; a larger one closes with 1009", 1024, AP_CALL_MESSAGE_BYTES },
  { NULL, "public-url", AP_OPTION_TEXT, OFFSET (public_url), "URL", NULL,
    "where Twilio reaches this server, as in https://voice.example; otherwise as each request says" },
  { NULL, "twilio-auth-token", AP_OPTION_SECRET, OFFSET (twilio_auth_token), "TOKEN", NULL,
    "the account's auth token: what Twilio sends must be signed with it; better set by the variable",
    .variable = "TWILIO_AUTH_TOKEN" },
  { NULL, "call-token", AP_OPTION_FLAG, OFFSET (call_token), NULL, NULL,
    "a call on /ws must show the token, good once, that /twiml gave it" },
  { NULL, "call-token-seconds", AP_OPTION_NUMBER, OFFSET (call_token_seconds), "N", "60",
    "how long such a token is good", 1, 3600 },
  { 0 },
};

static const ApHttpRoute routes[] = {
  { "GET", "/api/calls", ap_call_api_list },
  { "GET", "/api/calls/{callSid}", ap_call_api_show },
  { "POST", "/api/calls/{callSid}/hangup", ap_call_api_hang_up, .max_body = AP_CALL_COMMAND_BYTES },
  { "POST", "/api/calls/{callSid}/clear", ap_call_api_clear, .max_body = AP_CALL_COMMAND_BYTES },
  { "POST", "/api/calls/{callSid}/mark", ap_call_api_mark, .max_body = AP_CALL_COMMAND_BYTES },
  { "POST", "/api/calls/{callSid}/play", ap_call_api_play, .max_body = AP_CALL_WAV_BYTES,
    .admit = ap_call_api_admit_play },
  { "GET", "/twiml", ap_call_answer_twiml, .no_token = TRUE },
  { "POST", "/twiml", ap_call_answer_twiml, .max_body = AP_CALL_WEBHOOK_BYTES, .no_token = TRUE },
  { "POST", "/twilio/status", ap_call_take_status, .max_body = AP_CALL_WEBHOOK_BYTES, .no_token = TRUE },
  { 0 },
};

static gsize
max_message_bytes (gpointer room)
{
  return (gsize)((ApCallRoom *)room)->settings->max_call_message_bytes;
}

/* A dialect's own path and others; Twilio cannot be given the server's token, and is known by its signature. */
#define CALL_ENDPOINT(dialect, first_path, ...)                                                                        \
  static gpointer open_##dialect (ApSession *session)                                                                  \
  {                                                                                                                    \
    return ap_call_open (session, &ap_dialect_##dialect);                                                              \
  }                                                                                                                    \
  static const ApEndpoint dialect##_endpoint = { .path = first_path,                                                   \
                                                 .max_message_bytes = max_message_bytes,                               \
                                                 .own_pipeline = TRUE,                                                 \
                                                 .patient = TRUE,                                                      \
                                                 .unsent_bytes = AP_CALL_UNSENT_BYTES,                                 \
                                                 .admit = ap_call_admit,                                               \
                                                 .open = open_##dialect,                                               \
                                                 .text = ap_call_text,                                                 \
                                                 .binary = ap_call_binary,                                             \
                                                 .frame = ap_call_frame,                                               \
                                                 .close = ap_call_close,                                               \
                                                 __VA_ARGS__ }

CALL_ENDPOINT (twilio, "/ws", .no_token = TRUE, .more_paths = (const char *const[]){ "/ws/twilio", NULL });
CALL_ENDPOINT (signalwire, "/ws/signalwire", );
CALL_ENDPOINT (telnyx, "/ws/telnyx", );
CALL_ENDPOINT (vonage, "/ws/vonage", );
CALL_ENDPOINT (asterisk, "/ws/asterisk", );
CALL_ENDPOINT (asterisk_json, "/ws/asterisk/json", );
CALL_ENDPOINT (plivo, "/ws/plivo", );
CALL_ENDPOINT (exotel, "/ws/exotel", );
CALL_ENDPOINT (jambonz, "/ws/jambonz", .protocols = (const char *const[]){ "audio.jambonz.org", NULL });

static const ApEndpoint *const endpoints[] = {
  &twilio_endpoint,        &signalwire_endpoint, &telnyx_endpoint, &vonage_endpoint,  &asterisk_endpoint,
  &asterisk_json_endpoint, &plivo_endpoint,      &exotel_endpoint, &jambonz_endpoint, NULL
};

/* @between: (nullable): elements in a call such as Twilio's. */
static gboolean
check_elements (const char *between, GError **error)
{
  g_autoptr (GstCaps) caps = NULL;
  g_autofree char *elements = ap_call_elements_make (&ap_dialect_twilio.audio, between, &caps);

  return ap_pipeline_check (&(ApPipelineSpec){ elements, caps, AP_PIPELINE_MODE_AUTO, caps }, error);
}

/* What every call needs is loaded before the first one comes, for whom a worker would stop to read files, and perhaps
 * find no descriptor for them. A server without it still serves the rest. */
static gboolean
check_pipeline (const ApCallSettings *settings, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (!check_elements (NULL, &reason) || !ap_call_elements_load (&reason))
    ap_warning ("calls cannot be served: %s", reason->message);
  else if (settings->call_pipeline != NULL && !check_elements (settings->call_pipeline, error)) {
    g_prefix_error (error, "--call-pipeline: ");
    return FALSE;
  }
  return TRUE;
}

static void
call_room_free (gpointer data)
{
  ApCallRoom *room = data;

  ap_call_table_free (room->table);
  g_clear_pointer (&room->tokens, ap_call_tokens_free);
  g_free (room);
}

static gpointer
call_room_start (gconstpointer data, GError **error)
{
  const ApCallSettings *settings = data;
  ApCallRoom *room;

  if (settings->public_url != NULL && !ap_public_url_check (settings->public_url, error)) {
    g_prefix_error (error, "--public-url: ");
    return NULL;
  }
  if (!check_pipeline (settings, error))
    return NULL;
  if (settings->twilio_auth_token == NULL && !settings->call_token)
    ap_warning ("/ws lets in everybody; or with --api-token nobody from Twilio, which cannot send that: set "
                "TWILIO_AUTH_TOKEN, or --call-token");
  room = g_new0 (ApCallRoom, 1);
  room->settings = settings;
  room->table = ap_call_table_new ();
  if (settings->call_token)
    room->tokens = ap_call_tokens_new (settings->call_token_seconds * G_USEC_PER_SEC, AP_CALL_TOKENS_MAX);
  return room;
}

const ApRoom ap_twilio_room = {
  .name = "twilio",
  .endpoints = endpoints,
  .routes = routes,
  .options = options,
  .settings_size = sizeof (ApCallSettings),
  .start = call_room_start,
  .stop = call_room_free,
};
