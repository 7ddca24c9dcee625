/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is asked about recordings over HTTP. */
#pragma once

#include "recording-support.h"

#define SESSIONS_PATH "/api/audio/sessions"

/* @headers: lines, each ended with CRLF */
HttpAnswer *api_ask (RecordingServer *server, const char *method, const char *path, const char *headers);
/* @path: what comes behind the session's id */
HttpAnswer *api_ask_about (RecordingServer *server, const char *method, const char *id, const char *path,
                           const char *headers);
guint api_status (RecordingServer *server, const char *method, const char *id, const char *path);

/* The answer must have @status, and be an object of JSON; it lives as long as @parser. */
JsonObject *api_expect_object (const HttpAnswer *answer, guint status, JsonParser *parser);
/* Of a member: NULL, and -1, when there is none. */
const char *api_text (JsonObject *object, const char *name);
gint64 api_number (JsonObject *object, const char *name);

/* (transfer full): fill_pattern() of its own memory */
guint8 *make_pattern (gsize length, guint32 seed);

/* A session of one chunk of raw samples, acknowledged. */
Recorder *recorder_record (RecordingServer *server, guint rate, guint channels, gconstpointer samples, gsize length);

/* @suffix: `.wav`, `.jnl` */
gboolean recording_file_exists (RecordingServer *server, const char *id, const char *suffix);
/* (transfer full) */
char *recording_index_path (RecordingServer *server);
