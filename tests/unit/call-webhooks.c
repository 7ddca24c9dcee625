/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is let in: signatures of upgrades and webhooks, the server's token, tokens of calls, and how many; and what the
 * webhooks answer. Over real sockets. */
#include "base/ap-log.h"
#include "endpoints/twilio/ap-twilio-signature.h"

#include <gst/gst.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call-server.h"
#include "test-wait.h"

#define KEY    "12345"
#define BEARER "Authorization: Bearer secret\r\n"
#define FORM   "Content-Type: application/x-www-form-urlencoded\r\n"

/* Returns: the headers, and that of the signature of @url with @body's fields; without one where @url is NULL */
static char *
sign (const char *key, const char *url, const char *body, const char *headers)
{
  g_autoptr (ApTwilioForm) form = body != NULL ? ap_twilio_form_parse (body, strlen (body)) : NULL;
  g_autofree char *signature = url != NULL ? ap_twilio_signature_make (key, url, form) : NULL;

  return g_strconcat (headers, signature != NULL ? "X-Twilio-Signature: " : "", signature != NULL ? signature : "",
                      signature != NULL ? "\r\n" : "", NULL);
}

/* ---- upgrades ---- */

#define PROXY "X-Forwarded-Proto: https\r\nX-Forwarded-Host: Voice.example:8443, inner.example\r\n"

static const struct {
  const char *public_url, *path, *headers;
  const char *signed_url; /* NULL: not at all */
  guint status;
} upgrades[] = {
  { NULL, "/ws", "", "wss://127.0.0.1/ws", 101 },
  { NULL, "/ws", "", "ws://127.0.0.1/ws", 101 }, /* as the request came */
  { NULL, "/ws", "", "https://127.0.0.1/ws", 403 },
  { NULL, "/ws", "", "http://127.0.0.1/ws", 403 },
  { NULL, "/ws", "", NULL, 403 },
  { NULL, "/ws", BEARER, NULL, 403 }, /* the server's token is none of Twilio's */
  { NULL, "/ws", "X-Twilio-Signature: \r\n", NULL, 403 },
  { NULL, "/ws", "X-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", NULL, 403 },
  { NULL, "/ws", "X-Twilio-Signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", "wss://127.0.0.1/ws", 403 }, /* two */
  /* the port */
  { NULL, "/ws", "", "wss://127.0.0.1:443/ws", 101 },
  { NULL, "/ws", "", "wss://127.0.0.1:8443/ws", 403 },
  { NULL, "/ws", PROXY, "wss://voice.example:8443/ws", 101 },
  { NULL, "/ws", PROXY, "wss://voice.example/ws", 101 },
  { NULL, "/ws", PROXY, "wss://inner.example/ws", 403 },
  { NULL, "/ws", PROXY, "wss://127.0.0.1/ws", 403 },
  { NULL, "/ws", PROXY, "ws://voice.example:8443/ws", 403 },
  /* the path */
  { NULL, "/ws", "", "wss://127.0.0.1/ws/", 403 },
  { NULL, "/ws/", BEARER, "wss://127.0.0.1/ws/", 404 },
  { NULL, "/ws/twilio", "", "wss://127.0.0.1/ws/twilio", 101 },
  { NULL, "/ws/twilio", "", "wss://127.0.0.1/ws", 403 },
  { NULL, "/ws?x=1", "", "wss://127.0.0.1/ws?x=1", 101 },
  { NULL, "/ws?x=1", "", "wss://127.0.0.1/ws", 403 },
  { NULL, "/%77s", "", NULL, 403 },
  { NULL, "/ws/%74wilio", BEARER, NULL, 403 },
  /* an address of its own */
  { "https://voice.example", "/ws", "", "wss://voice.example/ws", 101 },
  { "https://voice.example", "/ws", "", "https://voice.example/ws", 403 },
  { "https://voice.example", "/ws", "", "ws://voice.example/ws", 403 },
  { "https://voice.example", "/ws", "", "wss://127.0.0.1/ws", 403 },
  { "https://voice.example", "/ws", PROXY, "wss://voice.example:8443/ws", 403 },
  { "https://voice.example/calls/", "/ws", "", "wss://voice.example/calls/ws", 101 },
  { "https://voice.example/calls/", "/ws", "", "wss://voice.example/ws", 403 },
  /* other services, which are known by the server's token */
  { NULL, "/ws/signalwire", "", "wss://127.0.0.1/ws/signalwire", 401 },
  { NULL, "/ws/signalwire", BEARER, NULL, 101 },
  { NULL, "/ws/telnyx", BEARER, NULL, 101 },
  { NULL, "/ws/vonage", BEARER, NULL, 101 },
  { NULL, "/ws/asterisk", BEARER, NULL, 101 },
  { NULL, "/ws/asterisk/json", BEARER, NULL, 101 },
  { NULL, "/ws/plivo", BEARER, NULL, 101 },
  { NULL, "/ws/exotel", BEARER, NULL, 101 },
  { NULL, "/ws/jambonz", BEARER "Sec-WebSocket-Protocol: audio.jambonz.org\r\n", NULL, 101 },
  { NULL, "/ws/jambonz", BEARER "Sec-WebSocket-Protocol: audio.drachtio.org\r\n", NULL, 400 },
  { NULL, "/ws/jambonz", "", NULL, 401 },
  { NULL, "/ws/asterisk", "", NULL, 401 },
};

static void
test_upgrades (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (upgrades); i++) {
    const ApCallSettings settings = { .twilio_auth_token = (char *)KEY, .public_url = (char *)upgrades[i].public_url };
    CallServer *server = call_server_start (&settings, "secret");
    g_autofree char *headers = sign (KEY, upgrades[i].signed_url, NULL, upgrades[i].headers);
    g_autofree char *foreign = sign ("12346", upgrades[i].signed_url, NULL, upgrades[i].headers);

    g_test_message ("row %u: %s, %s", i, upgrades[i].path, upgrades[i].signed_url);
    g_assert_cmpuint (call_server_knock (server, upgrades[i].path, headers), ==, upgrades[i].status);
    if (upgrades[i].status == 101 && upgrades[i].signed_url != NULL)
      g_assert_cmpuint (call_server_knock (server, upgrades[i].path, foreign), ==, 403);
    call_server_stop (server);
  }
}

/* Without an auth token, Twilio's paths ask for what there is. */
static void
test_without_auth_token (void)
{
  static const struct {
    gboolean call_token;
    const char *api_token, *headers;
    guint status;
  } rows[] = {
    { FALSE, NULL, "", 101 },    { FALSE, "secret", "", 401 }, { FALSE, "secret", BEARER, 101 },
    { TRUE, "secret", "", 101 }, { TRUE, NULL, "", 101 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const ApCallSettings settings = { .call_token = rows[i].call_token };
    CallServer *server = call_server_start (&settings, rows[i].api_token);

    g_test_message ("row %u", i);
    g_assert_cmpuint (call_server_knock (server, "/ws", rows[i].headers), ==, rows[i].status);
    call_server_stop (server);
  }
}

/* A signed request for it is answered with this document. */
static void
expect_twiml (CallServer *server, const char *form, const char *document)
{
  g_autofree char *headers = sign (KEY, "https://127.0.0.1/twiml", form, FORM);
  g_autoptr (HttpAnswer) answer = call_server_ask (server, "POST", "/twiml", headers, form, strlen (form));
  g_autofree char *expected = g_strconcat ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", document, "\n", NULL);

  g_assert_cmpuint (answer->status, ==, 200);
  g_assert_cmpstr (answer->body, ==, expected);
}

/* Who calls then hears that the line is busy, instead of a stream that fails. */
static void
test_max_calls (void)
{
  const ApCallSettings settings = { .max_calls = 2, .twilio_auth_token = (char *)KEY };
  CallServer *server = call_server_start (&settings, NULL);
  g_autofree char *headers = sign (KEY, "wss://127.0.0.1/ws", NULL, "");
  g_autoptr (WsClient) first = ws_client_connect (server->port, "/ws/asterisk");
  g_autoptr (WsClient) second = ws_client_connect (server->port, "/ws/telnyx");

  g_assert_true (test_wait_until (ap_call_table_count_places (server->room->table) == 2));
  g_assert_cmpuint (call_server_knock (server, "/ws", headers), ==, 503);
  g_assert_cmpuint (call_server_knock (server, "/ws/asterisk", ""), ==, 503);
  g_assert_cmpuint (call_server_knock (server, "/ws", ""), ==, 403); /* strangers are not told */
  expect_twiml (server, "CallSid=CA1", "<Response><Reject reason=\"busy\"/></Response>");
  g_clear_pointer (&first, ws_client_free);
  g_assert_true (test_wait_until (ap_call_table_count_places (server->room->table) == 1));
  expect_twiml (server, "CallSid=CA1",
                "<Response><Connect><Stream url=\"wss://127.0.0.1/ws\"></Stream></Connect></Response>");
  g_assert_cmpuint (call_server_knock (server, "/ws", headers), ==, 101);
  call_server_stop (server);
}

/* Handshakes on all workers in the same moment: as many get in as may, and each place is given back, by whom it was
 * not used too. */
static void
test_max_calls_at_once (void)
{
  enum { MOST = 5, CLIENTS = 24 };
  static const char request[] = "GET /ws/telnyx HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
                                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
  const ApCallSettings settings = { .max_calls = MOST };
  CallServer *server = call_server_start (&settings, NULL);
  WsClient *clients[CLIENTS];
  guint in = 0, refused = 0;

  for (guint i = 0; i < CLIENTS; i++)
    clients[i] = ws_client_connect_tcp (server->port);
  for (guint i = 0; i < CLIENTS; i++)
    ws_client_send_raw (clients[i], request, strlen (request));
  for (guint i = 0; i < CLIENTS; i++) {
    g_autoptr (HttpAnswer) answer = ws_client_request (clients[i], "");

    in += answer->status == 101;
    refused += answer->status == 503;
  }
  g_assert_cmpuint (in, ==, MOST);
  g_assert_cmpuint (refused, ==, CLIENTS - MOST);
  for (guint i = 0; i < CLIENTS; i++)
    ws_client_free (clients[i]);
  g_assert_true (test_wait_until (ap_call_table_count_places (server->room->table) == 0));
  for (guint i = 0; i < CLIENTS; i++) { /* who leave before their answer */
    WsClient *client = ws_client_connect_tcp (server->port);

    ws_client_send_raw (client, request, strlen (request));
    ws_client_reset (client);
  }
  g_assert_true (test_wait_until (ap_call_table_count_places (server->room->table) == 0));
  call_server_stop (server);
}

/* ---- /twiml ---- */

/* Returns: (nullable): the text between the two */
static char *
between (const char *text, const char *before, const char *after)
{
  const char *start = strstr (text, before);
  const char *end = start != NULL ? strstr (start + strlen (before), after) : NULL;

  return end != NULL ? g_strndup (start + strlen (before), (gsize)(end - start) - strlen (before)) : NULL;
}

static const struct {
  const char *public_url, *method, *target, *headers, *body;
  const char *signed_url, *signed_body;
  guint status;
  const char *stream; /* the URL in the answer */
} webhooks[] = {
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1&From=%2B1", "https://127.0.0.1/twiml", "CallSid=CA1&From=%2B1", 200,
    "wss://127.0.0.1/ws" }, /* as it was signed: the proxy does not tell */
  { NULL, "POST", "/twiml", FORM "X-Forwarded-Proto: http\r\n", "CallSid=CA1", "https://127.0.0.1/twiml", "CallSid=CA1",
    200, "wss://127.0.0.1/ws" },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1", "http://127.0.0.1/twiml", "CallSid=CA1", 200, "ws://127.0.0.1/ws" },
  { NULL, "POST", "/twiml", FORM PROXY, "CallSid=CA1", "https://voice.example:8443/twiml", "CallSid=CA1", 200,
    "wss://voice.example:8443/ws" },
  { NULL, "POST", "/twiml?a=1", FORM, "CallSid=CA1", "https://127.0.0.1/twiml?a=1", "CallSid=CA1", 200,
    "wss://127.0.0.1/ws" },
  { NULL, "GET", "/twiml?CallSid=CA1", "", "", "https://127.0.0.1/twiml?CallSid=CA1", NULL, 200, "wss://127.0.0.1/ws" },
  { "http://voice.example", "GET", "/twiml?CallSid=CA1", "", "", "http://voice.example/twiml?CallSid=CA1", NULL, 200,
    "ws://voice.example/ws" },
  { "https://voice.example/calls", "GET", "/twiml?CallSid=CA1", "", "", "https://voice.example/calls/twiml?CallSid=CA1",
    NULL, 200, "wss://voice.example/calls/ws" },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA2", "https://127.0.0.1/twiml", "CallSid=CA1", 403, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1", "https://127.0.0.1/twiml", NULL, 403, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1", "wss://127.0.0.1/twiml", "CallSid=CA1", 403, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1", "https://127.0.0.1/twilio/status", "CallSid=CA1", 403, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=CA1", NULL, NULL, 403, NULL },
  { NULL, "GET", "/twiml?CallSid=CA2", "", "", "https://127.0.0.1/twiml?CallSid=CA1", NULL, 403, NULL },
  { NULL, "GET", "/twiml", BEARER, "", NULL, NULL, 403, NULL },
  { NULL, "POST", "/twiml", FORM, "From=1", "https://127.0.0.1/twiml", "From=1", 400, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=", "https://127.0.0.1/twiml", "CallSid=", 400, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=%ff", NULL, NULL, 400, NULL },
  { NULL, "POST", "/twiml", FORM, "CallSid=%", NULL, NULL, 400, NULL },
  { NULL, "PUT", "/twiml", FORM, "", NULL, NULL, 405, NULL },
};

static void
test_twiml (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (webhooks); i++) {
    const ApCallSettings settings = { .twilio_auth_token = (char *)KEY,
                                      .public_url = (char *)webhooks[i].public_url,
                                      .call_token = TRUE };
    CallServer *server = call_server_start (&settings, "secret");
    g_autofree char *headers = sign (KEY, webhooks[i].signed_url, webhooks[i].signed_body, webhooks[i].headers);
    g_autoptr (HttpAnswer) answer = call_server_ask (server, webhooks[i].method, webhooks[i].target, headers,
                                                     webhooks[i].body, strlen (webhooks[i].body));
    g_autofree char *type = http_answer_header (answer, "Content-Type");
    g_autofree char *stream = between (answer->body, "<Connect><Stream url=\"", "\"");
    g_autofree char *token = between (answer->body, "<Parameter name=\"token\" value=\"", "\"/></Stream></Connect>");

    g_test_message ("row %u: %s", i, answer->body);
    g_assert_cmpuint (answer->status, ==, webhooks[i].status);
    g_assert_cmpstr (type, ==, answer->status == 200 ? "text/xml" : "application/json");
    g_assert_cmpstr (stream, ==, webhooks[i].stream);
    g_assert_cmpuint (token != NULL, ==, answer->status == 200);
    g_assert_cmpuint (ap_call_tokens_count (server->room->tokens), ==, answer->status == 200 ? 1 : 0);
    call_server_stop (server);
  }
}

/* The start of the call tells who calls whom: that is passed on, if it can be. */
static void
test_twiml_parties (void)
{
  static const struct {
    const char *form, *parameters;
  } rows[] = {
    { "CallSid=CA1", "" },
    { "CallSid=CA1&To=%2B15550101&From=%2B15550100",
      "<Parameter name=\"from\" value=\"+15550100\"/><Parameter name=\"to\" value=\"+15550101\"/>" },
    { "From=sip%3Aa%40b.example%22%3E&To=", "<Parameter name=\"from\" value=\"sip:a@b.example&quot;&gt;\"/>" },
    { "From=%01&To=b", "<Parameter name=\"to\" value=\"b\"/>" },
  };
  const ApCallSettings settings = { .twilio_auth_token = (char *)KEY };
  CallServer *server = call_server_start (&settings, NULL);
  g_autofree char *length = g_strnfill (496, 'x');
  g_autofree char *too_long = g_strconcat ("From=", length, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *document = g_strconcat ("<Response><Connect><Stream url=\"wss://127.0.0.1/ws\">",
                                             rows[i].parameters, "</Stream></Connect></Response>", NULL);

    expect_twiml (server, rows[i].form, document);
  }
  expect_twiml (server, too_long,
                "<Response><Connect><Stream url=\"wss://127.0.0.1/ws\"></Stream></Connect></Response>");
  call_server_stop (server);
}

/* Who may fetch it may make calls: without a signature it asks for the server's token, --call-token or not. */
static void
test_twiml_without_auth_token (void)
{
  for (gboolean call_token = FALSE; call_token <= TRUE; call_token++) {
    const ApCallSettings settings = { .call_token = call_token };
    CallServer *server = call_server_start (&settings, "secret");
    g_autoptr (HttpAnswer) answer = call_server_ask (server, "POST", "/twiml", BEARER FORM, "CallSid=CA1", 11);
    g_autofree char *cache = http_answer_header (answer, "Cache-Control");

    g_assert_cmpuint (answer->status, ==, 200);
    g_assert_cmpstr (cache, ==, "no-store");
    g_assert_cmpuint (strstr (answer->body, "<Parameter") != NULL, ==, call_token);
    g_assert_cmpuint (call_server_status (server, "POST", "/twiml", FORM, "CallSid=CA1"), ==, 401);
    g_assert_cmpuint (call_server_status (server, "GET", "/twiml?CallSid=CA1", "", ""), ==, 401);
    g_assert_cmpuint (call_server_status (server, "POST", "/twilio/status", FORM, "StreamEvent=x"), ==, 401);
    call_server_stop (server);
  }
}

static void
test_no_address (void)
{
  const ApCallSettings settings = { 0 };
  CallServer *server = call_server_start (&settings, NULL);

  g_assert_cmpuint (call_server_status (server, "GET", "/twiml", "X-Forwarded-Host: a b\r\n", ""), ==, 400);
  g_assert_cmpuint (call_server_status (server, "GET", "/twiml", "X-Forwarded-Proto: gopher\r\n", ""), ==, 400);
  call_server_stop (server);
}

/* ---- tokens of calls ---- */

static char *
fetch_token (CallServer *server, const char *call_id)
{
  g_autofree char *body = g_strconcat ("CallSid=", call_id, NULL);
  g_autoptr (HttpAnswer) answer = call_server_ask (server, "POST", "/twiml", FORM, body, strlen (body));

  return between (answer->body, "name=\"token\" value=\"", "\"");
}

/* A call that shows @token, and ends if it is let in: how it is closed. */
static void
show_token (CallServer *server, const char *call_id, const char *token, guint16 code)
{
  g_autoptr (WsClient) client = ws_client_connect (server->port, "/ws");

  call_server_say_start (client, call_id, "MZ1", "\"inbound\"", token);
  call_server_say (client, "{\"event\":\"stop\"}");
  g_assert_true (ws_client_expect_close (client, code));
}

static void
test_call_tokens (void)
{
  const ApCallSettings settings = { .call_token = TRUE };
  CallServer *server = call_server_start (&settings, NULL);
  g_autofree char *token = fetch_token (server, "CA1");
  g_autofree char *other = fetch_token (server, "CA1");

  show_token (server, "CA1", NULL, 1008);
  show_token (server, "CA1", "wrong", 1008);
  show_token (server, "CA1", token, 1000);
  show_token (server, "CA1", token, 1008); /* the second time */
  show_token (server, "CA2", other, 1008); /* another call's */
  show_token (server, "CA1", other, 1008); /* and used up by that */
  g_assert_cmpuint (ap_call_tokens_count (server->room->tokens), ==, 0);
  call_server_stop (server);
}

/* The very same call, with a token that it has shown. */
static void
test_replay (void)
{
  const ApCallSettings settings = { .call_token = TRUE };
  CallServer *server = call_server_start (&settings, NULL);
  g_autofree char *token = fetch_token (server, "CA1");
  g_autoptr (WsClient) client = ws_client_connect (server->port, "/ws");
  g_autoptr (WsClient) replay = ws_client_connect (server->port, "/ws");

  call_server_say_start (client, "CA1", "MZ1", "\"inbound\"", token);
  g_assert_true (test_wait_until (call_server_count (server, "CA1") == 1));
  call_server_say_start (replay, "CA1", "MZ1", "\"inbound\"", token);
  g_assert_true (ws_client_expect_close (replay, 1008));
  g_assert_true (ws_client_expect_alive (client));
  call_server_stop (server);
}

/* ---- /twilio/status ---- */

static const struct {
  const char *body;
  guint status;
  const char *logged; /* of the one line; NULL: there is none */
} statuses[] = {
  { "StreamEvent=stream-started&CallSid=CA1&StreamSid=MZ1&AccountSid=AC1&Timestamp=x", 204,
    "\"level\":\"info\",\"domain\":\"calls\",\"message\":\"Twilio tells of a stream\",\"status\":\"stream-started\","
    "\"call\":\"CA1\",\"stream\":\"MZ1\",\"error\":\"\"}\n" },
  { "StreamEvent=stream-stopped", 204, "\"status\":\"stream-stopped\"" },
  { "StreamEvent=stream-error&StreamError=31920+no+upgrade%0A%1b%5b2J", 204,
    "\"status\":\"stream-error\",\"call\":\"\",\"stream\":\"\",\"error\":\"31920 no upgrade\\n\\u001b[2J\"}\n" },
  { "StreamEvent=stream-error", 204, "\"level\":\"warning\"" },
  { "CallSid=CA1", 400, NULL },
  { "", 400, NULL },
  { "StreamEvent=%ff", 400, NULL },
};

/* What the log says meanwhile. */
static char *
ask_and_read_log (CallServer *server, const char *body, const char *headers, guint status)
{
  int kept = dup (STDERR_FILENO);
  int log = memfd_create ("log", MFD_CLOEXEC);
  char *text = g_malloc0 (65536);

  g_assert_cmpint (dup2 (log, STDERR_FILENO), ==, STDERR_FILENO);
  g_assert_cmpuint (call_server_status (server, "POST", "/twilio/status", headers, body), ==, status);
  g_assert_cmpint (dup2 (kept, STDERR_FILENO), ==, STDERR_FILENO);
  g_assert_cmpint (pread (log, text, 65535, 0), >=, 0);
  close (log);
  close (kept);
  return text;
}

static void
test_status (void)
{
  const ApCallSettings settings = { .twilio_auth_token = (char *)KEY };
  CallServer *server = call_server_start (&settings, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (statuses); i++) {
    g_autofree char *headers = sign (KEY, "https://127.0.0.1/twilio/status", statuses[i].body, FORM);
    g_autofree char *log = ask_and_read_log (server, statuses[i].body, headers, statuses[i].status);

    g_test_message ("row %u: %s", i, log);
    if (statuses[i].logged != NULL)
      g_assert_nonnull (strstr (log, statuses[i].logged));
    g_assert_cmpuint (strcspn (log, "\n") + 1, ==, statuses[i].logged != NULL ? strlen (log) : 1);
    if (statuses[i].status == 204)
      g_assert_cmpuint (call_server_status (server, "POST", "/twilio/status", FORM, statuses[i].body), ==, 403);
  }
  call_server_stop (server);
}

/* As much as a body may hold does not make a line as long. */
static void
test_long_status (void)
{
  const ApCallSettings settings = { 0 };
  CallServer *server = call_server_start (&settings, NULL);
  g_autofree char *error = g_strnfill (60000, 'e');
  g_autofree char *body = g_strconcat ("StreamEvent=stream-error&StreamError=%C3%A9", error, NULL);
  g_autofree char *log = ask_and_read_log (server, body, FORM, 204);

  g_assert_nonnull (strstr (log, "\"error\":\"\xc3\xa9"
                                 "eeee"));
  g_assert_cmpuint (strlen (log), <, 500);
  call_server_stop (server);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ap_log_init (G_LOG_LEVEL_INFO, AP_LOG_FORMAT_JSON);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL); /* to let anybody in is a warning */
  g_test_add_func ("/call-webhooks/upgrades", test_upgrades);
  g_test_add_func ("/call-webhooks/without-auth-token", test_without_auth_token);
  g_test_add_func ("/call-webhooks/max-calls", test_max_calls);
  g_test_add_func ("/call-webhooks/max-calls/at-once", test_max_calls_at_once);
  g_test_add_func ("/call-webhooks/twiml", test_twiml);
  g_test_add_func ("/call-webhooks/twiml/parties", test_twiml_parties);
  g_test_add_func ("/call-webhooks/twiml/without-auth-token", test_twiml_without_auth_token);
  g_test_add_func ("/call-webhooks/twiml/no-address", test_no_address);
  g_test_add_func ("/call-webhooks/call-tokens", test_call_tokens);
  g_test_add_func ("/call-webhooks/call-tokens/replay", test_replay);
  g_test_add_func ("/call-webhooks/status", test_status);
  g_test_add_func ("/call-webhooks/status/long", test_long_status);
  return g_test_run ();
}
