/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The services beside Twilio: the examples of docs/protocols/call-adapters.md, and how each differs. */
#include "call-support.h"

#include <string.h>

static const guint8 audio[] = { 0xff, 0x7f, 0xff, 0x7f };

/* --- the page: what its examples mean, in their order --- */

static const struct {
  const char *path, *chapter, *section, *says;
} from_page[] = {
  { "/ws/telnyx", "Telnyx", "From Telnyx", "CONNECTED version=1.0.0" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "START stream=s1 seq=1 call=v2:c1 account=a1 mulaw/8000/1 [token]=s3cret" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "MEDIA stream=s1 seq=4 track=inbound chunk=2 time=20 audio=ff7fff7f" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "DTMF stream=s1 seq=5 digit=1" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "MARK stream=s1 seq=6 name=greeting" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "FAULT stream=s1 code=100004 text=too fast" },
  { "/ws/telnyx", "Telnyx", "From Telnyx", "STOP stream=s1 seq=7" },
  { "/ws/vonage", "Vonage", "From Vonage", "START l16le/16000/1 [token]=s3cret" },
  { "/ws/vonage", "Vonage", "From Vonage", "DTMF digit=5 ms=260" },
  { "/ws/vonage", "Vonage", "From Vonage", "MARK name=greeting" },
  { "/ws/vonage", "Vonage", "From Vonage", "CLEARED" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "START stream=s1 call=pbx1-1.9 mulaw/8000/1 frame=160" },
  { "/ws/asterisk", "Asterisk", "From Asterisk",
    "START stream=s1 call=pbx1-1.9 l16le/16000/1 frame=640 [TOKEN]=s3cret" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "DTMF digit=5" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "DTMF digit=#" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "MARK name=greeting" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "MARK name=greeting" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "PAUSE" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "RESUME" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "DRAINED" },
  { "/ws/asterisk", "Asterisk", "From Asterisk", "FAULT text=no such command" },
  { "/ws/plivo", "Plivo", "From Plivo", "START stream=s1 seq=0 call=c1 account=a1 mulaw/8000/1" },
  { "/ws/plivo", "Plivo", "From Plivo",
    "MEDIA stream=s1 seq=2 track=inbound chunk=1 time=1795270000000 audio=ff7fff7f" },
  { "/ws/plivo", "Plivo", "From Plivo", "DTMF stream=s1 seq=3 digit=5" },
  { "/ws/plivo", "Plivo", "From Plivo", "MARK stream=s1 seq=4 name=greeting" },
  { "/ws/plivo", "Plivo", "From Plivo", "CLEARED stream=s1 seq=5" },
  { "/ws/exotel", "Exotel", "From Exotel", "CONNECTED" },
  { "/ws/exotel", "Exotel", "From Exotel",
    "START stream=s1 seq=1 call=c1 account=a1 l16le/16000/1 frame=3200 [token]=s3cret" },
  { "/ws/exotel", "Exotel", "From Exotel", "MEDIA stream=s1 seq=3 track=inbound chunk=2 time=100 audio=ff7fff7f" },
  { "/ws/exotel", "Exotel", "From Exotel", "DTMF stream=s1 seq=4 digit=8 ms=170" },
  { "/ws/exotel", "Exotel", "From Exotel", "MARK stream=s1 seq=5 name=greeting" },
  { "/ws/exotel", "Exotel", "From Exotel", "STOP stream=s1 seq=6 reason=callended" },
  { "/ws/jambonz", "jambonz", "From jambonz", "START call=c1 account=a1 l16le/16000/1 [mixType]=mono [token]=s3cret" },
  { "/ws/jambonz", "jambonz", "From jambonz", "DTMF digit=2 ms=1600" },
  { "/ws/jambonz", "jambonz", "From jambonz", "MARK name=greeting" },
};

#define SAY_MEDIA                                                                                                      \
  {                                                                                                                    \
    AP_CALL_SAY_MEDIA, NULL, NULL, audio, sizeof audio, AP_CALL_ENCODING_MULAW                                         \
  }
#define SAY_MARK                                                                                                       \
  {                                                                                                                    \
    AP_CALL_SAY_MARK, NULL, "greeting"                                                                                 \
  }
#define SAY_CLEAR                                                                                                      \
  {                                                                                                                    \
    AP_CALL_SAY_CLEAR                                                                                                  \
  }
#define SAY_MARK_OF(stream)                                                                                            \
  {                                                                                                                    \
    AP_CALL_SAY_MARK, stream, "greeting"                                                                               \
  }
#define SAY_CLEAR_OF(stream)                                                                                           \
  {                                                                                                                    \
    AP_CALL_SAY_CLEAR, stream                                                                                          \
  }
#define SAY_HANGUP                                                                                                     \
  {                                                                                                                    \
    AP_CALL_SAY_HANGUP                                                                                                 \
  }

static const struct {
  const char *path, *chapter, *section;
  ApCallCommand command;
} to_page[] = {
  { "/ws/telnyx", "Telnyx", "To Telnyx", SAY_MEDIA },
  { "/ws/telnyx", "Telnyx", "To Telnyx", SAY_MARK },
  { "/ws/telnyx", "Telnyx", "To Telnyx", SAY_CLEAR },
  { "/ws/vonage", "Vonage", "To Vonage", SAY_MARK },
  { "/ws/vonage", "Vonage", "To Vonage", SAY_CLEAR },
  { "/ws/asterisk", "Asterisk", "To Asterisk", SAY_MARK },
  { "/ws/asterisk", "Asterisk", "To Asterisk", SAY_CLEAR },
  { "/ws/asterisk", "Asterisk", "To Asterisk", SAY_HANGUP },
  { "/ws/asterisk/json", "Asterisk", "To Asterisk with JSON", SAY_MARK },
  { "/ws/asterisk/json", "Asterisk", "To Asterisk with JSON", SAY_CLEAR },
  { "/ws/asterisk/json", "Asterisk", "To Asterisk with JSON", SAY_HANGUP },
  { "/ws/plivo", "Plivo", "To Plivo", SAY_MEDIA },
  { "/ws/plivo", "Plivo", "To Plivo", SAY_MARK_OF ("s1") },
  { "/ws/plivo", "Plivo", "To Plivo", SAY_CLEAR_OF ("s1") },
  { "/ws/exotel",
    "Exotel",
    "To Exotel",
    { AP_CALL_SAY_MEDIA, "s1", NULL, audio, sizeof audio, AP_CALL_ENCODING_L16LE } },
  { "/ws/exotel", "Exotel", "To Exotel", SAY_MARK_OF ("s1") },
  { "/ws/exotel", "Exotel", "To Exotel", SAY_CLEAR_OF ("s1") },
  { "/ws/jambonz", "jambonz", "To jambonz", SAY_MARK },
  { "/ws/jambonz", "jambonz", "To jambonz", SAY_CLEAR },
  { "/ws/jambonz", "jambonz", "To jambonz", SAY_HANGUP },
};

/* The next example, which has to be of that section. */
static const CallExample *
next_example (GPtrArray *examples, guint *at, const char *prefix, const char *chapter, const char *section)
{
  const CallExample *example;

  do {
    g_assert_cmpuint (*at, <, examples->len);
    example = g_ptr_array_index (examples, (*at)++);
  } while (!g_str_has_prefix (example->section, prefix));
  g_assert_cmpstr (example->chapter, ==, chapter);
  g_assert_cmpstr (example->section, ==, section);
  return example;
}

static void
test_page (void)
{
  g_autoptr (GPtrArray) examples = call_examples ("call-adapters.md");
  guint at = 0;

  g_assert_cmpuint (examples->len, ==, G_N_ELEMENTS (from_page) + G_N_ELEMENTS (to_page));
  for (guint i = 0; i < G_N_ELEMENTS (from_page); i++) {
    const CallExample *example = next_example (examples, &at, "From", from_page[i].chapter, from_page[i].section);
    g_autofree char *says = call_describe (ap_call_dialect_for_path (from_page[i].path), example->body, -1);

    g_assert_cmpstr (says, ==, from_page[i].says);
  }
  at = 0;
  for (guint i = 0; i < G_N_ELEMENTS (to_page); i++) {
    const CallExample *example = next_example (examples, &at, "To", to_page[i].chapter, to_page[i].section);
    g_autofree char *said = call_say (ap_call_dialect_for_path (to_page[i].path), &to_page[i].command);

    g_assert_cmpstr (said, ==, example->body);
  }
}

/* --- how each differs --- */

static const struct {
  const char *path, *text, *says;
} rows[] = {
  /* SignalWire: Twilio's words, more audio */
  { "/ws/signalwire",
    "{\"event\":\"start\",\"streamSid\":\"s\",\"start\":{\"mediaFormat\":{\"encoding\":\"L16@16000h\"}}}",
    "START stream=s l16le/16000/1" },
  { "/ws/signalwire",
    "{\"event\":\"start\",\"streamSid\":\"s\",\"start\":{\"mediaFormat\":{\"encoding\":\"L16@24000h\"}}}",
    "START stream=s l16le/24000/1" },
  { "/ws/signalwire",
    "{\"event\":\"start\",\"streamSid\":\"s\",\"start\":{\"mediaFormat\":{\"encoding\":\"audio/"
    "l16\",\"sampleRate\":24000,"
    "\"channels\":1}}}",
    "START stream=s l16le/24000/1" },
  { "/ws/signalwire",
    "{\"event\":\"start\",\"streamSid\":\"s\",\"start\":{\"mediaFormat\":{\"encoding\":\"PCMU@8000h\"}}}",
    "START stream=s mulaw/8000/1" },
  /* Twilio's look-alikes, at Twilio's path: sipgate, Somleng, astradial, Kazoo */
  { "/ws",
    "{\"event\":\"start\",\"sequenceNumber\":\"0\",\"start\":{\"accountSid\":\"\",\"streamSid\":\"s\",\"callSid\":"
    "\"c\","
    "\"tracks\":[\"inbound\",\"outbound\"],\"mediaFormat\":{\"encoding\":\"audio/PCMA\",\"sampleRate\":8000,"
    "\"channels\":1}}}",
    "START stream=s seq=0 call=c tracks=both alaw/8000/1" },
  { "/ws",
    "{\"event\":\"media\",\"streamSid\":\"s\",\"media\":{\"track\":\"inbound\",\"chunk\":\"0\",\"timestamp\":\"160\","
    "\"payload\":\"/38=\"}}",
    "MEDIA stream=s track=inbound chunk=0 time=160 audio=ff7f" },
  { "/ws", "{\"event\":\"media\",\"media\":{\"timestamp\":\"1795270000000\",\"payload\":\"/38=\"}}",
    "MEDIA track=inbound time=1795270000000 audio=ff7f" },
  { "/ws",
    "{\"event\":\"stop\",\"sequenceNumber\":\"\",\"streamSid\":\"s\",\"stop\":{\"accountSid\":\"\",\"reason\":\"bye\"}"
    "}",
    "STOP stream=s reason=bye" },
  { "/ws",
    "{\"event\":\"start\",\"streamSid\":\"s\",\"start\":{\"mediaFormat\":{\"encoding\":\"L16\",\"sampleRate\":8000}}}",
    "START stream=s other/8000/1" },
  /* Telnyx: RTP's byte order, encodings without a decoder, a start without a stream */
  { "/ws/telnyx", "{\"event\":\"start\",\"start\":{\"media_format\":{\"encoding\":\"L16\",\"sample_rate\":16000}}}",
    "START l16be/16000/1" },
  { "/ws/telnyx", "{\"event\":\"start\",\"start\":{\"media_format\":{\"encoding\":\"PCMA\"}}}", "START alaw/8000/1" },
  { "/ws/telnyx", "{\"event\":\"start\",\"start\":{\"media_format\":{\"encoding\":\"AMR-WB\",\"sample_rate\":16000}}}",
    "START other/16000/1" },
  { "/ws/telnyx", "{\"event\":\"error\",\"payload\":{\"title\":\"unknown_error\"}}", "FAULT text=unknown_error" },
  { "/ws/telnyx", "{\"event\":\"error\"}", "FAULT" },
  { "/ws/telnyx", "{\"event\":\"media\",\"streamSid\":\"s\",\"media\":{\"chunk\":2}}", "error MISSING_FIELD" },
  /* Vonage: rates, and three places of a digit */
  { "/ws/vonage", "{\"event\":\"websocket:connected\",\"content-type\":\"audio/l16;rate=8000\"}",
    "START l16le/8000/1" },
  { "/ws/vonage",
    "{\"event\":\"websocket:connected\",\"content-type\":\"audio/l16; rate=24000\",\"n\":1,\"o\":{\"p\":\"q\"}}",
    "START l16le/24000/1 [n]=1" },
  { "/ws/vonage", "{\"event\":\"websocket:connected\"}", "START l16le/16000/1" },
  { "/ws/vonage", "{\"event\":\"websocket:dtmf\",\"dtmf\":{\"digit\":\"7\"}}", "DTMF digit=7" },
  { "/ws/vonage", "{\"event\":\"websocket:dtmf\",\"dtmf\":\"7\",\"duration\":\"260\"}", "DTMF digit=7 ms=260" },
  { "/ws/vonage", "{\"event\":\"websocket:dtmf\",\"dtmf\":{\"digit\":{}}}", "error WRONG_TYPE" },
  { "/ws/vonage", "{\"event\":\"websocket:notify\",\"payload\":{}}", "error MISSING_FIELD" },
  { "/ws/vonage", "{\"event\":\"websocket:hangup\"}", "UNKNOWN event=websocket:hangup" },
  { "/ws/vonage", "websocket:cleared", "error SYNTAX" },
  /* Asterisk: words of the first version and the later ones */
  { "/ws/asterisk", "MEDIA_START connection_id:s1 channel:WebSocket/c1 format:slin24 optimal_frame_size:960",
    "START stream=s1 call=WebSocket/c1 l16le/24000/1 frame=960" },
  { "/ws/asterisk", "MEDIA_START channel_id:c2 channel:WebSocket/c1 format:opus", "START call=c2 other/8000/1" },
  { "/ws/asterisk", "MEDIA_START", "START mulaw/8000/1" },
  { "/ws/asterisk", "MEDIA_START  format:alaw ", "START alaw/8000/1" },
  { "/ws/asterisk", "MEDIA_START optimal_frame_size:many", "error BAD_NUMBER" },
  { "/ws/asterisk", "DTMF_END digit:a channel_id:x", "DTMF digit=A" },
  { "/ws/asterisk", "DTMF_END", "error MISSING_FIELD" },
  { "/ws/asterisk", "DTMF_END digit:", "error BAD_DIGIT" },
  { "/ws/asterisk", "MEDIA_MARK_PROCESSED", "error MISSING_FIELD" },
  { "/ws/asterisk", "MEDIA_MARK_PROCESSED correlation_id:m1", "MARK name=m1" },
  { "/ws/asterisk", "MEDIA_MARK_PROCESSED channel_id:x m1", "MARK name=m1" },
  { "/ws/asterisk", "MEDIA_BUFFERING_COMPLETED m1", "UNKNOWN event=MEDIA_BUFFERING_COMPLETED" },
  { "/ws/asterisk", "STATUS queue_length:43 queue_full:0", "UNKNOWN event=STATUS" },
  { "/ws/asterisk", "ERROR too much at once", "FAULT text=too much at once" },
  { "/ws/asterisk", "", "error SYNTAX" },
  { "/ws/asterisk", " ", "error MISSING_FIELD" },
  { "/ws/asterisk", "\xff", "error UTF8" },
  { "/ws/asterisk", "{\"event\":\"MEDIA_XOFF\",\"channel_id\":\"c\"}", "PAUSE" },
  { "/ws/asterisk", "{MEDIA_XOFF}", "error SYNTAX" },
  { "/ws/asterisk/json", "{\"event\":\"MEDIA_START\",\"connection_id\":\"s1\",\"format\":\"slin192\"}",
    "START stream=s1 l16le/192000/1" },
  { "/ws/asterisk/json", "MEDIA_XOFF", "error SYNTAX" },
  /* Plivo: numbers are numbers, a stream is named in two places, its linear audio cannot be answered; no stop */
  { "/ws/plivo",
    "{\"event\":\"start\",\"start\":{\"callId\":\"c\",\"streamId\":\"s\",\"mediaFormat\":{\"encoding\":"
    "\"audio/x-l16\",\"sampleRate\":16000}}}",
    "START stream=s call=c other/16000/1" },
  { "/ws/plivo", "{\"event\":\"start\",\"start\":{\"callId\":\"c\"}}", "START call=c mulaw/8000/1" },
  { "/ws/plivo", "{\"event\":\"playedStream\",\"streamId\":\"s\"}", "error MISSING_FIELD" },
  { "/ws/plivo", "{\"event\":\"stop\",\"streamId\":\"s\"}", "UNKNOWN event=stop" },
  /* Exotel: Twilio's spelling is not its own, rates are text */
  { "/ws/exotel", "{\"event\":\"start\",\"streamSid\":\"s\"}", "error MISSING_FIELD" },
  { "/ws/exotel", "{\"event\":\"start\",\"stream_sid\":\"s\"}", "START stream=s l16le/8000/1 frame=3200" },
  { "/ws/exotel", "{\"event\":\"start\",\"start\":{\"stream_sid\":\"s\",\"media_format\":{\"sample_rate\":\"24000\"}}}",
    "START stream=s l16le/24000/1 frame=3200" },
  { "/ws/exotel", "{\"event\":\"start\",\"stream_sid\":\"s\",\"start\":{\"media_format\":{\"sample_rate\":\"8k\"}}}",
    "error BAD_NUMBER" },
  /* jambonz: a first message without a name, marks that came back one way or the other */
  { "/ws/jambonz", "{\"callSid\":\"c\",\"sampleRate\":64000}", "START call=c l16le/64000/1" },
  { "/ws/jambonz", "{}", "START l16le/8000/1" },
  { "/ws/jambonz", "{\"type\":\"mark\",\"data\":{\"name\":\"m\",\"event\":\"cleared\"}}", "MARK name=m" },
  { "/ws/jambonz", "{\"type\":\"mark\"}", "error MISSING_FIELD" },
  { "/ws/jambonz", "{\"event\":\"playDone\",\"data\":{\"id\":1}}", "UNKNOWN event=playDone" },
};

static void
test_rows (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *says = call_describe (ap_call_dialect_for_path (rows[i].path), rows[i].text, -1);

    g_test_message ("row %u", i);
    g_assert_cmpstr (says, ==, rows[i].says);
  }
}

static const struct {
  const char *path;
  ApCallCommand command;
  const char *said;
} speech[] = {
  { "/ws/signalwire",
    { AP_CALL_SAY_MEDIA, "s", NULL, audio, 4, AP_CALL_ENCODING_L16LE },
    "{\"event\":\"media\",\"streamSid\":\"s\",\"media\":{\"payload\":\"/3//fw==\"}}" },
  { "/ws/signalwire", { AP_CALL_SAY_MEDIA, "s", NULL, audio, 3, AP_CALL_ENCODING_L16LE }, "error HALF_SAMPLE" },
  { "/ws/telnyx", { AP_CALL_SAY_MEDIA, NULL, NULL, audio, 1, AP_CALL_ENCODING_L16BE }, "error HALF_SAMPLE" },
  { "/ws/telnyx", SAY_HANGUP, "error UNSUPPORTED" },
  { "/ws/vonage", { AP_CALL_SAY_MEDIA, NULL, NULL, audio, 3, AP_CALL_ENCODING_L16LE }, "error HALF_SAMPLE" },
  { "/ws/vonage", { AP_CALL_SAY_MEDIA, NULL, NULL, (const guint8 *)"ab", 2, AP_CALL_ENCODING_L16LE }, "ab" },
  { "/ws/vonage", SAY_HANGUP, "error UNSUPPORTED" },
  { "/ws/asterisk", { AP_CALL_SAY_MEDIA, NULL, NULL, (const guint8 *)"abc", 3, AP_CALL_ENCODING_ALAW }, "abc" },
  { "/ws/asterisk", { AP_CALL_SAY_MARK, NULL, "two words" }, "error BAD_STRING" },
  { "/ws/asterisk", { AP_CALL_SAY_MARK, NULL, "a\nHANGUP" }, "error BAD_STRING" },
  { "/ws/asterisk", { AP_CALL_SAY_MARK, NULL, "digit:1" }, "error BAD_STRING" },
  { "/ws/asterisk", { AP_CALL_SAY_MARK, NULL, "caf\xc3\xa9" }, "error BAD_STRING" },
  { "/ws/asterisk/json",
    { AP_CALL_SAY_MARK, NULL, "two\nwords" },
    "{\"command\":\"MARK_MEDIA\",\"correlation_id\":\"two\\u000awords\"}" },
  { "/ws/plivo", SAY_HANGUP, "error UNSUPPORTED" },
  { "/ws/exotel", SAY_HANGUP, "error UNSUPPORTED" },
  { "/ws/exotel", { AP_CALL_SAY_MEDIA, "s", NULL, audio, 3, AP_CALL_ENCODING_L16LE }, "error HALF_SAMPLE" },
  { "/ws/jambonz", { AP_CALL_SAY_MEDIA, NULL, NULL, (const guint8 *)"ab", 2, AP_CALL_ENCODING_L16LE }, "ab" },
};

static void
test_speech (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (speech); i++) {
    g_autofree char *said = call_say (ap_call_dialect_for_path (speech[i].path), &speech[i].command);

    g_test_message ("row %u", i);
    g_assert_cmpstr (said, ==, speech[i].said);
  }
}

/* Asterisk takes text of 128 bytes. */
static void
test_longest_text (void)
{
  const ApCallDialect *asterisk = ap_call_dialect_for_path ("/ws/asterisk");
  g_autofree char *name = g_strnfill (128 - strlen ("MARK_MEDIA "), 'x');
  g_autofree char *longer = g_strconcat (name, "x", NULL);
  g_autofree char *fits = call_say (asterisk, &(ApCallCommand){ AP_CALL_SAY_MARK, NULL, name });
  g_autofree char *too_long = call_say (asterisk, &(ApCallCommand){ AP_CALL_SAY_MARK, NULL, longer });

  g_assert_cmpuint (strlen (fits), ==, 128);
  g_assert_cmpstr (too_long, ==, "error TOO_LARGE");
}

static void
test_binary (void)
{
  g_auto (ApCallMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree guint8 *large = g_malloc0 (AP_CALL_PAYLOAD_BYTES + 1);
  const ApCallDialect *vonage = ap_call_dialect_for_path ("/ws/vonage");

  /* As it came, an odd byte too. */
  g_assert_true (ap_call_read_binary (vonage, audio, 3, &message, NULL));
  g_assert_cmpint (message.kind, ==, AP_CALL_MEDIA);
  g_assert_true (message.media.payload == audio && message.media.length == 3);
  g_assert_cmpint (message.media.track, ==, AP_CALL_TRACK_INBOUND);
  g_assert_true (message.media.chunk == AP_CALL_NO_NUMBER && message.media.timestamp == AP_CALL_NO_NUMBER);
  g_assert_true (ap_call_read_binary (vonage, large, AP_CALL_PAYLOAD_BYTES, &message, NULL));
  g_assert_false (ap_call_read_binary (vonage, large, AP_CALL_PAYLOAD_BYTES + 1, &message, &error));
  g_assert_error (error, AP_CALL_ERROR, AP_CALL_ERROR_TOO_LARGE);
}

/* --- the table --- */

static void
test_table (void)
{
  g_autoptr (GHashTable) paths = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; ap_call_dialects[i] != NULL; i++) {
    const ApCallDialect *dialect = ap_call_dialects[i];

    g_assert_nonnull (dialect->paths[0]);
    for (guint j = 0; dialect->paths[j] != NULL; j++) {
      g_assert_true (g_hash_table_add (paths, (gpointer)dialect->paths[j]));
      g_assert_true (ap_call_dialect_for_path (dialect->paths[j]) == dialect);
    }
    g_assert_true (dialect->binary_audio || dialect->media != NULL);
    g_assert_cmpuint (dialect->audio.rate, >=, 8000);
  }
  g_assert_null (ap_call_dialect_for_path ("/ws/audio"));
  g_assert_null (ap_call_dialect_for_path ("/ws/"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call/dialects/page", test_page);
  g_test_add_func ("/call/dialects/rows", test_rows);
  g_test_add_func ("/call/dialects/speech", test_speech);
  g_test_add_func ("/call/dialects/longest-text", test_longest_text);
  g_test_add_func ("/call/dialects/binary", test_binary);
  g_test_add_func ("/call/dialects/table", test_table);
  return g_test_run ();
}
