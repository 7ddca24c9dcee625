/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings that are sent as they would be made: all in one thread, each a chunk of 100 ms ten times a second, at
 * times that are fixed from the start. What is wrong with an answer ends the program. */
#pragma once

#include "server-process.h"

/* Recordings that are open on a server. */
typedef struct _RecordingLoad RecordingLoad;

/**
 * RecordingLoadResult:
 * @p50, @p95, @p99: from the time when a chunk was to be sent to its acknowledgement, in milliseconds
 * @sender_p99: how late chunks were sent, in milliseconds
 * @cpu_per_chunk: of the server and its children, in microseconds
 * @times_realtime: seconds of audio that one core takes in a second, at that cost
 * @kib: that the server and its children have grown by since before the recordings, for each
 */
typedef struct {
  double p50, p95, p99, sender_p99;
  double cpu_per_chunk, times_realtime;
  double kib;
} RecordingLoadResult;

#define RECORDING_CHUNKS_PER_SECOND 10

/* Opens so many recordings with @query, of @file, which is that many seconds long and sent over and over. */
RecordingLoad *recording_load_open (ServerProcess *server, const char *query, GBytes *file, guint file_seconds,
                                    guint recordings);
/* The recordings stay as they are. */
void recording_load_close (RecordingLoad *load);

/* Sends for @seconds, and a second before, that is not measured. */
void recording_load_send (RecordingLoad *load, double seconds, RecordingLoadResult *result);
