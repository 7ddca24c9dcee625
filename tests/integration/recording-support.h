/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of recordings share: a server with a folder for them, clients that know their session, and the files.
 */
#pragma once

#include "support.h"

#define RECORDING_PATH "/api/ws/audio"

typedef struct _RecordingServer RecordingServer;

/* @settings: NULL-terminated "NAME=value" of the environment */
RecordingServer *recording_server_start_with (const char *const *settings);
/* recording_server_start ("MAX_CHUNK_SIZE_MB=1") */
#define recording_server_start(...)                                                                                    \
  recording_server_start_with ((const char *const[]){ __VA_ARGS__ __VA_OPT__ (, ) NULL })
/* Ends the server, which must be in order, and starts it again over the same folder. */
void recording_server_restart (RecordingServer *self);
/* Ends the server, which must be in order, and removes the folder. */
void recording_server_stop (RecordingServer *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RecordingServer, recording_server_stop)

guint16 recording_server_port (RecordingServer *self);
ServerProcess *recording_server_process (RecordingServer *self);
/* The folder in which the folder with the recordings is, and nothing else. */
const char *recording_server_folder (RecordingServer *self);

/* One connection of a session, and what the session should have by now. */
typedef struct {
  WsClient *ws;
  char *id;
  guint rate, channels;
  const char *format;
} Recorder;

/* Begins a session, and expects the greeting to the byte. @format: NULL: not asked for */
Recorder *recorder_create (RecordingServer *server, const char *format, guint rate, guint channels);
Recorder *recorder_create_for (RecordingServer *server, const char *user, const char *format, guint rate,
                               guint channels);
/* One more connection of the same session. */
Recorder *recorder_join (RecordingServer *server, const Recorder *other);
/* Ends the connection, without a closing handshake, and keeps what is known of the session. */
void recorder_hang_up (Recorder *self);
void recorder_free (Recorder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recorder, recorder_free)

void recorder_send (Recorder *self, gconstpointer data, gsize len);
void recorder_say (Recorder *self, const char *text);
void recorder_say_status (Recorder *self);
void recorder_say_close (Recorder *self);

/* The figures of a session as its messages tell them. */
typedef struct {
  guint64 chunks, bytes, frames;
} Figures;

/* Each returns whether the next message is that one to the byte. */
gboolean recorder_expect_text (Recorder *self, const char *expected);
gboolean recorder_expect_ack (Recorder *self, gsize chunk_bytes, Figures now);
gboolean recorder_expect_status (Recorder *self, Figures now);
gboolean recorder_expect_completed (Recorder *self, Figures now);
/* The next message is a failure with that word, and the count is still @chunks. */
gboolean recorder_expect_failure (Recorder *self, const char *error, guint64 chunks);

/* (transfer full) (nullable): the next message, which must be text, as an object; lives as long as @parser */
JsonObject *recorder_read (WsClient *ws, JsonParser *parser);

/* Says status, and expects the answer. */
gboolean recorder_check_status (Recorder *self, Figures now);

/* Says close_session, and expects `completed` and 1000. */
void recorder_finish (Recorder *self, Figures total);

/* (transfer full): the samples of the WAV in the folder, whose header must be in order and of that rate and channels */
GBytes *recorder_samples (RecordingServer *server, const Recorder *self);
void recorder_assert_samples (RecordingServer *server, const Recorder *self, gconstpointer samples, gsize len);

/* Waits until HTTP says that the session has that status. */
void recorder_wait_status (RecordingServer *server, const char *id, const char *status);
