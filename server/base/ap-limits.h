/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every bound of the server that is not an option, in one place. Sizes in bytes, times in seconds unless named
 * otherwise. */

/* One recv per readable socket and round: also the most that one client gets of a round. */
#define AP_RECEIVE_BYTES (64 * 1024)
/* Sockets served in one round of the event loop: few enough that what they brought is in the processor's cache when it
 * is sent. */
#define AP_ROUND_SOCKETS 32
/* A round of patient sockets that had no more of them than this is followed by a rest of so many microseconds from its
 * start, if the next would not be long in coming. Audio that is sent ahead of its time does not notice. */
#define AP_ROUND_FEW     8
#define AP_ROUND_REST_US 1000
/* Frames that go into the passthrough at once; what a round brings beyond them goes after them. As many buffers are
 * kept to be used again, so that small frames, which take a few bytes on the wire and a whole buffer here, do not fill
 * the memory. */
#define AP_BATCH_FRAMES 512
/* A session that has this much in its pipeline and its output queue together is not read from until half of it has
 * gone. */
#define AP_SESSION_HIGH_WATER (256 * 1024)
/* What a frame costs beside its bytes in the sum above, so that a flood of empty frames is bounded too. */
#define AP_FRAME_OVERHEAD 64
/* Over this in the output queue (and one frame more) the peer is cut off: its pipeline makes more than it reads. */
#define AP_OUTPUT_HARD_LIMIT (4 * 1024 * 1024)
/* A peer that reads nothing for so long, while there is something for it to read, is cut off. */
#define AP_OUTPUT_STALL_SECONDS 60
/* A silent peer is probed by TCP after so long, so often; without an answer its connection ends. */
#define AP_KEEPALIVE_IDLE_SECONDS     30
#define AP_KEEPALIVE_INTERVAL_SECONDS 10
#define AP_KEEPALIVE_PROBES           3
/* A pipeline gives nothing for so long while its session waits for it: the session ends. */
#define AP_PIPELINE_STALL_SECONDS 30
/* The closing handshake: from our close frame to the end of the socket. */
#define AP_CLOSE_SECONDS 5
/* Of the time that a shutdown has (at most half of it), what is kept for after the last session: the elements stop, the
 * last lines are written. */
#define AP_STOP_MS 1000
/* Of that: a reader of the frame log, or of the log, that has stopped reading is waited for so long. */
#define AP_STOP_LINES_MS 250
/* Without a byte from an HTTP client for so long, its connection is closed. */
#define AP_HTTP_IDLE_SECONDS 15
/* From its connection to its answer an HTTP request, or a handshake, takes no longer than this; a handler that answers
 * later must do so within two thirds of it. */
#define AP_HTTP_REQUEST_SECONDS 30
/* Bytes a second: a client that reads a long answer more slowly, all in all, does not get its end. */
#define AP_HTTP_LEAST_RATE (16 * 1024)
/* Without a byte taken of a long answer for so long, its connection is closed. What the two systems keep of it goes on
 * in steps of megabytes: who reads steadily, but slowly, seems to take nothing for minutes. 4 MiB at the rate above. */
#define AP_HTTP_STALL_SECONDS 300
/* Of a file that is an answer, so much is in memory at a time. */
#define AP_HTTP_PIECE_BYTES (128 * 1024)
/* Bodies of requests that may be long (files to be played), from their first byte until nobody needs them, of the whole
 * process. */
#define AP_HTTP_BODIES_BYTES (1024 * 1024 * 1024)
/* The listening sockets' backlog. libsoup's own is 10, with which a thousand clients at once wait for seconds. */
#define AP_LISTEN_BACKLOG 4096
/* Connections accepted in one go. */
#define AP_ACCEPT_BATCH 64
/* The pause after the system has refused a new descriptor. */
#define AP_ACCEPT_PAUSE_MS 100
/* Without a refusal for so long, the system accepts again: what is told once. */
#define AP_ACCEPT_CALM_SECONDS 2
/* What the writer of log lines holds back for a reader that is slow; what does not fit is dropped and counted. */
#define AP_LINE_WRITER_BYTES (1024 * 1024)
/* Where memory is limited, so much of it is left for the sessions that are there: with less, no further one is let in;
 * with half of it, no further connection. */
#define AP_MEMORY_RESERVE (32 * 1024 * 1024)
/* How long the check of a pipeline at start-up waits for it to give a first sign. */
#define AP_PIPELINE_CHECK_SECONDS 5
/* Graphs of pipelines that one SIGUSR1 writes. */
#define AP_GRAPHS 32
