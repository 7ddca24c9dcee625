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

/* A fact of an event: a member of the line's JSON object, or `key=value` in text, which leaves out empty ones. */
typedef struct {
  const char *key;
  const char *text; /* NULL: it is a number */
  guint64 number;
  gboolean is_time; /* @number is microseconds, and written as seconds */
} ApLogField;

#define AP_LOG_TEXT(k, value)   ((ApLogField){ .key = (k), .text = (value) })
#define AP_LOG_NUMBER(k, value) ((ApLogField){ .key = (k), .number = (value) })
#define AP_LOG_SECONDS(k, us)   ((ApLogField){ .key = (k), .number = (us), .is_time = TRUE })

/**
 * ap_log_event:
 * @message: what happened, the same words every time
 *
 * Logs an event with facts that programs are to read.
 */
void ap_log_event (const char *domain, GLogLevelFlags level, const char *message, const ApLogField *fields,
                   gsize n_fields);

/* Writes a line whatever the least level is: for what has been chosen already. */
void ap_log_write (GLogLevelFlags level, const char *domain, const char *message);

/* Lines of the log that were dropped because nobody read them. Not while ap_log_stop_thread() runs. */
guint64 ap_log_get_dropped (void);

#define ap_event(level, message, ...)                                                                                  \
  ap_log_event (G_LOG_DOMAIN, level, message, (const ApLogField[]){ __VA_ARGS__ },                                     \
                sizeof ((const ApLogField[]){ __VA_ARGS__ }) / sizeof (ApLogField))
#define ap_error(...)   g_log (G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, __VA_ARGS__)
#define ap_warning(...) g_log (G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, __VA_ARGS__)
/* What is written at every level: where the server listens. */
#define ap_notice(...) g_log (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, __VA_ARGS__)
#define ap_info(...)   g_log (G_LOG_DOMAIN, G_LOG_LEVEL_INFO, __VA_ARGS__)
#define ap_debug(...)  g_log (G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, __VA_ARGS__)
