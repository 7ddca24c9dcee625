/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A telephone service that streams one call, as Twilio does: its messages, with members in its order, numbers in
 * strings and timestamps that begin anywhere; and an ear for what comes back. What the server must not send fails the
 * test (ws-client.h). Every wait ends at test_deadline(). One thread. */
#pragma once

#include "call-playback.h"
#include "ws-client.h"

typedef struct _CallSimulator CallSimulator;

#define CALL_FRAME    160 /* bytes of mu-law in 20 ms */
#define CALL_FRAME_MS 20

/* @path: NULL: /ws. @call, @stream: the sids are made of them. @encoding, @rate, @frame_bytes: of the audio both ways;
 * NULL: mu-law. @tracks: JSON; NULL: ["inbound"]. @parameters: members of customParameters, as JSON; NULL: none. @hold:
 * nothing is played but by call_simulator_play(), so that what is heard does not rest on the clock. */
typedef struct {
  const char *path;
  guint call, stream;
  const char *encoding;
  guint rate, frame_bytes;
  const char *tracks, *parameters;
  gboolean hold;
} CallSetup;

/* The handshake, and no word. */
CallSimulator *call_simulator_connect (guint16 port, const CallSetup *setup);
/* The same with connected and start. */
CallSimulator *call_simulator_open (guint16 port, const CallSetup *setup);
/* Ends the connection without a word. */
void call_simulator_free (CallSimulator *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallSimulator, call_simulator_free)

WsClient *call_simulator_client (CallSimulator *self);
const char *call_simulator_call_sid (CallSimulator *self);
const char *call_simulator_stream_sid (CallSimulator *self);
const CallPlayback *call_simulator_heard (CallSimulator *self);

void call_simulator_say (CallSimulator *self, const char *text); /* whatever it is */
void call_simulator_say_connected (CallSimulator *self);
void call_simulator_say_start (CallSimulator *self);
void call_simulator_say_media (CallSimulator *self, const char *track, const guint8 *audio, gsize length);
void call_simulator_say_dtmf (CallSimulator *self, char digit);
void call_simulator_say_mark (CallSimulator *self, const char *name);
void call_simulator_say_stop (CallSimulator *self);
/* The next frame is later by this: what was between is lost. */
void call_simulator_skip (CallSimulator *self, guint ms);

/* @speed: 1: real time. A frame is late by up to @jitter_ms; every @stall_every frames (0: never) nothing is sent for
 * @stall_ms, and then all that is due. */
typedef struct {
  double speed;
  guint jitter_ms, stall_every, stall_ms;
  guint32 seed;
} CallPace;

/* Says @audio in frames, and listens meanwhile. @pace: NULL: as fast as the server takes it */
void call_simulator_speak (CallSimulator *self, const guint8 *audio, gsize length, const CallPace *pace);
/* Takes what has come, gives back the marks that are due, and waits for more until @until (monotonic time). */
void call_simulator_listen (CallSimulator *self, gint64 until);
/* With @hold: so much of what has come is played. */
void call_simulator_play (CallSimulator *self, guint ms);

/* Listens until @condition holds. Returns: whether it does */
#define call_simulator_until(self, condition) test_wait_until (call_simulator_hear (self) && (condition))
/* Listens for a few milliseconds. Returns: TRUE */
gboolean call_simulator_hear (CallSimulator *self);

/* Listens until the server closes, and answers. Returns: whether it was with @code */
gboolean call_simulator_expect_close (CallSimulator *self, guint16 code);
/* Says stop, upon which the server closes with 1000. */
void call_simulator_stop (CallSimulator *self);
