/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/twilio/ap-call-audio.h"

/* What a telephone service says about a call, whichever words it has for it. */
typedef enum {
  AP_CALL_UNKNOWN, /* an event that this server does not know: to be counted, and passed over */
  AP_CALL_CONNECTED,
  AP_CALL_START,
  AP_CALL_MEDIA,
  AP_CALL_DTMF,
  AP_CALL_MARK,    /* the audio before a mark has been played, or cleared: the peer does not say which */
  AP_CALL_CLEARED, /* the peer has dropped what it held */
  AP_CALL_DRAINED, /* the peer has played all that it held */
  AP_CALL_PAUSE,   /* the peer holds as much audio as it can, and drops what is sent until AP_CALL_RESUME */
  AP_CALL_RESUME,
  AP_CALL_FAULT, /* the peer complains */
  AP_CALL_STOP,
} ApCallKind;

/* Bits; 0 where the message does not say. */
typedef enum {
  AP_CALL_TRACK_INBOUND = 1 << 0,  /* what the caller says */
  AP_CALL_TRACK_OUTBOUND = 1 << 1, /* what the caller hears */
} ApCallTracks;

/* The largest message from a peer, and audio in one, in bytes (100 kB is the most that a service states), and how many
 * parameters of a call are kept (services allow up to 99). A number that a message did not have. */
#define AP_CALL_MESSAGE_BYTES (256 * 1024)
#define AP_CALL_PAYLOAD_BYTES (128 * 1024)
#define AP_CALL_PARAMETERS    100
#define AP_CALL_NO_NUMBER     G_MAXUINT64

typedef struct {
  const char *name, *value;
} ApCallParameter;

/* To be set to zeros once, then filled over and over: strings (never NULL, "" where the message has none) and audio are
 * good until the next time. A worker needs one. */
typedef struct {
  ApCallKind kind;
  const char *event;     /* the peer's own word */
  const char *stream_id; /* what our messages are to be addressed to */
  guint64 sequence;      /* as the peer counts; not every peer does */
  union {
    struct {
      const char *protocol, *version;
    } connected;
    struct {
      const char *call_id, *account_id;
      ApCallTracks tracks;
      ApCallAudio audio;
      guint64 frame_bytes; /* the peer likes audio in multiples of it */
      const ApCallParameter *parameters;
      guint n_parameters;
    } start;
    struct {
      ApCallTracks track; /* one bit */
      guint64 chunk;      /* counts the media messages; where a dialect is unordered, sort by it */
      guint64 timestamp;  /* in the dialect's ticks */
      const guint8 *payload;
      gsize length; /* bytes; of 16-bit audio not always whole samples */
    } media;
    struct {
      char digit; /* 0 to 9, * # A B C D */
      guint64 duration_ms;
    } dtmf;
    struct {
      const char *code, *text;
    } fault;
    const char *mark, *stop_reason;
  };
  char *room; /* private, as what follows */
  gsize room_size;
  ApCallParameter kept[AP_CALL_PARAMETERS];
} ApCallMessage;

void ap_call_message_clear (ApCallMessage *message);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ApCallMessage, ap_call_message_clear)
