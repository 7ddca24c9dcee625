/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with what a peer says, or with when it says it: what is counted and passed over, and what ends a call.
 */
#include "call-support.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "call-chaos.h"

enum { TONE_HZ = 440 };

#define START(stream, more)                                                                                            \
  "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"callSid\":\"CAx\",\"streamSid\":\"" stream               \
  "\",\"tracks\":[\"inbound\"]" more "},\"streamSid\":\"" stream "\"}"
#define MEDIA(stream, payload)                                                                                         \
  "{\"event\":\"media\",\"sequenceNumber\":\"2\",\"media\":{\"track\":\"inbound\",\"chunk\":\"1\","                    \
  "\"timestamp\":\"5\",\"payload\":\"" payload "\"},\"streamSid\":\"" stream "\"}"
/* The stream of CallSetup.stream 1. */
#define STREAM_1 "MZ00000000000000000000000000000001"

static CallSimulator *
open_call (guint16 port, guint number)
{
  return call_simulator_open (port, &(CallSetup){ .stream = number, .call = number });
}

/* The call still does its work: what is said comes back. */
static void
expect_echo (CallSimulator *call)
{
  g_autofree guint8 *tone = tone_mulaw (TONE_HZ, 25 * CALL_FRAME);
  const CallPlayback *heard = call_simulator_heard (call);
  gsize from = heard->audio->len;

  call_simulator_speak (call, tone, 25 * CALL_FRAME, NULL);
  g_assert_true (call_simulator_until (call, heard->audio->len >= from + 24 * CALL_FRAME));
  g_assert_cmpfloat (tone_level (TONE_HZ, heard->audio->data + from, heard->audio->len - from), >, 0.2);
}

/* ---- messages ---- */

static const struct {
  const char *what;
  const char *text;
  guint errors, ignored;
} wrong[] = {
  { "nothing", "", 1, 0 },
  { "no JSON", "hello", 1, 0 },
  { "half an object", "{\"event\":\"media\"", 1, 0 },
  { "an array", "[]", 1, 0 },
  { "a string", "\"media\"", 1, 0 },
  { "null", "null", 1, 0 },
  { "a comment", "{/**/\"event\":\"mark\"}", 1, 0 },
  { "no event", "{}", 1, 0 },
  { "an event that is a number", "{\"event\":[1]}", 1, 0 },
  { "an unknown event", "{\"event\":\"hold\",\"streamSid\":\"" STREAM_1 "\"}", 0, 1 },
  { "a second connected", "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"0.2.0\"}", 0, 0 },
  { "a second start", START (STREAM_1, ""), 1, 0 },
  { "the start of another stream", START ("MZother", ""), 1, 0 },
  { "media of another stream", MEDIA ("MZother", "////"), 1, 0 },
  { "media without media", "{\"event\":\"media\",\"streamSid\":\"" STREAM_1 "\"}", 1, 0 },
  { "a payload that is a number", "{\"event\":\"media\",\"media\":{\"payload\":[]}}", 1, 0 },
  { "URL-safe letters", MEDIA (STREAM_1, "-_-_"), 1, 0 },
  { "white space", MEDIA (STREAM_1, "//// ////"), 1, 0 },
  { "a line break", MEDIA (STREAM_1, "////\\n////"), 1, 0 },
  { "no padding", MEDIA (STREAM_1, "/w"), 1, 0 },
  { "padding in the middle", MEDIA (STREAM_1, "/w==/w=="), 1, 0 },
  { "a negative timestamp", "{\"event\":\"media\",\"media\":{\"timestamp\":\"-1\",\"payload\":\"////\"}}", 1, 0 },
  { "no digit", "{\"event\":\"dtmf\",\"dtmf\":{}}", 1, 0 },
  { "a key that no telephone has", "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"x\"}}", 1, 0 },
  { "two keys", "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"12\"}}", 1, 0 },
  { "a mark without a name", "{\"event\":\"mark\",\"mark\":{}}", 1, 0 },
  { "a NUL in a name", "{\"event\":\"mark\",\"mark\":{\"name\":\"a\\u0000b\"}}", 1, 0 },
  { "half of a pair in a name", "{\"event\":\"mark\",\"mark\":{\"name\":\"\\ud800\"}}", 1, 0 },
  { "a mark that is not ours", "{\"event\":\"mark\",\"mark\":{\"name\":\"whose\"}}", 0, 1 },
};

/* Each is counted once, the first of each kind is logged, and the call goes on. */
static void
test_wrong_messages (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);
  gint64 errors = 0, ignored = 0;

  for (guint i = 0; i < G_N_ELEMENTS (wrong) && !g_test_failed (); i++) {
    call_simulator_say (call, wrong[i].text);
    errors += wrong[i].errors;
    ignored += wrong[i].ignored;
    ws_client_expect_alive (call_simulator_client (call));
    if (call_figure (port, call, "errors") != errors || call_figure (port, call, "ignored") != ignored)
      g_test_fail_printf ("%s: %" G_GINT64_FORMAT " errors, %" G_GINT64_FORMAT " ignored; %" G_GINT64_FORMAT
                          " and %" G_GINT64_FORMAT " were expected",
                          wrong[i].what, call_figure (port, call, "errors"), call_figure (port, call, "ignored"),
                          errors, ignored);
  }
  g_assert_cmpint (call_figure (port, call, "frames_in"), ==, 0);
  g_assert_cmpuint (count_calls (port), ==, 1);
  expect_echo (call);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* What is unusual and right: numbers as numbers, members that are missing, unknown, empty or elsewhere. */
static void
test_lenient (void)
{
  static const char *const messages[] = {
    "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":5,\"track\":\"inbound_track\",\"duration\":\"100\"}}",
    "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"D\"}}",
    "{\"event\":\"media\",\"media\":{\"payload\":\"/////////w==\"}}",
    "{\"media\":{\"payload\":\"/////////w==\",\"timestamp\":160,\"chunk\":9,\"new\":{}},\"event\":\"media\"}",
    (" {\n\t\"event\" : \"media\", \"sequenceNumber\": \"\", \"media\": {\"payload\": \"\\/\\u002f//////\\/w==\", "
     "\"timestamp\": \"\", \"chunk\": null}}"),
  };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_connect (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autofree char *digits = NULL;

  /* No connected, a start with hardly anything in it. */
  call_simulator_say (call, "{\"event\":\"start\",\"streamSid\":\"" STREAM_1 "\",\"start\":{\"callSid\":"
                            "\"CA00000000000000000000000000000001\"}}");
  for (guint i = 0; i < G_N_ELEMENTS (messages); i++)
    call_simulator_say (call, messages[i]);
  wait_for_figure (port, call, "frames_in", 3);
  digits = call_text (port, call, "digits");
  g_assert_cmpstr (digits, ==, "5D");
  g_assert_cmpint (call_figure (port, call, "errors"), ==, 0);
  expect_echo (call);
  call_simulator_stop (call);
}

/* Timestamps that count samples open no gaps. */
static void
test_samples (void)
{
  enum { FRAMES = 50 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);
  g_autofree guint8 *silence = g_malloc (CALL_FRAME);
  g_autofree char *payload = NULL;

  memset (silence, 0xFF, CALL_FRAME);
  payload = g_base64_encode (silence, CALL_FRAME);
  for (guint i = 0; i < FRAMES; i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"event\":\"media\",\"media\":{\"timestamp\":\"%u\",\"payload\":\"%s\"}}", i * CALL_FRAME, payload);

    call_simulator_say (call, text);
  }
  wait_for_figure (port, call, "frames_in", FRAMES);
  g_assert_cmpint (call_figure (port, call, "gaps"), ==, 0);
  g_assert_cmpint (call_figure (port, call, "silence_ms"), ==, 0);
  call_simulator_stop (call);
}

/* More keys than a telephone can send are counted: each would be a line of the log, and many of them new elements. */
static void
test_keys (void)
{
  enum { KEYS = 500, KEPT = 64 };
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);
  g_autofree char *digits = NULL;
  gint64 began = g_get_monotonic_time ();
  gint64 pressable;

  for (guint i = 0; i < KEYS; i++)
    call_simulator_say_dtmf (call, (char)('0' + i % 10));
  ws_client_expect_alive (call_simulator_client (call));
  pressable = KEPT + 1 + (g_get_monotonic_time () - began) / (80 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (call_figure (port, call, "errors"), >=, KEYS - pressable);
  digits = call_text (port, call, "digits");
  g_assert_cmpuint (strlen (digits), ==, KEPT);
  expect_echo (call);
  call_simulator_stop (call);
}

static char *
bomb (gsize depth)
{
  GString *text = g_string_new ("{\"event\":\"mark\",\"mark\":");

  for (gsize i = 0; i < depth; i++)
    g_string_append (text, "[");
  return g_string_free (text, FALSE);
}

/* Deep and large. */
static void
test_bombs (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);
  g_autofree char *deep = bomb (200 * 1000);
  g_autofree guint8 *audio = g_malloc0 (140 * 1024);

  call_simulator_say (call, deep);
  wait_for_figure (port, call, "errors", 1);
  call_simulator_say_media (call, "inbound", audio, 140 * 1024);
  wait_for_figure (port, call, "errors", 2);
  g_assert_cmpint (call_figure (port, call, "frames_in"), ==, 0);
  expect_echo (call);
  call_simulator_stop (call);
}

/* A binary message is none of Twilio's; what is no UTF-8 is no text of a WebSocket (RFC 6455, section 8.1). */
static void
test_frames (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);

  ws_client_send_binary (call_simulator_client (call), "\1\2\3", 3);
  wait_for_figure (port, call, "errors", 1);
  expect_echo (call);
  call_simulator_say (call, "{\"event\":\"mark\",\"mark\":{\"name\":\"\xff\"}}");
  call_simulator_expect_close (call, 1007);
  expect_no_calls (port);
}

/* ---- the start ---- */

/* Before it, nothing counts, and the call is in no list. */
static void
test_before_start (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_connect (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autofree guint8 *tone = tone_mulaw (TONE_HZ, CALL_FRAME);

  call_simulator_say_connected (call);
  for (guint i = 0; i < 10; i++)
    call_simulator_say_media (call, "inbound", tone, CALL_FRAME);
  call_simulator_say_dtmf (call, '#');
  call_simulator_say_mark (call, "early");
  ws_client_expect_alive (call_simulator_client (call));
  g_assert_cmpuint (count_calls (port), ==, 0);
  g_assert_cmpint (active_connections (port), ==, 1);
  call_simulator_say_start (call);
  wait_for_figure (port, call, "errors", 12);
  g_assert_cmpint (call_figure (port, call, "frames_in"), ==, 0);
  expect_echo (call);
  call_simulator_stop (call);
  expect_no_calls (port);
}

static void
test_no_start (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--call-start-seconds", "3");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) silent = call_simulator_connect (port, &(CallSetup){ .stream = 1, .call = 1 });
  g_autoptr (CallSimulator) talks = call_simulator_connect (port, &(CallSetup){ .stream = 2, .call = 2 });
  g_autoptr (CallSimulator) starts = open_call (port, 3);

  call_simulator_say_connected (talks);
  call_simulator_expect_close (silent, 1008);
  call_simulator_expect_close (talks, 1008);
  expect_echo (starts);
  call_simulator_stop (starts);
  expect_no_calls (port);
}

/* A call that says nothing any more is over; one that says anything is not. */
static void
test_idle (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--call-idle-seconds", "5");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) silent = open_call (port, 1);
  g_autoptr (CallSimulator) talks = open_call (port, 2);

  g_assert_true (test_wait_until (count_streams (port, silent) > 0));
  while (count_streams (port, silent) > 0 && !g_test_failed ()) {
    call_simulator_say_dtmf (talks, '1');
    call_simulator_hear (talks);
  }
  call_simulator_expect_close (silent, 1001);
  expect_echo (talks);
  call_simulator_stop (talks);
  expect_no_calls (port);
}

static void
expect_close_after (guint16 port, const char *text, guint16 code)
{
  g_autoptr (CallSimulator) call = call_simulator_connect (port, &(CallSetup){ .stream = 1, .call = 1 });

  call_simulator_say (call, text);
  call_simulator_expect_close (call, code);
}

static void
test_formats (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);

  expect_close_after (port, START ("MZ1", ",\"mediaFormat\":{\"encoding\":\"audio/opus\",\"sampleRate\":48000}"), 1003);
  expect_close_after (port, START ("MZ1", ",\"mediaFormat\":{\"encoding\":\"G722\",\"sampleRate\":8000}"), 1003);
  expect_close_after (
      port, START ("MZ1", ",\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":8000,\"channels\":2}"),
      1003);
  expect_close_after (port, START ("MZ1", ",\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":10}"), 1003);
  expect_close_after (port, START ("MZ1", ",\"mediaFormat\":{\"encoding\":\"audio/l16;rate=1\"}"), 1003);
  expect_no_calls (port);
}

/* ---- limits ---- */

static void
test_large_message (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--max-call-message-bytes", "2048");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = open_call (port, 1);
  g_autofree guint8 *audio = g_malloc0 (2048);

  expect_echo (call);
  call_simulator_say_media (call, "inbound", audio, 1024);
  wait_for_figure (port, call, "frames_in", 26);
  call_simulator_say_media (call, "inbound", audio, 2048);
  call_simulator_expect_close (call, 1009);
  expect_no_calls (port);
}

static guint
try_call (guint16 port)
{
  g_autoptr (WsClient) client = ws_client_connect_tcp (port);
  g_autoptr (HttpAnswer) answer = ws_client_handshake (client, "/ws", NULL);

  return answer != NULL ? answer->status : 0;
}

/* One more than --max-calls is turned away before the upgrade; others than calls are let in. */
static void
test_max_calls (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--max-calls", "2");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) first = open_call (port, 1);
  g_autoptr (CallSimulator) second = call_simulator_connect (port, &(CallSetup){ .stream = 2, .call = 2 });
  g_autoptr (WsClient) other = NULL;
  g_autoptr (HttpAnswer) ready = NULL;

  expect_echo (first);
  g_assert_cmpuint (try_call (port), ==, 503);
  other = ws_client_connect (port, AUDIO_PATH);
  echo_pattern (other, 320, 1);
  ready = http_get (port, "/ready");
  g_assert_cmpuint (ready->status, ==, 200);
  call_simulator_stop (first);
  g_assert_true (test_wait_until (try_call (port) == 101));
  ws_client_expect_alive (call_simulator_client (second));
}

/* ---- tokens ---- */

/* Returns: (transfer full): the token that /twiml gives, as a member of customParameters */
static char *
ask_for_token (guint16 port, guint number)
{
  g_autofree char *form = g_strdup_printf ("CallSid=CA%032x", number);
  g_autoptr (HttpAnswer) answer = http_post (port, "/twiml", "application/x-www-form-urlencoded", form, strlen (form));
  g_autoptr (GRegex) regex = g_regex_new ("name=\"token\" value=\"([^\"]+)\"", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *token = NULL;

  if (answer == NULL || !g_regex_match (regex, answer->body, 0, &match))
    g_error ("/twiml answers: %s", answer != NULL ? answer->body : "nothing");
  token = g_match_info_fetch (match, 1);
  return g_strdup_printf ("\"token\":\"%s\"", token);
}

static CallSimulator *
open_with (guint16 port, guint number, const char *parameters)
{
  return call_simulator_open (port, &(CallSetup){ .stream = number, .call = number, .parameters = parameters });
}

/* A token is good for one call, once. */
static void
test_tokens (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--call-token");
  guint16 port = server_process_port (server);
  g_autofree char *token = ask_for_token (port, 1);
  g_autofree char *of_other = ask_for_token (port, 2);
  g_autoptr (CallSimulator) none = open_call (port, 1);
  g_autoptr (CallSimulator) wrong_one = open_with (port, 1, "\"token\":\"wrong\"");
  g_autoptr (CallSimulator) others = open_with (port, 3, of_other);
  g_autoptr (CallSimulator) right = open_with (port, 1, token);
  g_autoptr (CallSimulator) again = NULL;

  call_simulator_expect_close (none, 1008);
  call_simulator_expect_close (wrong_one, 1008);
  call_simulator_expect_close (others, 1008);
  expect_echo (right);
  again = open_with (port, 1, token);
  call_simulator_expect_close (again, 1008);
  call_simulator_stop (right);
  expect_no_calls (port);
}

/* Other services are not answered by /twiml, and have no token to show. */
static void
test_tokens_of_others (void)
{
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER, "--call-token");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call =
      call_simulator_open (port, &(CallSetup){ .path = "/ws/signalwire", .stream = 1, .call = 1 });

  expect_echo (call);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* ---- who does not read ---- */

/* What is said to a caller who does not read is dropped when it is too old, the oldest first, and counted; the server
 * holds no more for it, and goes on with the others. */
static void
test_slow_reader (void)
{
  enum { FRAMES = 60 * FRAMES_PER_SECOND, KEPT = 2 * FRAMES_PER_SECOND };
  g_autoptr (ServerProcess) server = server_process_start ("--workers", "1", "--call-lead-ms", "10000");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) slow = open_call (port, 1);
  g_autoptr (CallSimulator) other = open_call (port, 2);
  g_autofree guint8 *tone = tone_mulaw (TONE_HZ, CALL_FRAME);
  gsize before;
  gint64 dropped;

  setsockopt (ws_client_fd (call_simulator_client (slow)), SOL_SOCKET, SO_RCVBUF, &(int){ 4096 }, sizeof (int));
  ws_client_be_deaf (call_simulator_client (slow));
  expect_echo (other);
  before = server_process_rss (server);
  for (guint i = 0; i < FRAMES; i++)
    call_simulator_say_media (slow, "inbound", tone, CALL_FRAME);
  g_assert_true (test_wait_until (call_figure (port, slow, "frames_in") == FRAMES));
  if (rss_is_meaningful ())
    g_assert_cmpuint (server_process_rss (server), <, before + 1024 * 1024);
  dropped = call_figure (port, slow, "dropped_ms");
  g_test_message ("%" G_GINT64_FORMAT " ms dropped", dropped);
  g_assert_cmpint (dropped, >, 40 * 1000);
  g_assert_cmpint (call_figure (port, slow, "queue_ms"), <=, 2000);
  expect_echo (other);
  g_assert_true (call_simulator_until (
      slow, call_figure (port, slow, "frames_out") + call_figure (port, slow, "dropped_ms") / 20 >= FRAMES));
  call_simulator_stop (other);
  call_simulator_stop (slow);
  expect_no_calls (port);
}

/* A caller who reads nothing gets less than the lead allows: some of it into the socket's queue, and the rest waits
 * where a clear can take it back. It all comes, without another word of the caller's, once it reads. */
static void
test_full_socket (void)
{
  enum { RATE = 24000, BYTES = 960, LEAD = 10 * FRAMES_PER_SECOND, FRAMES = LEAD };
  g_autoptr (ServerProcess) server =
      server_process_start ("--workers", "1", "--call-lead-ms", "10000", "--call-queue-ms", "60000");
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) call = call_simulator_connect (
      port,
      &(CallSetup){
          .path = "/ws/signalwire", .stream = 1, .call = 1, .encoding = "L16", .rate = RATE, .frame_bytes = BYTES });
  const CallPlayback *heard = call_simulator_heard (call);
  g_autofree guint8 *silence = g_malloc0 (BYTES);
  gint64 out, queued;

  /* Not less: a full one drops what comes, and with it the acknowledgements of what we send. */
  setsockopt (ws_client_fd (call_simulator_client (call)), SOL_SOCKET, SO_RCVBUF, &(int){ 65536 }, sizeof (int));
  ws_client_be_deaf (call_simulator_client (call));
  call_simulator_say_connected (call);
  call_simulator_say_start (call);
  for (guint i = 0; i < FRAMES; i++)
    call_simulator_say_media (call, "inbound", silence, BYTES);
  g_assert_true (test_wait_until (call_figure (port, call, "frames_in") == FRAMES));
  out = call_figure (port, call, "frames_out");
  queued = call_figure (port, call, "queue_ms");
  g_test_message ("%" G_GINT64_FORMAT " frames have gone, %" G_GINT64_FORMAT " ms wait", out, queued);
  g_assert_cmpint (out, <, LEAD / 2); /* of the 640 KiB: what the peer's system holds, and little of ours */
  g_assert_cmpint (queued, >=, 1000 - CALL_FRAME_MS);
  g_assert_true (call_simulator_until (call, heard->frames >= FRAMES - 1));
  g_assert_cmpint (call_figure (port, call, "dropped_ms"), ==, 0);
  call_simulator_stop (call);
  expect_no_calls (port);
}

/* Where the elements are not found that every call needs, the start tells it, and not each call only. The plugin is
 * found beside the server, so that another place is needed. */
static void
test_no_elements (void)
{
  g_autofree char *folder = g_dir_make_tmp ("call-errors-XXXXXX", NULL);
  g_autofree char *program = g_build_filename (folder, "server", NULL);
  g_autofree char *registry = g_build_filename (folder, "registry", NULL);
  g_autofree char *registry_env = g_strconcat ("GST_REGISTRY=", registry, NULL);
  /* It looks for its elements in the system's folder at last, whose plugins leak by themselves when they are scanned.
   */
  const char *const env[] = { "GST_PLUGIN_PATH=/nowhere", registry_env, "ASAN_OPTIONS=detect_leaks=0", NULL };
  g_autoptr (GFile) copy = g_file_new_for_path (program);
  g_autoptr (GFile) original = g_file_new_for_path (g_getenv ("AP_SERVER"));
  g_autoptr (ServerProcess) server = NULL;

  g_assert_true (g_file_copy (original, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL));
  server = server_process_start_with (
      &(ServerSetup){ .program = program, .args = (const char *const[]){ "--workers", "1", NULL }, .env = env });
  server_process_wait_stderr (server, "calls cannot be served: ");
  server_process_wait_stderr (server, "mulawdec_demo");
  g_clear_pointer (&server, server_process_free);
  g_assert_cmpint (g_unlink (program), ==, 0);
  g_unlink (registry);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* ---- chaos ---- */

/* Calls of all kinds of nonsense at once: the server lives, serves a sane one meanwhile, and nothing is left. */
static void
test_chaos (gconstpointer data)
{
  enum { CALLS = 4, MESSAGES = 150 };
  guint32 seed = GPOINTER_TO_UINT (data);
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  g_autoptr (ServerProcess) server = server_process_start (CALL_SERVER);
  guint16 port = server_process_port (server);
  g_autoptr (CallSimulator) sane = open_call (port, 100);
  CallSimulator *calls[CALLS];

  for (guint i = 0; i < CALLS; i++)
    calls[i] = call_simulator_connect (port, &(CallSetup){ .stream = i, .call = i / 2 });
  for (guint i = 0; i < MESSAGES; i++)
    call_chaos_say (calls[g_rand_int_range (random, 0, CALLS)], random);
  expect_echo (sane);
  for (guint i = 0; i < CALLS; i++)
    call_chaos_end (calls[i], random);
  g_assert_true (test_wait_until (count_calls (port) == 1));
  call_simulator_stop (sane);
  expect_no_calls (port);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-errors/wrong-messages", test_wrong_messages);
  g_test_add_func ("/call-errors/lenient", test_lenient);
  g_test_add_func ("/call-errors/samples", test_samples);
  g_test_add_func ("/call-errors/keys", test_keys);
  g_test_add_func ("/call-errors/bombs", test_bombs);
  g_test_add_func ("/call-errors/frames", test_frames);
  g_test_add_func ("/call-errors/before-start", test_before_start);
  g_test_add_func ("/call-errors/no-start", test_no_start);
  g_test_add_func ("/call-errors/idle", test_idle);
  g_test_add_func ("/call-errors/formats", test_formats);
  g_test_add_func ("/call-errors/large-message", test_large_message);
  g_test_add_func ("/call-errors/max-calls", test_max_calls);
  g_test_add_func ("/call-errors/tokens", test_tokens);
  g_test_add_func ("/call-errors/tokens-of-others", test_tokens_of_others);
  g_test_add_func ("/call-errors/slow-reader", test_slow_reader);
  g_test_add_func ("/call-errors/full-socket", test_full_socket);
  g_test_add_func ("/call-errors/no-elements", test_no_elements);
  for (guint seed = 1; seed <= 20; seed++) {
    g_autofree char *name = g_strdup_printf ("/call-errors/chaos/%u", seed);

    g_test_add_data_func (name, GUINT_TO_POINTER (seed), test_chaos);
  }
  return g_test_run ();
}
