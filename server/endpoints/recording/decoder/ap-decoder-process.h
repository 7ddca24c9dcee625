/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

#include <sys/types.h>

/* The process at the other end. */
typedef struct {
  int socket;      /* a stream; the decoder's from now on */
  pid_t pid;       /* whose time is counted; 0: nobody's */
  gboolean shared; /* by decoders that take turns: some of its time is theirs */
  gint64 cpu_us;   /* the most of a processor's time that one call may take; of a shared one: until the next answer */
  gint64 wall_us;  /* and of time, less what the call back takes */
  gpointer keeper; /* passed to @end */
  /* The decoder is done with it. @kill: it must not go on. Called once. Returns how it ended, as of waitpid(2); -1: it
   * has not, or nobody knows. */
  int (*end) (gpointer keeper, gboolean kill);
} ApDecoderPeer;

/**
 * ap_decoder_process_new:
 *
 * A decoder in another process. It may have been taken over, and can still do no more than give wrong samples or fail:
 * what it says is checked, waiting for it has an end, and @pcm may stop it at any time.
 *
 * Errors: as ap_decoder_chain_new(), or AP_RECORDING_ERROR_DECODER_DIED.
 */
ApDecoder *ap_decoder_process_new (const ApDecoderPeer *peer, const ApDecoderSpec *spec, ApDecoderPcm pcm,
                                   gpointer owner, GError **error);

/* For tests: whose process it is. */
pid_t ap_decoder_process_get_pid (ApDecoder *decoder);
