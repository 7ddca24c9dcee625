/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the server and a decoder's process say to each other over a stream socket. A message is a header and as many
 * bytes as it says, in the machine's own order of bytes. The server asks: OPEN once, then FEED, then FINISH. Each is
 * answered by any number of PCM and one DONE or FAILED, which is the last word; nothing is said unasked. */

typedef enum {
  AP_DECODER_WIRE_OPEN = 1, /* ApDecoderWireSpec */
  AP_DECODER_WIRE_FEED,     /* bytes of the container */
  AP_DECODER_WIRE_FINISH,
  AP_DECODER_WIRE_PCM,    /* S16LE, whole frames, at least one */
  AP_DECODER_WIRE_DONE,   /* all that has been released was sent */
  AP_DECODER_WIRE_FAILED, /* an ApDecoderWireReason and why, as text */
} ApDecoderWireType;

typedef struct {
  guint32 type;
  guint32 length;
} ApDecoderWireHeader;

typedef struct {
  guint32 container, sample_rate, channels;
} ApDecoderWireSpec;

typedef guint32 ApDecoderWireReason;
#define AP_DECODER_WIRE_UNDECODABLE 0
#define AP_DECODER_WIRE_UNUSABLE    1 /* an element is missing, or fails */

/* The most bytes of a message, and of the text why. */
#define AP_DECODER_WIRE_MAX      (64 * 1024)
#define AP_DECODER_WIRE_MAX_TEXT 256

/* Reads what a decoder's process answers; it may have been taken over, so nothing in it is believed. */
typedef struct {
  gsize frame_bytes;
  gsize start, end; /* of what has come and has not been given out */
  guint8 buffer[sizeof (ApDecoderWireHeader) + AP_DECODER_WIRE_MAX];
} ApDecoderWireReader;

typedef enum {
  AP_DECODER_WIRE_MESSAGE,
  AP_DECODER_WIRE_MORE,  /* the rest of it has not come yet */
  AP_DECODER_WIRE_WRONG, /* no answer looks like this: there is nothing more to read */
} ApDecoderWireStatus;

typedef struct {
  ApDecoderWireType type;                  /* PCM, DONE, or FAILED */
  const guint8 *data;                      /* PCM: the samples, in the reader's buffer until the next call of it */
  gsize length;                            /* of @data */
  ApDecoderWireReason reason;              /* FAILED */
  char text[AP_DECODER_WIRE_MAX_TEXT + 1]; /* FAILED: printable ASCII */
} ApDecoderWireAnswer;

/* @frame_bytes: of a frame, a sample of each channel */
void ap_decoder_wire_reader_init (ApDecoderWireReader *reader, gsize frame_bytes);

/* Where bytes that come are to be put, @length at most; there is room for one at least after MORE. */
guint8 *ap_decoder_wire_reader_get_space (ApDecoderWireReader *reader, gsize *length);
void ap_decoder_wire_reader_add (ApDecoderWireReader *reader, gsize length);
ApDecoderWireStatus ap_decoder_wire_reader_next (ApDecoderWireReader *reader, ApDecoderWireAnswer *answer);

/* TRUE: not even a part of a message waits. */
gboolean ap_decoder_wire_reader_is_empty (const ApDecoderWireReader *reader);
