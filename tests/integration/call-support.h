/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of calls share: audio, and what HTTP says of a call. */
#pragma once

#include "call-simulator.h"
#include "support.h"
#include "telephone.h"
#include "test-wait.h"

/* Options with which all that is said at once comes back: the queue for the caller takes as much. */
#define CALL_SERVER "--workers", "2", "--call-queue-ms", "60000"

enum { CALL_RATE = 8000, FRAMES_PER_SECOND = 50 };

/* The samples that the elements of a call hold back: 4 ms. */
#define CALL_HELD_SAMPLES 32

/* Returns: (transfer full): mu-law of @samples; samples of @length bytes of it */
guint8 *mulaw_of_pcm (const gint16 *samples, gsize length);
gint16 *pcm_of_mulaw (const guint8 *mulaw, gsize length);

/* Returns: (transfer full): @samples of a tone, at a quarter of full scale */
gint16 *tone_pcm (guint hz, guint rate, gsize samples);
/* The same as mu-law at 8 kHz. */
guint8 *tone_mulaw (guint hz, gsize samples);
/* Returns: the level of a tone in mu-law, of full scale; that of tone_mulaw() is 0.25 */
double tone_level (guint hz, const guint8 *mulaw, gsize length);

/* Returns: (transfer full): a WAV file of 16-bit samples, interleaved */
GBytes *wav_of_pcm (guint rate, guint channels, const gint16 *samples, gsize n);
/* The same of @n bytes at 8 kHz; @format: 6: A-law, 7: mu-law. */
GBytes *wav_of_g711 (guint format, const guint8 *bytes, gsize n);

/* POST on a connection of its own. */
HttpAnswer *http_post (guint16 port, const char *path, const char *type, gconstpointer body, gsize length);
/* POST /api/calls/{callSid of @call}/@command; another status than @status fails the test. Returns: (transfer full):
 * the body */
char *command_call (guint16 port, CallSimulator *call, const char *command, const char *body, guint status);
char *play_to_call (guint16 port, CallSimulator *call, GBytes *wav, guint status);

/* A figure of @call's stream in /api/calls/{callSid}; -1: there is no such stream */
gint64 call_figure (guint16 port, CallSimulator *call, const char *name);
/* Returns: (transfer full): a text of it, or NULL */
char *call_text (guint16 port, CallSimulator *call, const char *name);
/* Streams of the call; streams at all. */
guint count_streams (guint16 port, CallSimulator *call);
guint count_calls (guint16 port);

/* Waits until the stream has a figure of at least @least; listens meanwhile. */
gboolean wait_for_figure (guint16 port, CallSimulator *call, const char *name, gint64 least);

/* Nothing is left of any call. */
void expect_no_calls (guint16 port);
