/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone service that has lost its mind. */
#include "call-chaos.h"

#include <string.h>

static const char *const texts[] = {
  "",
  "{}",
  "[]",
  "null",
  "{\"event\":\"media\"}",
  "{\"event\":\"media\",\"media\":{\"payload\":\"////\"}}",
  "{\"event\":\"media\",\"media\":{\"payload\":\"=\"}}",
  "{\"event\":\"media\",\"media\":{\"payload\":\"\",\"timestamp\":\"18446744073709551615\"}}",
  "{\"event\":\"media\",\"media\":{\"payload\":\"/////w==\",\"timestamp\":\"18446744073709551615\"}}",
  "{\"event\":\"media\",\"media\":{\"track\":\"outbound\",\"payload\":\"////\"}}",
  "{\"event\":\"start\",\"streamSid\":\"\",\"start\":{}}",
  "{\"event\":\"start\",\"streamSid\":\"x\",\"start\":{\"tracks\":[\"outbound\",\"inbound\"]}}",
  "{\"event\":\"start\",\"streamSid\":\"x\",\"start\":{\"mediaFormat\":{\"encoding\":\"l16\",\"sampleRate\":1}}}",
  "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"*\"}}",
  "{\"event\":\"mark\",\"mark\":{\"name\":\"file-1\"}}",
  "{\"event\":\"clear\"}",
  "{\"event\":\"\\u0000\"}",
  "{\"event\":\"connected\",\"version\":{}}",
};

static void
say_bent (CallSimulator *call, GRand *random)
{
  g_autofree char *text = g_strdup (texts[g_rand_int_range (random, 0, G_N_ELEMENTS (texts))]);
  gsize length = strlen (text);

  if (length > 0)
    text[g_rand_int_range (random, 0, (gint32)length)] = (char)g_rand_int_range (random, ' ', 0x7f);
  call_simulator_say (call, text);
}

static void
say_media (CallSimulator *call, GRand *random)
{
  guint8 audio[3 * CALL_FRAME];

  for (gsize i = 0; i < sizeof audio; i++)
    audio[i] = (guint8)g_rand_int_range (random, 0, 256);
  call_simulator_say_media (call, g_rand_boolean (random) ? "inbound" : "outbound", audio,
                            (gsize)g_rand_int_range (random, 0, sizeof audio));
}

/* Frames of WebSocket that are no message of a call; most keep the rules of RFC 6455. */
static void
send_frame (CallSimulator *call, GRand *random)
{
  WsClient *client = call_simulator_client (call);

  switch (g_rand_int_range (random, 0, 5)) {
  case 0:
    ws_client_send_frame (client, TRUE, WS_PING, "ping", 4);
    break;
  case 1:
    ws_client_send_binary (client, "\0\1\2", 3);
    break;
  case 2:
    ws_client_send_frame (client, FALSE, WS_TEXT, "{\"event\":", 9);
    ws_client_send_frame (client, TRUE, WS_CONTINUATION, "\"stop!\"}", 8);
    break;
  case 3:
    call_simulator_skip (call, (guint)g_rand_int_range (random, 0, 20000));
    break;
  default:
    if (g_rand_int_range (random, 0, 20) == 0)
      ws_client_send_raw (client, "\xff\xff\xff\xff", 4);
  }
}

void
call_chaos_say (CallSimulator *call, GRand *random)
{
  switch (g_rand_int_range (random, 0, 10)) {
  case 0:
    call_simulator_say_connected (call);
    break;
  case 1:
    call_simulator_say_start (call);
    break;
  case 2:
    call_simulator_say_dtmf (call, "0123456789*#ABCD!"[g_rand_int_range (random, 0, 17)]);
    break;
  case 3:
    call_simulator_say_mark (call, "chaos");
    break;
  case 4:
    if (g_rand_int_range (random, 0, 10) == 0)
      call_simulator_say_stop (call);
    break;
  case 5:
    say_bent (call, random);
    break;
  case 6:
    send_frame (call, random);
    break;
  case 7:
    call_simulator_say (call, texts[g_rand_int_range (random, 0, G_N_ELEMENTS (texts))]);
    break;
  default:
    say_media (call, random);
  }
}

void
call_chaos_end (CallSimulator *call, GRand *random)
{
  WsClient *client = call_simulator_client (call);

  switch (g_rand_int_range (random, 0, 4)) {
  case 0:
    call_simulator_say_stop (call);
    break;
  case 1:
    ws_client_send_close (client, (guint16)g_rand_int_range (random, 900, 5100), "over");
    break;
  case 2:
    ws_client_shutdown_write (client);
    ws_client_read_to_end (client);
    break;
  default:
    break;
  }
  call_simulator_free (call);
}
