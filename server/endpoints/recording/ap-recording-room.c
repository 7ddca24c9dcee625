/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-room.h"

#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "endpoints/recording/ap-recording-api.h"
#include "endpoints/recording/ap-recording-endpoint.h"
#include "endpoints/recording/ap-recording-store.h"

#include <gst/gst.h>

#define OFFSET(field) G_STRUCT_OFFSET (ApRecordingSettings, field)

/* The variables are those that users of this API have in their files already. */
static const ApOption options[] = {
  { "Recording", "storage-path", AP_OPTION_TEXT, OFFSET (storage_path), "FOLDER", NULL,
    "where recordings are kept; not set, audio_sessions in the working folder" },
  { NULL, "default-sample-rate", AP_OPTION_CHOICE, OFFSET (default_sample_rate), "HZ", "44100",
    "of a session that asks for none", .choices = { "8000", "16000", "22050", "44100", "48000", "96000" },
    .variable = "DEFAULT_SAMPLE_RATE" },
  { NULL, "default-channels", AP_OPTION_NUMBER, OFFSET (default_channels), "N", "1", "of a session that asks for none",
    1, 2, .variable = "DEFAULT_CHANNELS" },
  { NULL, "default-format", AP_OPTION_CHOICE, OFFSET (default_format), "FORMAT", "wav",
    "of a session that asks for none", .choices = { "wav", "mp3", "flac", "aac", "ogg", "webm" },
    .variable = "DEFAULT_FORMAT" },
  { NULL, "recording-ack", AP_OPTION_CHOICE, OFFSET (ack), "WHEN", "synced",
    "a chunk is acknowledged when a power cut cannot take it (synced), or when a crash of the server cannot (written)",
    .choices = { "synced", "written" }, .variable = "RECORDING_ACK" },
  { NULL, "recording-sync", AP_OPTION_CHOICE, OFFSET (sync), "HOW", "pool",
    "each file by itself (pool), or all together (syncfs), for a disk that hundreds of recordings have to themselves",
    .choices = { "pool", "syncfs" }, .variable = "RECORDING_SYNC" },
  { NULL, "recording-sync-interval-ms", AP_OPTION_NUMBER, OFFSET (sync_interval_ms), "N", "0",
    "how often the disk is synced at most; 0: as often as it can", 0, 10000, .variable = "RECORDING_SYNC_INTERVAL_MS" },
  { NULL, "decoder-sandbox", AP_OPTION_CHOICE, OFFSET (sandbox), "HOW", "session",
    "compressed audio is decoded by a locked-in process for each session, by a pool of them, or by the server itself",
    .choices = { "session", "pool", "off" }, .variable = "DECODER_SANDBOX" },
  { NULL, "max-session-hours", AP_OPTION_NUMBER, OFFSET (max_duration_hours), "N", "24",
    "a session that has lasted so long is completed", 1, 24 * 366, .variable = "MAX_SESSION_DURATION_HOURS" },
  { NULL, "max-chunk-mb", AP_OPTION_NUMBER, OFFSET (max_chunk_mb), "N", "10", "largest chunk that is taken, in MiB", 1,
    256, .variable = "MAX_CHUNK_SIZE_MB" },
  { NULL, "max-message-bytes", AP_OPTION_NUMBER, OFFSET (max_message_bytes), "N", "10485760",
    "largest message of a recording's client; a larger one closes with 1009", 1024, 256 * 1024 * 1024,
    .variable = "MAX_MESSAGE_SIZE_BYTES" },
  { NULL, "max-sessions", AP_OPTION_NUMBER, OFFSET (max_sessions), "N", "100", "most sessions that are active at once",
    1, 1000000, .variable = "MAX_CONCURRENT_SESSIONS" },
  { NULL, "max-session-connections", AP_OPTION_NUMBER, OFFSET (max_connections), "N", "5",
    "most connections of a session at once", 1, 1000, .variable = "MAX_CONNECTIONS_PER_SESSION" },
  { NULL, "session-timeout-seconds", AP_OPTION_NUMBER, OFFSET (timeout_seconds), "N", "300",
    "a session that nobody has sent to for so long is completed", 1, 366 * 86400,
    .variable = "CONNECTION_TIMEOUT_SECONDS" },
  { NULL, "max-realtime-factor", AP_OPTION_NUMBER, OFFSET (max_realtime_factor), "N", "100",
    "a session gets no more audio than so many times its age, and a minute, or than a file of 4 kbit/s has", 1, 1000000,
    .variable = "MAX_REALTIME_FACTOR" },
  { NULL, "max-user-sessions", AP_OPTION_NUMBER, OFFSET (max_user_sessions), "N", "0",
    "most sessions of a user that are active at once; 0: any number", 0, 1000000, .variable = "MAX_USER_SESSIONS" },
  { NULL, "max-user-mb", AP_OPTION_NUMBER, OFFSET (max_user_mb), "N", "0",
    "most that the recordings of a user may have on the disk, in MiB; 0: any size", 0, 1000000000,
    .variable = "MAX_USER_MB" },
  { NULL, "min-free-mb", AP_OPTION_NUMBER, OFFSET (min_free_mb), "N", "100",
    "with less free on the disk, in MiB, no session begins", 0, 1000000000, .variable = "MIN_FREE_MB" },
  { NULL, "retention-days", AP_OPTION_NUMBER, OFFSET (retention_days), "N", "0",
    "recordings that ended so long ago are removed; 0: none are", 0, 100000, .variable = "RETENTION_DAYS" },
  { NULL, "expose-file-path", AP_OPTION_FLAG, OFFSET (expose_file_path), NULL, NULL,
    "tell clients the whole path of a recording's file, not its name alone", .variable = "EXPOSE_FILE_PATH" },
  { NULL, "ffmpeg-loglevel", AP_OPTION_CHOICE, OFFSET (ffmpeg_loglevel), "LEVEL", NULL,
    "what GStreamer logs, by the names and numbers of another program",
    .choices = { "quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace", "-8", "0", "8",
                 "16", "24", "32", "40", "48", "56" },
    .variable = "FFMPEG_LOGLEVEL" },
  { 0 },
};

static const ApHttpRoute routes[] = {
  { "GET", "/api/audio/sessions", ap_recording_api_list },
  { "GET", "/api/audio/sessions/{id}", ap_recording_api_show },
  { "POST", "/api/audio/sessions/{id}/close", ap_recording_api_close, .max_body = AP_RECORDING_API_BODY },
  { "GET", "/api/audio/sessions/{id}/audio", ap_recording_api_audio },
  { "GET", "/api/audio/sessions/{id}/peaks", ap_recording_api_peaks },
  { "DELETE", "/api/audio/sessions/{id}", ap_recording_api_delete },
  { 0 },
};

static const ApEndpoint *const endpoints[] = { &ap_recording_create_endpoint, &ap_recording_join_endpoint, NULL };

/* GST_DEBUG, where it is set, says more, and goes first. */
static void
set_log_level (const char *choice)
{
  static const struct {
    const char *name, *number;
    GstDebugLevel level;
  } levels[] = {
    { "quiet", "-8", GST_LEVEL_NONE },   { "panic", "0", GST_LEVEL_NONE },       { "fatal", "8", GST_LEVEL_ERROR },
    { "error", "16", GST_LEVEL_ERROR },  { "warning", "24", GST_LEVEL_WARNING }, { "info", "32", GST_LEVEL_FIXME },
    { "verbose", "40", GST_LEVEL_INFO }, { "debug", "48", GST_LEVEL_DEBUG },     { "trace", "56", GST_LEVEL_TRACE },
  };

  if (choice == NULL || g_getenv ("GST_DEBUG") != NULL)
    return;
  for (gsize i = 0; i < G_N_ELEMENTS (levels); i++)
    if (g_str_equal (choice, levels[i].name) || g_str_equal (choice, levels[i].number))
      gst_debug_set_default_threshold (levels[i].level);
}

static gpointer
start (gconstpointer data, GError **error)
{
  const ApRecordingSettings *settings = data;

  set_log_level (settings->ffmpeg_loglevel);
  return ap_recording_store_new (settings);
}

static void
stop (gpointer room)
{
  ap_recording_store_free (room);
}

static const char *
refusal (gpointer room)
{
  return ap_recording_store_is_away (room) ? "the folder of recordings cannot be used; the log tells why" : NULL;
}

const ApRoom ap_recording_room = {
  .name = "recording",
  .endpoints = endpoints,
  .routes = routes,
  .options = options,
  .settings_size = sizeof (ApRecordingSettings),
  .start = start,
  .stop = stop,
  .refusal = refusal,
  .helper = ap_decoder_mother_main,
};
