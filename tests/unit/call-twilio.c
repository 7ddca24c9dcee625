/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Twilio's messages: the examples of docs/protocols/twilio.md, what is let pass, what is refused, and what we say. */
#include "call-support.h"

#include <string.h>

#define STREAM  "MZ0123456789abcdef0123456789abcdef"
#define CALL    "CA0123456789abcdef0123456789abcdef"
#define ACCOUNT "AC0123456789abcdef0123456789abcdef"

static const ApCallDialect *twilio;

/* --- the page --- */

static const struct {
  const char *section, *says;
} from_twilio[] = {
  { "connected", "CONNECTED protocol=Call version=1.0.0" },
  { "start", "START stream=" STREAM " seq=1 call=" CALL " account=" ACCOUNT
             " tracks=inbound mulaw/8000/1 [token]=s3cret [language]=en" },
  { "media", "MEDIA stream=" STREAM " seq=2 track=inbound chunk=1 time=155 audio=ff7fff7fffff7f7f" },
  { "dtmf", "DTMF stream=" STREAM " seq=74 digit=#" },
  { "mark", "MARK stream=" STREAM " seq=75 name=greeting" },
  { "stop", "STOP stream=" STREAM " seq=378" },
};

static const guint8 codes[] = { 0xff, 0x7f, 0xff, 0x7f, 0xff, 0xff, 0x7f, 0x7f };

static const struct {
  const char *section;
  ApCallCommand command;
} to_twilio[] = {
  { "media", { AP_CALL_SAY_MEDIA, STREAM, NULL, codes, sizeof codes, AP_CALL_ENCODING_MULAW } },
  { "mark", { AP_CALL_SAY_MARK, STREAM, "say \"hello\"" } },
  { "clear", { AP_CALL_SAY_CLEAR, STREAM } },
};

static const CallExample *
example (GPtrArray *examples, const char *chapter, const char *section)
{
  for (guint i = 0; i < examples->len; i++) {
    const CallExample *found = g_ptr_array_index (examples, i);

    if (g_str_equal (found->chapter, chapter) && g_str_equal (found->section, section))
      return found;
  }
  g_error ("no example of %s, %s", chapter, section);
}

static void
test_page (void)
{
  g_autoptr (GPtrArray) examples = call_examples ("twilio.md");

  /* None is left out. */
  g_assert_cmpuint (examples->len, ==, G_N_ELEMENTS (from_twilio) + G_N_ELEMENTS (to_twilio));
  for (guint i = 0; i < G_N_ELEMENTS (from_twilio); i++) {
    g_autofree char *says = call_describe (twilio, example (examples, "From Twilio", from_twilio[i].section)->body, -1);

    g_assert_cmpstr (says, ==, from_twilio[i].says);
  }
  for (guint i = 0; i < G_N_ELEMENTS (to_twilio); i++) {
    g_autofree char *said = call_say (twilio, &to_twilio[i].command);

    g_assert_cmpstr (said, ==, example (examples, "To Twilio", to_twilio[i].section)->body);
  }
}

/* --- what comes in --- */

#define START(members) "{\"event\":\"start\",\"streamSid\":\"MZ1\",\"start\":{" members "}}"
#define MEDIA(members) "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{" members "}}"
#define AUDIO(payload) MEDIA ("\"payload\":\"" payload "\"")

static const struct {
  const char *text, *says;
} lenient[] = {
  /* versions, and what may be missing */
  { "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"0.2.0\"}", "CONNECTED protocol=Call version=0.2.0" },
  { "{\"event\":\"connected\"}", "CONNECTED" },
  { "{\"event\":\"connected\",\"version\":2}", "CONNECTED version=2" },
  { START (""), "START stream=MZ1 mulaw/8000/1" },
  { "{\"event\":\"start\",\"streamSid\":\"MZ1\"}", "START stream=MZ1 mulaw/8000/1" },
  { "{\"event\":\"start\",\"start\":{\"streamSid\":\"MZ1\"}}", "START stream=MZ1 mulaw/8000/1" },
  { "{\"event\":\"start\",\"streamSid\":\"\",\"start\":{\"streamSid\":\"MZ1\"}}", "START stream=MZ1 mulaw/8000/1" },
  { "{\"event\":\"start\",\"streamSid\":null,\"start\":{\"streamSid\":\"MZ1\"}}", "START stream=MZ1 mulaw/8000/1" },
  { "{\"event\":\"start\",\"start\":{\"streamSid\":\"MZ2\"},\"streamSid\":\"MZ1\"}", "START stream=MZ1 mulaw/8000/1" },
  { AUDIO (""), "MEDIA stream=MZ1 track=inbound audio=0B" },
  { "{\"event\":\"media\",\"media\":{\"payload\":\"/w==\"}}", "MEDIA track=inbound audio=ff" },
  { AUDIO ("L3c9PQ=="), "MEDIA stream=MZ1 track=inbound audio=2f773d3d" }, /* encoded twice: nobody can tell */
  { "{\"event\":\"stop\"}", "STOP" },
  { "{\"event\":\"stop\",\"stop\":null}", "STOP" },
  { "{\"event\":\"stop\",\"stop\":\"bye\"}", "STOP" },
  { "{\"event\":\"stop\",\"stop\":{\"reason\":\"hangup\"}}", "STOP reason=hangup" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"\"}}", "MARK" },
  /* numbers: strings, numbers, empty, null, absent */
  { "{\"event\":\"stop\",\"sequenceNumber\":\"352\"}", "STOP seq=352" },
  { "{\"event\":\"stop\",\"sequenceNumber\":352}", "STOP seq=352" },
  { "{\"event\":\"stop\",\"sequenceNumber\":\"\"}", "STOP" },
  { "{\"event\":\"stop\",\"sequenceNumber\":null}", "STOP" },
  { MEDIA ("\"chunk\":0,\"timestamp\":1593.0,\"payload\":\"/w==\""),
    "MEDIA stream=MZ1 track=inbound chunk=0 time=1593 audio=ff" },
  { MEDIA ("\"chunk\":\"\",\"timestamp\":\"1600000000000\",\"payload\":\"/w==\""),
    "MEDIA stream=MZ1 track=inbound time=1600000000000 audio=ff" },
  { MEDIA ("\"chunk\":18446744073709551614,\"payload\":\"/w==\""),
    "MEDIA stream=MZ1 track=inbound chunk=18446744073709551614 audio=ff" },
  { START ("\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\",\"sampleRate\":\"8000\",\"channels\":\"1\"}"),
    "START stream=MZ1 mulaw/8000/1" },
  /* tracks */
  { START ("\"tracks\":[]"), "START stream=MZ1 mulaw/8000/1" },
  { START ("\"tracks\":[\"inbound\",\"outbound\"]"), "START stream=MZ1 tracks=both mulaw/8000/1" },
  { START ("\"tracks\":[\"outbound_track\",7,{\"payload\":\"inbound\"}]"),
    "START stream=MZ1 tracks=outbound mulaw/8000/1" },
  { START ("\"tracks\":\"both_tracks\""), "START stream=MZ1 tracks=both mulaw/8000/1" },
  { MEDIA ("\"track\":\"outbound\",\"payload\":\"/w==\""), "MEDIA stream=MZ1 track=outbound audio=ff" },
  { MEDIA ("\"track\":\"inbound_track\",\"payload\":\"/w==\""), "MEDIA stream=MZ1 track=inbound audio=ff" },
  { MEDIA ("\"track\":\"sideways\",\"payload\":\"/w==\""), "MEDIA stream=MZ1 audio=ff" },
  /* digits */
  { "{\"event\":\"dtmf\",\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"*\"}}", "DTMF digit=*" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":5,\"duration\":260}}", "DTMF digit=5 ms=260" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"d\"}}", "DTMF digit=D" },
  /* parameters */
  { START ("\"customParameters\":{}"), "START stream=MZ1 mulaw/8000/1" },
  { START ("\"customParameters\":[\"a\",{\"b\":\"c\"}]"), "START stream=MZ1 mulaw/8000/1" },
  { START ("\"customParameters\":{\"a.b\":\"1\",\"\":\"\",\"n\":5,\"t\":true,\"x\":null,\"o\":{\"p\":\"q\"},\"l\":["
           "\"r\"]}"),
    "START stream=MZ1 mulaw/8000/1 [a.b]=1 []= [n]=5 [t]=true" },
  { START ("\"customParameters\":{\"q\\\"\\u00e9\":\"\\ud83c\\udfa7\\n\"}"),
    "START stream=MZ1 mulaw/8000/1 [q\"\xc3\xa9]=\xf0\x9f\x8e\xa7\n" },
  { START ("\"customParameters\":{\"streamSid\":\"MZ9\",\"callSid\":\"CA9\"},\"callSid\":\"CA1\""),
    "START stream=MZ1 call=CA1 mulaw/8000/1 [streamSid]=MZ9 [callSid]=CA9" },
  /* what we do not know */
  { "{\"event\":\"whisper\",\"media\":{\"payload\":7}}", "UNKNOWN event=whisper" },
  { "{\"event\":\"Media\",\"media\":{\"payload\":\"/w==\"}}", "UNKNOWN event=Media" },
  { "{\"event\":\"mark\",\"extra\":[[{\"event\":\"x\"}]],\"mark\":{\"name\":\"a\",\"more\":{}},\"z\":null}",
    "MARK name=a" },
  { "{\"media.payload\":\"/w==\",\"event\":\"connected\",\"start\":{\"event\":\"stop\"}}", "CONNECTED" },
  /* the order, spaces, escapes, members of the same name */
  { "{ \"media\" : { \"payload\" : \"/w==\" } ,\n\t\"event\" : \"media\" }", "MEDIA track=inbound audio=ff" },
  { AUDIO ("\\/w=\\u003d"), "MEDIA stream=MZ1 track=inbound audio=ff" },
  { "{\"event\":\"st\\u006fp\"}", "STOP" },
  { "{\"ev\\u0065nt\":\"mark\",\"mark\":{\"n\\u0061me\":\"a\"}}", "MARK name=a" },
  { "{\"\\ud83c\":1,\"\\u0000\":{\"event\":\"x\"},\"event\":\"stop\"}", "STOP" },
  { "{\"a long name of a member, longer than any path that means something here\":1,\"event\":\"stop\"}", "STOP" },
  { "{\"event\":\"start\",\"event\":\"stop\"}", "STOP" },
  { MEDIA ("\"payload\":\"AA==\",\"payload\":\"/w==\""), "MEDIA stream=MZ1 track=inbound audio=ff" },
  { MEDIA ("\"payload\":7,\"payload\":\"/w==\""), "MEDIA stream=MZ1 track=inbound audio=ff" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"say \\\"hi\\\" \\\\ \\u00e9\"}}", "MARK name=say \"hi\" \\ \xc3\xa9" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":12}}", "MARK name=12" },
  /* encodings */
  { START ("\"mediaFormat\":{\"encoding\":\"PCMU\",\"channels\":2}"), "START stream=MZ1 mulaw/8000/2" },
  { START ("\"mediaFormat\":{\"encoding\":\"audio/PCMA\",\"sampleRate\":8000}"), "START stream=MZ1 alaw/8000/1" },
  { START ("\"mediaFormat\":{\"encoding\":\"G722\",\"sampleRate\":16000}"), "START stream=MZ1 other/16000/1" },
  { START ("\"mediaFormat\":{\"encoding\":\"\",\"sampleRate\":\"\"}"), "START stream=MZ1 mulaw/8000/1" },
  { START ("\"mediaFormat\":\"audio/x-mulaw\""), "START stream=MZ1 mulaw/8000/1" },
};

static const struct {
  const char *text, *says;
} refused[] = {
  { "", "error SYNTAX" },
  { "hello", "error SYNTAX" },
  { "{\"event\":\"stop\"", "error SYNTAX" },
  { "{\"event\":\"stop\"}}", "error SYNTAX" },
  { "{\"event\":\"stop\",}", "error SYNTAX" },
  { "{\"event\":\"stop\"} /* bye */", "error SYNTAX" },
  { "{'event':'stop'}", "error SYNTAX" },
  { "{\"event\":\"stop\",\"sequenceNumber\":007}", "error SYNTAX" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"a\nb\"}}", "error SYNTAX" },
  { AUDIO ("/\n/w=="), "error SYNTAX" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"\xff\"}}", "error UTF8" },
  { "{\"event\":\"x\",\"\xc3\x28\":1}", "error UTF8" },
  { "{\"event\":\"stop\",\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", "error TOO_DEEP" },
  { "[]", "error NOT_OBJECT" },
  { "[{\"event\":\"stop\"}]", "error NOT_OBJECT" },
  { "\"stop\"", "error NOT_OBJECT" },
  { "null", "error NOT_OBJECT" },
  { "7", "error NOT_OBJECT" },
  { "{}", "error MISSING_FIELD" },
  { "{\"event\":null}", "error MISSING_FIELD" },
  { "{\"event\":[\"stop\"]}", "error WRONG_TYPE" },
  { "{\"event\":{\"event\":\"stop\"}}", "error WRONG_TYPE" },
  { "{\"event\":true}", "error WRONG_TYPE" },
  { "{\"event\":\"start\"}", "error MISSING_FIELD" },
  { "{\"event\":\"start\",\"start\":\"MZ1\"}", "error MISSING_FIELD" },
  { "{\"event\":\"start\",\"streamSid\":\"\",\"start\":{}}", "error MISSING_FIELD" },
  { "{\"event\":\"media\"}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"media\":\"/w==\"}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"media\":[{\"payload\":\"/w==\"}]}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"payload\":\"/w==\"}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"media.payload\":\"/w==\"}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"media\\u002epayload\":\"/w==\"}", "error MISSING_FIELD" },
  { "{\"event\":\"media\",\"media\":{\"media\":{\"payload\":\"/w==\"}}}", "error MISSING_FIELD" },
  { MEDIA ("\"payload\":null"), "error MISSING_FIELD" },
  { MEDIA ("\"payload\":5"), "error WRONG_TYPE" },
  { MEDIA ("\"payload\":{\"payload\":\"/w==\"}"), "error WRONG_TYPE" },
  { MEDIA ("\"track\":{},\"payload\":\"/w==\""), "error WRONG_TYPE" },
  { MEDIA ("\"chunk\":false,\"payload\":\"/w==\""), "error WRONG_TYPE" },
  { "{\"event\":\"mark\"}", "error MISSING_FIELD" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":[\"a\"]}}", "error WRONG_TYPE" },
  { "{\"event\":\"dtmf\",\"dtmf\":{}}", "error MISSING_FIELD" },
  { MEDIA ("\"chunk\":-1,\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"chunk\":1e3,\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"chunk\":\"12ab\",\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"chunk\":\" 12\",\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"timestamp\":\"2026-11-21T13:00:00Z\",\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"timestamp\":18446744073709551616,\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { MEDIA ("\"timestamp\":99999999999999999999999,\"payload\":\"/w==\""), "error BAD_NUMBER" },
  { START ("\"mediaFormat\":{\"sampleRate\":0}"), "error BAD_NUMBER" },
  { START ("\"mediaFormat\":{\"sampleRate\":1000000}"), "error BAD_NUMBER" },
  { START ("\"mediaFormat\":{\"channels\":9}"), "error BAD_NUMBER" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"a\\u0000b\"}}", "error BAD_STRING" },
  { "{\"event\":\"mark\",\"mark\":{\"name\":\"\\ud83c\"}}", "error BAD_STRING" },
  { "{\"event\":\"\\u0000\"}", "error BAD_STRING" },
  { START ("\"callSid\":\"CA\\u0000\""), "error BAD_STRING" },
  { START ("\"customParameters\":{\"a\\u0000\":\"b\"}"), "error BAD_STRING" },
  { START ("\"customParameters\":{\"a\":\"\\udfa7\"}"), "error BAD_STRING" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"\"}}", "error BAD_DIGIT" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"12\"}}", "error BAD_DIGIT" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"E\"}}", "error BAD_DIGIT" },
  { "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"\xc3\xa9\"}}", "error BAD_DIGIT" },
  { AUDIO ("_-8="), "error BAD_BASE64" },
  { AUDIO ("/w="), "error BAD_BASE64" },
  { AUDIO ("/w"), "error BAD_BASE64" },
  { AUDIO ("/x=="), "error BAD_BASE64" },
  { AUDIO ("/w==/w=="), "error BAD_BASE64" },
  { AUDIO ("/w= ="), "error BAD_BASE64" },
  { AUDIO ("/w==\\n"), "error BAD_BASE64" },
  { AUDIO ("/w\\u0000="), "error BAD_BASE64" },
  { AUDIO ("data:audio/x-mulaw;base64,/w=="), "error BAD_BASE64" },
};

static void
test_lenient (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (lenient); i++) {
    g_autofree char *says = call_describe (twilio, lenient[i].text, -1);

    g_test_message ("row %u", i);
    g_assert_cmpstr (says, ==, lenient[i].says);
  }
}

static void
test_refused (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autofree char *says = call_describe (twilio, refused[i].text, -1);

    g_test_message ("row %u", i);
    g_assert_cmpstr (says, ==, refused[i].says);
  }
}

/* A NUL, and bytes that are not UTF-8, outside of strings. */
static void
test_bytes (void)
{
  g_autofree char *nul = call_describe (twilio, "{\"event\":\"stop\"}\0", 17);
  g_autofree char *inside = call_describe (twilio, "{\"event\":\"st\0p\"}", 16);
  g_autofree char *outside = call_describe (twilio, "{\"event\":\"stop\"\xff}", -1);

  g_assert_cmpstr (nul, ==, "error SYNTAX");
  g_assert_cmpstr (inside, ==, "error SYNTAX");
  g_assert_cmpstr (outside, ==, "error SYNTAX");
}

/* Audio of @bytes bytes in a message. */
static char *
large_media (gsize bytes)
{
  g_autofree guint8 *audio = g_malloc0 (bytes);
  g_autofree char *payload = g_base64_encode (audio, bytes);

  return g_strdup_printf (AUDIO ("%s"), payload);
}

static void
test_sizes (void)
{
  g_autofree char *largest = large_media (AP_CALL_PAYLOAD_BYTES);
  g_autofree char *larger = large_media (AP_CALL_PAYLOAD_BYTES + 1);
  g_autofree char *spaces = g_strnfill (AP_CALL_MESSAGE_BYTES, ' ');
  g_autofree char *padded = g_strconcat ("{\"event\":\"stop\"}", spaces, NULL);
  g_autofree char *fits = call_describe (twilio, padded, AP_CALL_MESSAGE_BYTES);
  g_autofree char *too_large = call_describe (twilio, padded, AP_CALL_MESSAGE_BYTES + 1);
  g_autofree char *says_largest = call_describe (twilio, largest, -1);
  g_autofree char *says_larger = call_describe (twilio, larger, -1);

  g_assert_cmpstr (fits, ==, "STOP");
  g_assert_cmpstr (too_large, ==, "error TOO_LARGE");
  g_assert_cmpstr (says_largest, ==, "MEDIA stream=MZ1 track=inbound audio=131072B");
  g_assert_cmpstr (says_larger, ==, "error TOO_LARGE");
}

/* A start whose call has a name of @length bytes. Returns: whether it can be read */
static gboolean
reads_name_of (gsize length)
{
  g_autofree char *name = g_strnfill (length, 'A');
  g_autofree char *json =
      g_strdup_printf ("{\"event\":\"start\",\"streamSid\":\"MZ1\",\"start\":{\"callSid\":\"%s\"}}", name);
  g_autofree char *said = call_describe (twilio, json, -1);

  return !g_str_equal (said, "error TOO_LARGE");
}

static void
test_names (void)
{
  g_assert_true (reads_name_of (AP_CALL_ID_BYTES));
  g_assert_false (reads_name_of (AP_CALL_ID_BYTES + 1));
}

/* More parameters than are kept do no harm. */
static void
test_parameters (void)
{
  g_autoptr (GString) text =
      g_string_new ("{\"event\":\"start\",\"streamSid\":\"MZ1\",\"start\":{\"customParameters\":{");
  g_auto (ApCallMessage) message = { 0 };

  for (guint i = 0; i < AP_CALL_PARAMETERS + 5; i++)
    g_string_append_printf (text, "%s\"name%u\":\"value%u\"", i > 0 ? "," : "", i, i);
  g_string_append (text, "}}}");
  g_assert_true (ap_call_read_text (twilio, text->str, text->len, &message, NULL));
  g_assert_cmpuint (message.start.n_parameters, ==, AP_CALL_PARAMETERS);
  g_assert_cmpstr (message.start.parameters[99].name, ==, "name99");
  g_assert_cmpstr (message.start.parameters[99].value, ==, "value99");
}

/* One message is filled over and over, by texts of all sizes. */
static void
test_again (void)
{
  g_auto (ApCallMessage) message = { 0 };
  g_autofree char *large = large_media (70000);
  const char *const texts[] = { AUDIO ("/w=="), large, "{\"event\":\"stop\",\"sequenceNumber\":9}", AUDIO ("AAAA") };
  static const char *const says[] = { "MEDIA stream=MZ1 track=inbound audio=ff",
                                      "MEDIA stream=MZ1 track=inbound audio=70000B", "STOP seq=9",
                                      "MEDIA stream=MZ1 track=inbound audio=000000" };

  for (guint i = 0; i < 3 * G_N_ELEMENTS (texts); i++) {
    g_autofree char *line = NULL;

    g_assert_true (ap_call_read_text (twilio, texts[i % 4], strlen (texts[i % 4]), &message, NULL));
    line = call_describe_message (&message);
    g_assert_cmpstr (line, ==, says[i % 4]);
    g_assert_false (ap_call_read_text (twilio, "[", 1, &message, NULL));
  }
}

static void
test_binary (void)
{
  g_auto (ApCallMessage) message = { 0 };
  g_autoptr (GError) error = NULL;

  g_assert_false (ap_call_read_binary (twilio, codes, sizeof codes, &message, &error));
  g_assert_error (error, AP_CALL_ERROR, AP_CALL_ERROR_UNSUPPORTED);
}

/* --- what goes out --- */

static const struct {
  ApCallCommand command;
  const char *said;
} said[] = {
  { { AP_CALL_SAY_MEDIA, "MZ1", NULL, codes, 1, AP_CALL_ENCODING_MULAW },
    "{\"event\":\"media\",\"streamSid\":\"MZ1\",\"media\":{\"payload\":\"/w==\"}}" },
  { { AP_CALL_SAY_MEDIA, "MZ\"1\\", NULL, codes, 3, AP_CALL_ENCODING_MULAW },
    "{\"event\":\"media\",\"streamSid\":\"MZ\\\"1\\\\\",\"media\":{\"payload\":\"/3//\"}}" },
  { { AP_CALL_SAY_MEDIA, "MZ1", NULL, codes, 0, AP_CALL_ENCODING_MULAW }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_MEDIA, "", NULL, codes, 1, AP_CALL_ENCODING_MULAW }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_MEDIA, NULL, NULL, codes, 1, AP_CALL_ENCODING_MULAW }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_MEDIA, "MZ1", NULL, codes, 3, AP_CALL_ENCODING_L16LE }, "error HALF_SAMPLE" },
  { { AP_CALL_SAY_MARK, "MZ1", "a" }, "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"a\"}}" },
  { { AP_CALL_SAY_MARK, "MZ1", "\"},\"event\":\"clear\n\\%s%p" },
    "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"\\\"},\\\"event\\\":\\\"clear\\u000a\\\\%s%p\"}}" },
  { { AP_CALL_SAY_MARK, "MZ1", "caf\xc3\xa9" },
    "{\"event\":\"mark\",\"streamSid\":\"MZ1\",\"mark\":{\"name\":\"caf\xc3\xa9\"}}" },
  { { AP_CALL_SAY_MARK, "MZ1", "\xff" }, "error BAD_STRING" },
  { { AP_CALL_SAY_MARK, "MZ1", "" }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_MARK, "MZ1" }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_MARK, NULL, "a" }, "error MISSING_FIELD" },
  { { AP_CALL_SAY_CLEAR, "MZ1" }, "{\"event\":\"clear\",\"streamSid\":\"MZ1\"}" },
  { { AP_CALL_SAY_CLEAR, "\xff" }, "error BAD_STRING" },
  { { AP_CALL_SAY_HANGUP, "MZ1" }, "error UNSUPPORTED" },
};

static void
test_said (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (said); i++) {
    g_autofree char *text = call_say (twilio, &said[i].command);

    g_assert_cmpstr (text, ==, said[i].said);
  }
}

/* Audio of every length goes out and comes back. */
static void
test_round_trip (void)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_auto (ApCallMessage) message = { 0 };
  guint8 audio[400];

  for (guint i = 0; i < sizeof audio; i++)
    audio[i] = (guint8)(i * 167 + i / 3);
  for (gsize length = 1; length <= sizeof audio; length++) {
    ApCallCommand command = { AP_CALL_SAY_MEDIA, STREAM, NULL, audio, length, AP_CALL_ENCODING_MULAW };

    g_string_truncate (out, 0);
    g_assert_true (ap_call_write (twilio, &command, out, NULL));
    g_assert_true (ap_call_read_text (twilio, out->str, out->len, &message, NULL));
    g_assert_cmpmem (message.media.payload, message.media.length, audio, length);
    g_assert_cmpstr (message.stream_id, ==, STREAM);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  twilio = ap_call_dialect_for_path ("/ws/twilio");
  g_test_add_func ("/call/twilio/page", test_page);
  g_test_add_func ("/call/twilio/lenient", test_lenient);
  g_test_add_func ("/call/twilio/refused", test_refused);
  g_test_add_func ("/call/twilio/bytes", test_bytes);
  g_test_add_func ("/call/twilio/sizes", test_sizes);
  g_test_add_func ("/call/twilio/names", test_names);
  g_test_add_func ("/call/twilio/parameters", test_parameters);
  g_test_add_func ("/call/twilio/again", test_again);
  g_test_add_func ("/call/twilio/binary", test_binary);
  g_test_add_func ("/call/twilio/said", test_said);
  g_test_add_func ("/call/twilio/round-trip", test_round_trip);
  return g_test_run ();
}
