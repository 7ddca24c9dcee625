/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of Twilio, all in one thread: each says a frame every 20 ms, at times that are fixed from the start, and hears
 * the echo. What is wrong with an echo ends the program. */
#pragma once

#include "server-process.h"

/* Calls that are open on a server. */
typedef struct _CallLoad CallLoad;

/**
 * CallLoadResult:
 * @lateness: p50 to max, in milliseconds: from the time when the frame that completes an echo was to be said, to the
 * echo
 * @late_reads: frames that a socket did not take, because the server reads too slowly; the load stops at the first
 * @sender_p99, @sender_max: how late frames were said, in milliseconds; the latter also before the time that is
 * measured. What is late by more than a server sends ahead makes a call late for good, whoever serves it
 * @cpu_per_frame: of the server, in microseconds for a frame there and back; @cpu_percent: of one core
 * @own_cpu_per_frame: of the load itself, likewise
 * @kib: that the server has grown by since before the calls, for each; @threads: by which it has
 * @set_up_us: from the handshake of the first call to the start of the last, for each
 */
typedef struct {
  double p50, p99, p999, max;
  double late_reads, sender_p99, sender_max;
  double cpu_per_frame, cpu_percent, own_cpu_per_frame;
  double kib, threads, set_up_us;
} CallLoadResult;

/* Opens so many calls, and waits until they have started. */
CallLoad *call_load_open (ServerProcess *server, guint calls);
void call_load_close (CallLoad *load);

/* Lets them talk for @seconds and a little while before, that is not measured. May be called over and over. */
void call_load_talk (CallLoad *load, double seconds, CallLoadResult *result);
