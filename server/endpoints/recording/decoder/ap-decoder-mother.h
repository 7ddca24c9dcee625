/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The process that decoders' processes are forked from. It is this program started anew, so that it has nothing of the
 * server's memory; it has one thread, and has loaded what decoders need; it sees no byte of a client's. */

/* Its end of the socket (SOCK_SEQPACKET) to the server. */
#define AP_DECODER_MOTHER_FD 3

typedef enum {
  AP_DECODER_MOTHER_OPEN = 1, /* comes with the decoder's socket */
  AP_DECODER_MOTHER_END,      /* each OPEN is followed by one, sooner or later */
} ApDecoderMotherAsk;

typedef struct {
  guint32 ask;
  guint32 kill;   /* END: a process of the pool is ended too; one for a decoder of its own always is */
  guint64 serial; /* END: of the process that the decoder is in */
} ApDecoderMotherRequest;

/* One for each request, and one unasked when it is ready. */
typedef struct {
  gint32 pid;     /* OPEN: of the process; negative: minus an errno. Ready: its own */
  gint32 status;  /* END: how the process ended, as of waitpid(2), -1: it has not. Ready: the version of Landlock */
  guint64 serial; /* OPEN: of the process; never used again */
} ApDecoderMotherReply;

/**
 * ap_decoder_mother_main:
 * @argv: PROGRAM --helper recording pool|session
 *
 * The room's helper. Returns when the server has closed the socket, with no process left.
 */
int ap_decoder_mother_main (int argc, char **argv);
