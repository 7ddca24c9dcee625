/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "endpoints/recording/decoder/ap-decoder.h"

#include <sys/types.h>

/* Where decoders of compressed formats run. What comes from clients goes through libraries of which each has had holes;
 * in a process under Landlock, seccomp and limits such a hole opens on nothing. */
typedef enum {
  AP_SANDBOX_SESSION, /* a process for each decoder: what breaks into one hears one recording */
  AP_SANDBOX_POOL,    /* a process for each core: less memory for each decoder, but they share their fate */
  AP_SANDBOX_OFF,     /* in the server */
} ApSandbox;

typedef struct _ApDecoderLauncher ApDecoderLauncher;

/**
 * ap_decoder_launcher_new:
 *
 * Starts nothing: the process that decoders come from is made with the first one, and again when it has died.
 *
 * Where the system cannot make the sandbox, that is told in the log, and compressed formats are refused.
 */
ApDecoderLauncher *ap_decoder_launcher_new (ApSandbox mode);

/* Ends all decoders' processes at once, and lets nobody have another: decoders fail with DECODER_DIED,
 * ap_decoder_launcher_open() with CLOSED. From any thread. Those in this process go on. */
void ap_decoder_launcher_stop (ApDecoderLauncher *launcher);

/* After the last decoder. Leaves no process behind. */
void ap_decoder_launcher_free (ApDecoderLauncher *launcher);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApDecoderLauncher, ap_decoder_launcher_free)

/**
 * ap_decoder_launcher_open:
 *
 * A decoder as ap_decoder_chain_new() makes one, in this process for PCM and WAV, which are decoded by this project's
 * code. From any thread, and blocking: for a few milliseconds, for some hundred with the first.
 *
 * Errors: as ap_decoder_chain_new(), also where there can be no sandbox; AP_ERROR_UNAVAILABLE: no process;
 * AP_RECORDING_ERROR: DECODER_DIED, CLOSED.
 */
ApDecoder *ap_decoder_launcher_open (ApDecoderLauncher *launcher, const ApDecoderSpec *spec, ApDecoderPcm pcm,
                                     gpointer owner, GError **error);

/* For tests: the process that decoders' processes come from; 0: there is none. */
pid_t ap_decoder_launcher_get_pid (ApDecoderLauncher *launcher);
