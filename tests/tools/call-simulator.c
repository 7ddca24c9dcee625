/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone service that streams one call, as Twilio does. */
#include "call-simulator.h"

#include <string.h>

#include "test-wait.h"

/* The first timestamp: a stream is set up a while before its first frame. */
#define FIRST_MS 155

struct _CallSimulator {
  WsClient *client;
  CallSetup setup;
  CallPlayback *heard;
  char *account_sid, *call_sid, *stream_sid;
  guint frame_ms;
  guint64 sequence, chunk;
  guint64 spoken_ms; /* of the call, gaps included */
  gint64 played_us;  /* with @hold */
  WsFrame *close;    /* of the server */
};

static gint64
now_of (CallSimulator *self)
{
  return self->setup.hold ? self->played_us : g_get_monotonic_time ();
}

CallSimulator *
call_simulator_connect (guint16 port, const CallSetup *setup)
{
  static const CallSetup usual = { .path = "/ws",
                                   .encoding = "audio/x-mulaw",
                                   .rate = 8000,
                                   .frame_bytes = CALL_FRAME,
                                   .tracks = "[\"inbound\"]",
                                   .parameters = "" };
  CallSimulator *self = g_new0 (CallSimulator, 1);
  guint bytes_per_second;

  self->setup = setup->encoding != NULL ? *setup : usual;
  self->setup.call = setup->call;
  self->setup.stream = setup->stream;
  self->setup.hold = setup->hold;
  self->setup.path = setup->path != NULL ? setup->path : usual.path;
  self->setup.tracks = setup->tracks != NULL ? setup->tracks : usual.tracks;
  self->setup.parameters = setup->parameters != NULL ? setup->parameters : usual.parameters;
  self->account_sid = g_strdup_printf ("AC%032x", 1u);
  self->call_sid = g_strdup_printf ("CA%032x", setup->call);
  self->stream_sid = g_strdup_printf ("MZ%032x", setup->stream);
  bytes_per_second = self->setup.rate * (self->setup.frame_bytes == CALL_FRAME ? 1 : 2);
  self->frame_ms = self->setup.frame_bytes * 1000 / bytes_per_second;
  self->heard = call_playback_new (self->stream_sid, self->setup.frame_bytes, bytes_per_second);
  self->client = ws_client_connect (port, self->setup.path);
  return self;
}

CallSimulator *
call_simulator_open (guint16 port, const CallSetup *setup)
{
  CallSimulator *self = call_simulator_connect (port, setup);

  call_simulator_say_connected (self);
  call_simulator_say_start (self);
  return self;
}

void
call_simulator_free (CallSimulator *self)
{
  ws_client_free (self->client);
  call_playback_free (self->heard);
  g_clear_pointer (&self->close, ws_frame_free);
  g_free (self->account_sid);
  g_free (self->call_sid);
  g_free (self->stream_sid);
  g_free (self);
}

WsClient *
call_simulator_client (CallSimulator *self)
{
  return self->client;
}

const char *
call_simulator_call_sid (CallSimulator *self)
{
  return self->call_sid;
}

const char *
call_simulator_stream_sid (CallSimulator *self)
{
  return self->stream_sid;
}

const CallPlayback *
call_simulator_heard (CallSimulator *self)
{
  return self->heard;
}

/* ---- says ---- */

void
call_simulator_say (CallSimulator *self, const char *text)
{
  ws_client_send_frame (self->client, TRUE, WS_TEXT, text, strlen (text));
}

void
call_simulator_say_connected (CallSimulator *self)
{
  call_simulator_say (self, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
}

void
call_simulator_say_start (CallSimulator *self)
{
  g_autofree char *text = g_strdup_printf (
      "{\"event\":\"start\",\"sequenceNumber\":\"%" G_GUINT64_FORMAT "\",\"start\":{\"accountSid\":\"%s\","
      "\"streamSid\":\"%s\",\"callSid\":\"%s\",\"tracks\":%s,\"mediaFormat\":{\"encoding\":\"%s\","
      "\"sampleRate\":%u,\"channels\":1},\"customParameters\":{%s}},\"streamSid\":\"%s\"}",
      ++self->sequence, self->account_sid, self->stream_sid, self->call_sid, self->setup.tracks, self->setup.encoding,
      self->setup.rate, self->setup.parameters, self->stream_sid);

  call_simulator_say (self, text);
}

/* Timestamps are near where the frames begin, not there. */
static guint64
timestamp_of (CallSimulator *self)
{
  return FIRST_MS + self->spoken_ms + self->chunk * 7 % 5;
}

void
call_simulator_say_media (CallSimulator *self, const char *track, const guint8 *audio, gsize length)
{
  g_autofree char *payload = g_base64_encode (audio, length);
  guint64 timestamp = timestamp_of (self);
  g_autofree char *text = g_strdup_printf (
      "{\"event\":\"media\",\"sequenceNumber\":\"%" G_GUINT64_FORMAT "\",\"media\":{\"track\":\"%s\","
      "\"chunk\":\"%" G_GUINT64_FORMAT "\",\"timestamp\":\"%" G_GUINT64_FORMAT "\",\"payload\":\"%s\"},"
      "\"streamSid\":\"%s\"}",
      ++self->sequence, track, ++self->chunk, timestamp, payload, self->stream_sid);

  if (g_str_equal (track, "inbound"))
    self->spoken_ms += self->frame_ms * length / self->setup.frame_bytes;
  call_simulator_say (self, text);
}

void
call_simulator_say_dtmf (CallSimulator *self, char digit)
{
  g_autofree char *text =
      g_strdup_printf ("{\"event\":\"dtmf\",\"streamSid\":\"%s\",\"sequenceNumber\":\"%" G_GUINT64_FORMAT "\","
                       "\"dtmf\":{\"track\":\"inbound_track\",\"digit\":\"%c\"}}",
                       self->stream_sid, ++self->sequence, digit);

  call_simulator_say (self, text);
}

/* What a name needs in JSON. */
static char *
escape (const char *name)
{
  GString *text = g_string_new (NULL);

  for (; *name != '\0'; name++) {
    if ((guchar)*name < 0x20)
      g_string_append_printf (text, "\\u%04x", *name);
    else if (*name == '"' || *name == '\\')
      g_string_append_printf (text, "\\%c", *name);
    else
      g_string_append_c (text, *name);
  }
  return g_string_free (text, FALSE);
}

void
call_simulator_say_mark (CallSimulator *self, const char *name)
{
  g_autofree char *escaped = escape (name);
  g_autofree char *text = g_strdup_printf ("{\"event\":\"mark\",\"sequenceNumber\":\"%" G_GUINT64_FORMAT "\","
                                           "\"streamSid\":\"%s\",\"mark\":{\"name\":\"%s\"}}",
                                           ++self->sequence, self->stream_sid, escaped);

  call_simulator_say (self, text);
}

void
call_simulator_say_stop (CallSimulator *self)
{
  g_autofree char *text =
      g_strdup_printf ("{\"event\":\"stop\",\"sequenceNumber\":\"%" G_GUINT64_FORMAT "\",\"streamSid\":\"%s\","
                       "\"stop\":{\"accountSid\":\"%s\",\"callSid\":\"%s\"}}",
                       ++self->sequence, self->stream_sid, self->account_sid, self->call_sid);

  call_simulator_say (self, text);
}

void
call_simulator_skip (CallSimulator *self, guint ms)
{
  self->spoken_ms += ms;
}

/* When frame @i is said, from the first on: a stall holds up those that would be said during it. */
static gint64
due_us (CallSimulator *self, const CallPace *pace, guint i, GRand *random)
{
  gint64 due = (gint64)i * self->frame_ms * 1000;
  guint in_row = pace->stall_every > 0 ? i % pace->stall_every : i;
  gint64 held = (gint64)pace->stall_ms * 1000 - (gint64)in_row * self->frame_ms * 1000;

  if (pace->stall_every > 0 && i >= pace->stall_every && held > 0)
    due += held;
  if (pace->jitter_ms > 0)
    due += g_rand_int_range (random, 0, (gint32)pace->jitter_ms) * G_GINT64_CONSTANT (1000);
  return (gint64)((double)due / pace->speed);
}

void
call_simulator_speak (CallSimulator *self, const guint8 *audio, gsize length, const CallPace *pace)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (pace != NULL ? pace->seed : 0);
  gint64 start = g_get_monotonic_time ();
  gsize frame = self->setup.frame_bytes;

  for (guint i = 0; i * frame < length && self->close == NULL && !ws_client_is_over (self->client); i++) {
    gint64 due = pace != NULL ? start + due_us (self, pace, i, random) : 0;

    do
      call_simulator_listen (self, due);
    while (g_get_monotonic_time () < due && self->close == NULL && !ws_client_is_over (self->client));
    call_simulator_say_media (self, "inbound", audio + i * frame, MIN (frame, length - i * frame));
  }
}

/* ---- hears ---- */

static void
take_frame (CallSimulator *self, WsFrame *frame)
{
  g_autofree char *what = ws_frame_describe (frame);
  g_autofree char *wrong = NULL;

  if (frame->masked || self->close != NULL || (frame->first_byte & ~0x0f) != WS_FIN) {
    ws_client_fail (self->client, "%s came%s", what, self->close != NULL ? " after a close frame" : "");
    return;
  }
  switch (frame->first_byte & 0x0f) {
  case WS_TEXT:
    wrong = call_playback_take (self->heard, (const char *)frame->data, frame->len, now_of (self));
    break;
  case WS_CLOSE:
    self->close = g_memdup2 (frame, sizeof *frame);
    frame->data = NULL;
    break;
  case WS_PING:
    ws_client_send_frame (self->client, TRUE, WS_PONG, frame->data, frame->len);
    break;
  case WS_PONG:
    break;
  default:
    wrong = g_steal_pointer (&what);
  }
  if (wrong != NULL)
    ws_client_fail (self->client, "%s", wrong);
}

static void
give_marks_back (CallSimulator *self)
{
  char *name;

  while (self->close == NULL && (name = call_playback_next_mark (self->heard, now_of (self))) != NULL) {
    call_simulator_say_mark (self, name);
    g_free (name);
  }
}

void
call_simulator_listen (CallSimulator *self, gint64 until)
{
  gint64 mark_at = self->setup.hold ? G_MAXINT64 : call_playback_next_at (self->heard);
  gint64 wait = MIN (until, mark_at);
  WsFrame *frame;

  while ((frame = ws_client_poll_frame (self->client, wait)) != NULL) {
    take_frame (self, frame);
    ws_frame_free (frame);
    give_marks_back (self);
    wait = 0;
  }
  give_marks_back (self);
}

gboolean
call_simulator_hear (CallSimulator *self)
{
  call_simulator_listen (self, g_get_monotonic_time () + 5000);
  return TRUE;
}

void
call_simulator_play (CallSimulator *self, guint ms)
{
  self->played_us += ms * G_GINT64_CONSTANT (1000);
  give_marks_back (self);
}

gboolean
call_simulator_expect_close (CallSimulator *self, guint16 code)
{
  g_autofree char *what = NULL;
  guint16 got;

  if (!call_simulator_until (self, self->close != NULL || ws_client_is_over (self->client)) || self->close == NULL) {
    ws_client_fail (self->client, "no close frame came, code %u was expected", code);
    return FALSE;
  }
  what = ws_frame_describe (self->close);
  got = self->close->len >= 2 ? (guint16)(self->close->data[0] << 8 | self->close->data[1]) : WS_NO_STATUS;
  if (got != code) {
    ws_client_fail (self->client, "%s came, code %u was expected", what, code);
    return FALSE;
  }
  ws_client_send_frame (self->client, TRUE, WS_CLOSE, self->close->data, MIN (self->close->len, 2));
  return ws_client_expect_eof (self->client);
}

void
call_simulator_stop (CallSimulator *self)
{
  call_simulator_say_stop (self);
  call_simulator_expect_close (self, 1000);
}
