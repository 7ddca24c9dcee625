/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The log on stderr: one line an event, as text or as JSON. Each file names its room by G_LOG_DOMAIN before the
 * includes; GLib's, GStreamer's and libsoup's own messages come out the same way. Any thread may log. */

typedef enum {
  AP_LOG_FORMAT_TEXT,
  AP_LOG_FORMAT_JSON,
} ApLogFormat;

/**
 * ap_log_init:
 * @level: the least important level that is written
 * @format: how a line looks
 *
 * To be called once, before any thread is started.
 */
void ap_log_init (GLogLevelFlags level, ApLogFormat format);

/* From now on lines are written by a thread of their own, so that a log that nobody reads holds up nothing; those that
 * it does not take are dropped and counted. */
void ap_log_start_thread (void);
/* The end of that: writes what waits, for at most a second. No other thread may log any more. */
void ap_log_stop_thread (void);

#define ap_error(...)   g_log (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, __VA_ARGS__)
#define ap_warning(...) g_log (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, __VA_ARGS__)
/* What is written at every level: where the server listens. */
#define ap_notice(...) g_log (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, __VA_ARGS__)
#define ap_info(...)   g_log (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, __VA_ARGS__)
#define ap_debug(...)  g_log (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, __VA_ARGS__)
