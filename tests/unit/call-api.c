/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* /api/calls beside calls on two workers: what it tells of them, commands that reach them, and what it refuses. */
#include "base/ap-log.h"

#include <gst/gst.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "call-server.h"
#include "test-wait.h"

#define INBOUND       "\"inbound\""
#define CLEAR(stream) "{\"event\":\"clear\",\"streamSid\":\"" stream "\"}"
#define BOTH          "\"inbound\",\"outbound\""
/* 20 ms of silence */
#define MEDIA                                                                                                          \
  "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"track\":\"inbound\",\"chunk\":\"1\",\"timestamp\":\"5\","   \
  "\"payload\":\"//////////////////////////////////////////////////////////////////////////////////////////////////"   \
  "//////////////////////////////////////////////////////////////////////////////////////////////////////////////"     \
  "////\"}}"

typedef struct {
  CallServer *server;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer token)
{
  const ApCallSettings settings = { 0 };

  fixture->server = call_server_start (&settings, token);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  call_server_stop (fixture->server);
}

static HttpAnswer *
post (Fixture *fixture, const char *target, const char *body)
{
  return call_server_ask (fixture->server, "POST", target, "", body, strlen (body));
}

static void
assert_error (const HttpAnswer *answer, guint status, const char *text)
{
  g_assert_cmpuint (answer->status, ==, status);
  g_assert_true (g_str_has_prefix (answer->body, "{\"error\":\""));
  if (strstr (answer->body, text) == NULL)
    g_test_fail_printf ("%s: says not: %s", answer->body, text);
}

static void
expect_streams (Fixture *fixture, const char *target, const char *body, guint streams)
{
  g_autoptr (HttpAnswer) answer = post (fixture, target, body);
  g_autofree char *expected = g_strdup_printf ("{\"streams\":%u}", streams);

  g_assert_cmpstr (answer->body, ==, expected);
  g_assert_cmpuint (answer->status, ==, 202);
}

/* Returns: (transfer full): the answer of a GET, an object */
static JsonNode *
get (Fixture *fixture, const char *target)
{
  g_autoptr (HttpAnswer) answer = call_server_ask (fixture->server, "GET", target, "", "", 0);
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (answer->body, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (answer->status, ==, 200);
  return node;
}

/* Of the first stream of an answer's list. */
static JsonObject *
first_stream (JsonNode *answer, const char *list)
{
  return json_array_get_object_element (json_object_get_array_member (json_node_get_object (answer), list), 0);
}

static gint64
figure (Fixture *fixture, const char *call, const char *name)
{
  g_autofree char *target = g_strconcat ("/api/calls/", call, NULL);
  g_autoptr (JsonNode) answer = get (fixture, target);

  return json_object_get_int_member (first_stream (answer, "streams"), name);
}

/* ---- what there is ---- */

static void
test_empty (Fixture *fixture, gconstpointer data)
{
  g_autoptr (HttpAnswer) list = call_server_ask (fixture->server, "GET", "/api/calls", "", "", 0);
  g_autoptr (HttpAnswer) none = call_server_ask (fixture->server, "GET", "/api/calls/CA1", "", "", 0);

  g_assert_cmpstr (list->body, ==, "{\"count\":0,\"calls\":[]}");
  assert_error (none, 404, "there is no such call");
}

static const char members[] =
    "call_sid stream_sid account_sid service peer since seconds codec sample_rate takes_audio parameters digits "
    "frames_in frames_out gaps silence_ms errors ignored dropped_ms queue_ms ahead_ms marks_played marks_ended "
    "heard_ms outbound_frames mark_round_trip_ms";

static void
test_members (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = ws_client_connect (fixture->server->port, "/ws/twilio");
  g_autoptr (JsonNode) answer = NULL;
  g_autoptr (GDateTime) since = NULL;
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_auto (GStrv) names = g_strsplit (members, " ", -1);
  JsonObject *stream;

  call_server_say_start (client, "CA\\\"1", "MZ1", INBOUND, NULL);
  g_assert_true (test_wait_until (call_server_count (fixture->server, "CA\"1") == 1));
  answer = get (fixture, "/api/calls");
  stream = first_stream (answer, "calls");
  since = g_date_time_new_from_iso8601 (json_object_get_string_member (stream, "since"), NULL);
  g_assert_cmpint (json_object_get_int_member (json_node_get_object (answer), "count"), ==, 1);
  for (guint i = 0; names[i] != NULL; i++)
    g_assert_true (json_object_has_member (stream, names[i]));
  g_assert_cmpuint (json_object_get_size (stream), ==, g_strv_length (names));
  g_assert_cmpstr (json_object_get_string_member (stream, "call_sid"), ==, "CA\"1");
  g_assert_cmpstr (json_object_get_string_member (stream, "account_sid"), ==, "AC1");
  g_assert_cmpstr (json_object_get_string_member (stream, "service"), ==, "Twilio");
  g_assert_true (g_str_has_prefix (json_object_get_string_member (stream, "peer"), "127.0.0.1:"));
  g_assert_cmpstr (json_object_get_string_member (stream, "codec"), ==, "mulaw");
  g_assert_cmpint (json_object_get_int_member (stream, "sample_rate"), ==, 8000);
  g_assert_true (json_object_get_boolean_member (stream, "takes_audio"));
  g_assert_true (json_object_get_null_member (stream, "mark_round_trip_ms"));
  g_assert_nonnull (since);
  g_assert_cmpint (ABS (g_date_time_difference (now, since)), <, 60 * G_TIME_SPAN_SECOND);
}

static void
test_figures (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autoptr (JsonNode) answer = NULL;

  call_server_say (client, MEDIA);
  call_server_say (client, "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"4\"}}");
  call_server_say (client, "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"2\"}}");
  call_server_say (client, "{\"event\":\"news\"}");
  call_server_say (client, "no JSON");
  g_assert_true (ws_client_expect_alive (client)); /* all of it has been read */
  answer = get (fixture, "/api/calls/CA1");
  g_assert_cmpstr (json_object_get_string_member (first_stream (answer, "streams"), "digits"), ==, "42");
  g_assert_cmpint (figure (fixture, "CA1", "frames_in"), ==, 1);
  g_assert_cmpint (figure (fixture, "CA1", "ignored"), ==, 1);
  g_assert_cmpint (figure (fixture, "CA1", "errors"), ==, 1);
}

static void
expect_text (WsClient *client, const char *json)
{
  g_assert_true (ws_client_expect_message (client, WS_TEXT, json, strlen (json)));
}

/* Closed with 1000, perhaps behind a word that what waits is not to be played. */
static void
expect_hang_up (Fixture *fixture, WsClient *client, const char *call, guint left)
{
  guint8 opcode;

  do {
    g_autoptr (WsFrame) frame = ws_client_read_frame (client);

    g_assert_nonnull (frame);
    opcode = frame->first_byte & 0x0F;
    if (opcode == WS_TEXT)
      g_assert_nonnull (g_strstr_len ((const char *)frame->data, (gssize)frame->len, "\"event\":\"clear\""));
    else
      g_assert_cmpmem (frame->data, 2, "\x03\xe8", 2);
  } while (opcode == WS_TEXT);
  g_assert_cmpuint (opcode, ==, WS_CLOSE);
  ws_client_send_close (client, 1000, "");
  g_assert_true (ws_client_expect_eof (client));
  g_assert_true (test_wait_until (call_server_count (fixture->server, call) <= left));
}

/* Two sockets of one call are two streams, and the end of one leaves the other. */
static void
test_two_streams (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) first = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autoptr (WsClient) second = call_server_call (fixture->server, "CA1", "MZ2", INBOUND);
  g_autoptr (HttpAnswer) none = post (fixture, "/api/calls/CA1/hangup?stream_sid=MZ3", "");
  g_autoptr (JsonNode) all = get (fixture, "/api/calls/CA1");
  g_autoptr (JsonNode) one = get (fixture, "/api/calls/CA1?stream_sid=MZ2");

  assert_error (none, 404, "no such stream");
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (all), "call_sid"), ==, "CA1");
  g_assert_cmpstr (json_object_get_string_member (first_stream (all, "streams"), "stream_sid"), ==, "MZ1");
  g_assert_cmpstr (json_object_get_string_member (first_stream (one, "streams"), "stream_sid"), ==, "MZ2");
  expect_streams (fixture, "/api/calls/CA1/clear", "", 2);
  expect_streams (fixture, "/api/calls/CA1/hangup?stream_sid=MZ1", "", 1);
  expect_text (first, CLEAR ("MZ1"));
  expect_hang_up (fixture, first, "CA1", 1);
  expect_streams (fixture, "/api/calls/CA1/hangup", "{\"when\":\"heard\"}", 1);
  expect_text (second, CLEAR ("MZ2"));
  expect_hang_up (fixture, second, "CA1", 0);
}

/* ---- commands ---- */

static void
test_mark_and_clear (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);

  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"say \\\"hello\\\"\"}", 1);
  expect_text (client, "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"say \\\"hello\\\"\"}}");
  call_server_say (client, "{\"event\":\"mark\",\"mark\":{\"name\":\"say \\\"hello\\\"\"}}");
  g_assert_true (test_wait_until (figure (fixture, "CA1", "marks_played") == 1));
  g_assert_cmpint (figure (fixture, "CA1", "mark_round_trip_ms"), >=, 0);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"m\"}", 1);
  expect_text (client, "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"m\"}}");
  expect_streams (fixture, "/api/calls/CA1/clear", " {} ", 1);
  expect_text (client, CLEAR ("MZ1"));
  g_assert_cmpint (figure (fixture, "CA1", "marks_ended"), ==, 1);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"a\", \"\\u006eame\":\"last\\n\"}", 1);
  expect_text (client, "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"last\\u000a\"}}");
}

static void
test_hang_up (Fixture *fixture, gconstpointer data)
{
  static const char *const bodies[] = { "", "{}", "{\"when\":\"now\"}", "{\"when\":\"heard\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);

    expect_streams (fixture, "/api/calls/CA1/hangup", bodies[i], 1);
    expect_hang_up (fixture, client, "CA1", 0);
  }
}

static const struct {
  const char *command, *body;
  guint status;
  const char *says;
} refusals[] = {
  { "hangup", "{\"when\":\"later\"}", 400, "\\\"when\\\" must be \\\"now\\\" or \\\"heard\\\"" },
  { "hangup", "{\"when\":1}", 400, "\\\"when\\\" must be a string" },
  { "hangup", "{\"when\":null}", 400, "\\\"when\\\" must be a string" },
  { "hangup", "{\"wen\":\"heard\"}", 400, "no member but \\\"when\\\"" },
  { "hangup", "[]", 400, "must be an object" },
  { "hangup", "\"now\"", 400, "must be an object" },
  { "hangup", " ", 400, "no JSON" },
  { "hangup", "{\"when\":", 400, "no JSON" },
  { "hangup", "{\"when\":\"\xff\"}", 400, "no JSON" },
  { "clear", "{\"all\":true}", 400, "no members" },
  { "clear", "now", 400, "no JSON" },
  { "mark", "", 400, "\\\"name\\\" must have 1 to 256 bytes" },
  { "mark", "{}", 400, "\\\"name\\\" must have 1 to 256 bytes" },
  { "mark", "{\"name\":\"\"}", 400, "\\\"name\\\" must have 1 to 256 bytes" },
  { "mark", "{\"name\":true}", 400, "\\\"name\\\" must be a string" },
  { "mark", "{\"name\":[\"a\"]}", 400, "\\\"name\\\" must be a string" },
  { "mark", "{\"name\":\"a\",\"stream_sid\":\"MZ1\"}", 400, "no member but \\\"name\\\"" },
  { "mark", "{\"name\":\"a\\u0000b\"}", 400, "\\\"name\\\" must be text without NUL" },
  { "mark", "{\"name\":\"\\ud800\"}", 400, "\\\"name\\\" must be text without NUL" },
  { "mark", "{\"name\":\"a\"", 400, "no JSON" },
  { "mark", "{\"name\":\"a\",}", 400, "no JSON" },
  { "mark", "{\"name\":\"a\"}{", 400, "no JSON" },
  { "mark", "{'name':'a'}", 400, "no JSON" },
  { "mark", "/**/{\"name\":\"a\"}", 400, "no JSON" },
  { "mark", "var body = {\"name\":\"a\"}", 400, "no JSON" },
  { "mark", "{\"name\":{\"name\":\"a\"}}", 400, "\\\"name\\\" must be a string" },
  { "play", "", 400, "it is empty" },
  { "play", "RIFF and more that is no WAV file, whatever it is", 422, "not a WAV file" },
};

static void
test_refusals (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autofree char *target = g_strconcat ("/api/calls/CA1/", refusals[i].command, NULL);
    g_autofree char *unknown = g_strconcat ("/api/calls/CA2/", refusals[i].command, NULL);
    g_autoptr (HttpAnswer) answer = post (fixture, target, refusals[i].body);

    g_test_message ("row %u", i);
    assert_error (answer, refusals[i].status, refusals[i].says);
    g_assert_cmpuint (call_server_status (fixture->server, "POST", unknown, "", "{}"), ==, 404);
  }
  g_assert_true (ws_client_expect_alive (client));
}

static void
test_sizes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autofree char *name = g_strnfill (256, 'n');
  g_autofree char *fits = g_strdup_printf ("{\"name\":\"%s\"}", name);
  g_autofree char *over = g_strdup_printf ("{\"name\":\"%sn\"}", name);
  g_autofree char *body = g_strnfill (5000, ' ');
  g_autofree char *deep = g_strnfill (4096, '[');

  expect_streams (fixture, "/api/calls/CA1/mark", fits, 1);
  g_assert_cmpuint (call_server_status (fixture->server, "POST", "/api/calls/CA1/mark", "", over), ==, 400);
  g_assert_cmpuint (call_server_status (fixture->server, "POST", "/api/calls/CA1/mark", "", body), ==, 413);
  g_assert_cmpuint (call_server_status (fixture->server, "POST", "/api/calls/CA1/mark", "", deep), ==, 400);
}

/* What a service has no words for. */
static void
test_unsayable (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = ws_client_connect (fixture->server->port, "/ws/asterisk");
  g_autoptr (HttpAnswer) answer = NULL;

  call_server_say (client, "MEDIA_START connection_id:s1 channel:WebSocket/c1 channel_id:c1 format:ulaw "
                           "optimal_frame_size:160 ptime:20");
  g_assert_true (test_wait_until (call_server_count (fixture->server, "c1") == 1));
  answer = post (fixture, "/api/calls/c1/mark", "{\"name\":\"a:b\"}");
  assert_error (answer, 409, "no such name");
  expect_streams (fixture, "/api/calls/c1/mark", "{\"name\":\"ab\"}", 1);
  expect_text (client, "MARK_MEDIA ab");
}

/* The call ends between the look at the table and the work of its worker. */
static void
test_gone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autoptr (GPtrArray) streams = ap_call_table_find (fixture->server->room->table, "CA1");
  g_autoptr (HttpAnswer) hangup = NULL;
  g_autoptr (HttpAnswer) play = NULL;

  expect_streams (fixture, "/api/calls/CA1/hangup", "", 1);
  expect_hang_up (fixture, client, "CA1", 0);
  ap_call_table_add (fixture->server->room->table, streams->pdata[0]);
  hangup = post (fixture, "/api/calls/CA1/hangup", "");
  play = post (fixture, "/api/calls/CA1/play", "RIFF");
  assert_error (hangup, 410, "has ended");
  assert_error (play, 410, "has ended");
}

/* The kernel chooses a worker for each connection, so that some of these have to cross. */
static void
test_many (Fixture *fixture, gconstpointer data)
{
  WsClient *clients[16];

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_autofree char *stream = g_strdup_printf ("MZ%u", i);

    clients[i] = call_server_call (fixture->server, "CA1", stream, INBOUND);
  }
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"m\"}", G_N_ELEMENTS (clients));
  expect_streams (fixture, "/api/calls/CA1/hangup", "", G_N_ELEMENTS (clients));
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_autofree char *mark =
        g_strdup_printf ("{\"event\":\"mark\",\"streamSid\":\"MZ%u\",\"mark\":{\"name\":\"m\"}}", i);

    expect_text (clients[i], mark);
    expect_hang_up (fixture, clients[i], "CA1", G_N_ELEMENTS (clients) - 1 - i);
    ws_client_free (clients[i]);
  }
}

/* ---- play ---- */

/* Returns: (transfer full): a WAV file of so many samples, mono, at 16 kHz */
static GByteArray *
make_wav (guint samples)
{
  GByteArray *wav = g_byte_array_new ();
  const guint32 length = samples * 2;
  const guint32 riff = length + 36;

  g_byte_array_append (wav, (const guint8 *)"RIFF", 4);
  g_byte_array_append (wav, (const guint8 *)&riff, 4);
  g_byte_array_append (wav,
                       (const guint8 *)"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0"
                                       "data",
                       32);
  g_byte_array_append (wav, (const guint8 *)&length, 4);
  g_byte_array_set_size (wav, wav->len + length);
  for (guint i = 0; i < samples; i++)
    ((gint16 *)(gpointer)(wav->data + 44))[i] = (gint16)(i % 16 < 8 ? 8000 : -8000);
  return wav;
}

static HttpAnswer *
play (Fixture *fixture, const char *target, const char *headers)
{
  g_autoptr (GByteArray) wav = make_wav (8000);

  return call_server_ask (fixture->server, "POST", target, headers, (const char *)wav->data, wav->len);
}

static void
play_samples (Fixture *fixture, guint samples)
{
  g_autoptr (GByteArray) wav = make_wav (samples);
  g_autoptr (HttpAnswer) answer =
      call_server_ask (fixture->server, "POST", "/api/calls/CA1/play", "", (const char *)wav->data, wav->len);

  g_assert_cmpuint (answer->status, ==, 202);
}

/* What comes up to the mark @name, one letter each: a frame, a mark, a clear. */
static char *
events_until (WsClient *client, const char *name)
{
  g_autofree char *last = g_strdup_printf ("\"mark\":{\"name\":\"%s\"}", name);
  GString *events = g_string_new (NULL);

  for (;;) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (client);
    const char *event;

    g_assert_nonnull (frame);
    event = g_strstr_len ((const char *)frame->data, (gssize)frame->len, "\"event\":\"");
    g_assert_nonnull (event);
    g_string_append_c (events, event[strlen ("\"event\":\"") + 1]); /* mEdia, mArk, cLear */
    if (g_strstr_len ((const char *)frame->data, (gssize)frame->len, last) != NULL)
      return g_string_free (events, FALSE);
  }
}

static void
test_play (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autofree char *frames = g_strnfill (25, 'e'); /* half a second */
  g_autofree char *expected = g_strconcat (frames, "a", NULL);
  g_autofree char *events = NULL;

  play_samples (fixture, 8000);
  events = events_until (client, "file-1");
  g_assert_cmpstr (events, ==, expected);
}

/* A mark stands behind all that waits: behind files too, of which only the beginning has been decoded. */
static void
test_mark_behind_files (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autofree char *frames = g_strnfill (25, 'e');
  g_autofree char *expected = g_strconcat (frames, "a", frames, "aaa", frames, "aa", NULL);
  g_autofree char *events = NULL;

  play_samples (fixture, 8000);
  play_samples (fixture, 8000);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"second\"}", 1);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"behind\"}", 1);
  play_samples (fixture, 8000);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"last\"}", 1);
  events = events_until (client, "last");
  g_assert_cmpstr (events, ==, expected);
}

/* Marks that wait behind a file are bounded, and end with it. */
static void
test_marks_dropped_with_file (Fixture *fixture, gconstpointer data)
{
  enum { MARKS = 64 };
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);
  g_autoptr (HttpAnswer) refused = NULL;
  g_autofree char *events = NULL;

  play_samples (fixture, 20 * 16000);
  for (guint i = 0; i < MARKS; i++)
    expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"m\"}", 1);
  refused = post (fixture, "/api/calls/CA1/mark", "{\"name\":\"m\"}");
  assert_error (refused, 409, "too many marks");
  expect_streams (fixture, "/api/calls/CA1/clear", "", 1);
  g_assert_cmpint (figure (fixture, "CA1", "marks_ended"), ==, MARKS);
  expect_streams (fixture, "/api/calls/CA1/mark", "{\"name\":\"new\"}", 1);
  events = events_until (client, "new");
  g_assert_cmpstr (strchr (events, 'l'), ==, "la");
  g_assert_null (memchr (events, 'a', strcspn (events, "l")));
}

static void
test_play_types (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *type;
    guint status;
  } types[] = {
    { "", 202 },
    { "Content-Type: audio/x-wav\r\n", 202 },
    { "Content-Type: application/octet-stream\r\n", 202 },
    { "Content-Type: application/x-www-form-urlencoded\r\n", 202 }, /* curl's, unless it is told */
    { "Content-Type: Text/plain\r\n", 415 },
    { "Content-Type: application/json; charset=utf-8\r\n", 415 },
    { "Content-Type: multipart/form-data; boundary=x\r\n", 415 },
  };
  g_autoptr (WsClient) client = call_server_call (fixture->server, "CA1", "MZ1", INBOUND);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autoptr (HttpAnswer) answer = play (fixture, "/api/calls/CA1/play", types[i].type);

    g_test_message ("%s: %s", types[i].type, answer->body);
    g_assert_cmpuint (answer->status, ==, types[i].status);
    expect_streams (fixture, "/api/calls/CA1/clear", "", 1); /* only some files may wait */
  }
}

/* A stream that only listens refuses, unless there is another one of the call. */
static void
test_play_to_listener (Fixture *fixture, gconstpointer data)
{
  g_autoptr (WsClient) listener = call_server_call (fixture->server, "CA1", "MZ1", BOTH);
  g_autoptr (HttpAnswer) refused = play (fixture, "/api/calls/CA1/play", "");
  g_autoptr (WsClient) speaker = call_server_call (fixture->server, "CA1", "MZ2", INBOUND);
  g_autoptr (HttpAnswer) taken = play (fixture, "/api/calls/CA1/play", "");
  g_autoptr (HttpAnswer) chosen = play (fixture, "/api/calls/CA1/play?stream_sid=MZ1", "");
  g_autoptr (HttpAnswer) marked = post (fixture, "/api/calls/CA1/mark?stream_sid=MZ1", "{\"name\":\"m\"}");

  assert_error (refused, 409, "takes no audio");
  g_assert_cmpuint (taken->status, ==, 202);
  assert_error (chosen, 409, "takes no audio");
  assert_error (marked, 409, "takes no audio");
}

/* Every stream plays, on its worker; one answer comes of it. */
static void
test_play_to_many (Fixture *fixture, gconstpointer data)
{
  WsClient *clients[4];
  g_autoptr (HttpAnswer) answer = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_autofree char *stream = g_strdup_printf ("MZ%u", i);

    clients[i] = call_server_call (fixture->server, "CA1", stream, INBOUND);
  }
  answer = play (fixture, "/api/calls/CA1/play", "");
  g_assert_cmpuint (answer->status, ==, 202);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++) {
    g_autoptr (WsFrame) frame = ws_client_read_frame (clients[i]);

    g_assert_nonnull (g_strstr_len ((const char *)frame->data, (gssize)frame->len, "\"event\":\"media\""));
    ws_client_free (clients[i]);
  }
}

/* ---- who may ---- */

static void
test_token (Fixture *fixture, gconstpointer data)
{
  static const char *const commands[] = { "", "/hangup", "/clear", "/mark", "/play" };

  g_assert_cmpuint (call_server_status (fixture->server, "GET", "/api/calls", "", ""), ==, 401);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++) {
    g_autofree char *target = g_strconcat ("/api/calls/CA1", commands[i], NULL);
    const char *method = i == 0 ? "GET" : "POST";

    g_assert_cmpuint (call_server_status (fixture->server, method, target, "", ""), ==, 401);
    g_assert_cmpuint (call_server_status (fixture->server, method, target, "Authorization: Bearer secret\r\n", ""), ==,
                      404);
  }
}

#define ADD(name, token, test) g_test_add ("/call-api/" name, Fixture, token, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ap_log_init (G_LOG_LEVEL_CRITICAL, AP_LOG_FORMAT_TEXT);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  ADD ("empty", NULL, test_empty);
  ADD ("members", NULL, test_members);
  ADD ("figures", NULL, test_figures);
  ADD ("two-streams", NULL, test_two_streams);
  ADD ("mark-and-clear", NULL, test_mark_and_clear);
  ADD ("hang-up", NULL, test_hang_up);
  ADD ("refusals", NULL, test_refusals);
  ADD ("sizes", NULL, test_sizes);
  ADD ("unsayable", NULL, test_unsayable);
  ADD ("gone", NULL, test_gone);
  ADD ("many", NULL, test_many);
  ADD ("play", NULL, test_play);
  ADD ("play/mark-behind", NULL, test_mark_behind_files);
  ADD ("play/marks-dropped", NULL, test_marks_dropped_with_file);
  ADD ("play/types", NULL, test_play_types);
  ADD ("play/listener", NULL, test_play_to_listener);
  ADD ("play/many", NULL, test_play_to_many);
  ADD ("token", "secret", test_token);
  return g_test_run ();
}
