/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "log"

#include "base/ap-log.h"

#include "base/ap-json.h"
#include "base/ap-line-writer.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#define STDERR_WAIT_MS 1000

static GLogLevelFlags least_level = G_LOG_LEVEL_INFO;
static ApLogFormat log_format = AP_LOG_FORMAT_TEXT;
static ApLineWriter *log_writer; /* atomic; NULL: lines are written where they arise */

static const char *
level_name (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning";
  if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return "info";
  return "debug";
}

static const char *
field_value (const GLogField *fields, gsize n_fields, const char *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].value;
  return NULL;
}

/* RFC 3339, UTC, milliseconds. */
static char *
timestamp_now (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *seconds = g_date_time_format (now, "%Y-%m-%dT%H:%M:%S");

  return g_strdup_printf ("%s.%03dZ", seconds, g_date_time_get_microsecond (now) / 1000);
}

static char *
format_json (const char *time, const char *level, const char *domain, const char *message)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "time");
  json_builder_add_string_value (builder, time);
  json_builder_set_member_name (builder, "level");
  json_builder_add_string_value (builder, level);
  json_builder_set_member_name (builder, "domain");
  json_builder_add_string_value (builder, domain);
  json_builder_set_member_name (builder, "message");
  json_builder_add_string_value (builder, message);
  json_builder_end_object (builder);
  return ap_json_builder_take (builder);
}

/* One event, one line: whatever a peer managed to get into a message can neither forge a second one nor steer the
 * terminal of who reads it. */
static void
blank_controls (char *text)
{
  while (*text != '\0') {
    char *next = g_utf8_next_char (text);

    if (g_unichar_iscntrl (g_utf8_get_char (text)))
      memset (text, ' ', (gsize)(next - text));
    text = next;
  }
}

static char *
format_line (GLogLevelFlags level, const char *domain, const char *message)
{
  g_autofree char *time = timestamp_now ();
  g_autofree char *valid = g_utf8_make_valid (message, -1);

  if (log_format == AP_LOG_FORMAT_JSON)
    return format_json (time, level_name (level), domain, valid);
  blank_controls (valid);
  return g_strdup_printf ("%s %-7s %s: %s", time, level_name (level), domain, valid);
}

/* One write a line, so that lines of several threads never mix. There is nobody to tell when it fails, and a stderr
 * that nobody reads gets a second for each line: the end of the program does not wait for it. */
static gboolean
write_line (const char *line)
{
  struct pollfd poll_fd = { .fd = STDERR_FILENO, .events = POLLOUT };

  return poll (&poll_fd, 1, STDERR_WAIT_MS) > 0 && write (STDERR_FILENO, line, strlen (line)) >= 0;
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  const char *domain = field_value (fields, n_fields, "GLIB_DOMAIN");
  const char *message = field_value (fields, n_fields, "MESSAGE");
  g_autofree char *line = NULL;
  g_autofree char *with_end = NULL;
  ApLineWriter *writer;

  if ((level & G_LOG_LEVEL_MASK) > least_level && !(level & G_LOG_LEVEL_MESSAGE))
    return G_LOG_WRITER_HANDLED;
  line = format_line (level, domain != NULL ? domain : "-", message != NULL ? message : "");
  with_end = g_strconcat (line, "\n", NULL);
  writer = g_atomic_pointer_get (&log_writer);
  if (writer != NULL && !(level & G_LOG_FLAG_FATAL)) {
    ap_line_writer_append (writer, with_end, strlen (with_end));
    return G_LOG_WRITER_HANDLED;
  }
  return write_line (with_end) ? G_LOG_WRITER_HANDLED : G_LOG_WRITER_UNHANDLED;
}

void
ap_log_init (GLogLevelFlags level, ApLogFormat format)
{
  least_level = level;
  log_format = format;
  g_log_set_writer_func (write_log, NULL, NULL);
}

static void
report_dropped (guint64 lines)
{
  ap_warning ("stderr does not keep up: %" G_GUINT64_FORMAT " lines of the log were dropped", lines);
}

void
ap_log_start_thread (void)
{
  g_atomic_pointer_set (&log_writer, ap_line_writer_new (STDERR_FILENO, report_dropped));
}

void
ap_log_stop_thread (void)
{
  /* What its own thread still has to say is written by that thread. */
  ApLineWriter *ended = g_atomic_pointer_exchange (&log_writer, NULL);

  ap_line_writer_free (ended);
}
