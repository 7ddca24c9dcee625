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

/* What ap_log_event() passes through GLib to the writer: a GLogField of its own with this inside. */
#define FIELDS_KEY "AP_FIELDS"

typedef struct {
  const ApLogField *fields;
  gsize n;
} Fields;

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

static gconstpointer
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

static void
append_json_text (GString *line, const char *key, const char *value)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), value);
  g_autofree char *quoted = json_to_string (node, FALSE);

  g_string_append_printf (line, "%s\"%s\":%s", line->len > 1 ? "," : "", key, quoted);
}

/* Whole, or in seconds with three places, in every locale. */
static void
append_number (GString *line, const ApLogField *field)
{
  if (field->is_time)
    g_string_append_printf (line, "%" G_GUINT64_FORMAT ".%03u", field->number / G_USEC_PER_SEC,
                            (guint)(field->number % G_USEC_PER_SEC / 1000));
  else
    g_string_append_printf (line, "%" G_GUINT64_FORMAT, field->number);
}

static char *
format_json (const char *time, const char *level, const char *domain, const char *message, const Fields *fields)
{
  GString *line = g_string_new ("{");

  append_json_text (line, "time", time);
  append_json_text (line, "level", level);
  append_json_text (line, "domain", domain);
  append_json_text (line, "message", message);
  for (gsize i = 0; i < fields->n; i++) {
    const ApLogField *field = &fields->fields[i];
    g_autofree char *valid = field->text != NULL ? g_utf8_make_valid (field->text, -1) : NULL;

    if (valid != NULL) {
      append_json_text (line, field->key, valid);
      continue;
    }
    g_string_append_printf (line, ",\"%s\":", field->key);
    append_number (line, field);
  }
  g_string_append_c (line, '}');
  return g_string_free (line, FALSE);
}

/* Controls, what some programs take for the end of a line, and marks that turn the direction of a text. */
static gboolean
is_control (gunichar character)
{
  GUnicodeType type = g_unichar_type (character);

  return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT || type == G_UNICODE_LINE_SEPARATOR ||
         type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* One event, one line: whatever a peer managed to get into a message can neither forge a second one nor steer the
 * terminal of who reads it. */
static void
blank_controls (char *text)
{
  while (*text != '\0') {
    char *next = g_utf8_next_char (text);

    if (is_control (g_utf8_get_char (text)))
      memset (text, ' ', (gsize)(next - text));
    text = next;
  }
}

static gboolean
is_word (const char *text)
{
  while (g_ascii_isgraph (*text) && strchr ("\"=\\", *text) == NULL)
    text++;
  return *text == '\0';
}

/* In quotes where a reader of words could not tell where it ends. */
static void
append_text (GString *line, const char *text)
{
  if (is_word (text)) {
    g_string_append (line, text);
    return;
  }
  g_string_append_c (line, '"');
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_c (line, '\\');
    g_string_append_c (line, *text);
  }
  g_string_append_c (line, '"');
}

static char *
format_text (const char *time, const char *level, const char *domain, const char *message, const Fields *fields)
{
  g_autoptr (GString) line = g_string_new (NULL);
  char *valid;

  g_string_append_printf (line, "%s %-7s %s: %s", time, level, domain, message);
  for (gsize i = 0; i < fields->n; i++) {
    if (fields->fields[i].text != NULL && *fields->fields[i].text == '\0')
      continue;
    g_string_append_printf (line, " %s=", fields->fields[i].key);
    if (fields->fields[i].text != NULL)
      append_text (line, fields->fields[i].text);
    else
      append_number (line, &fields->fields[i]);
  }
  valid = g_utf8_make_valid (line->str, -1);
  blank_controls (valid);
  return valid;
}

static char *
format_line (GLogLevelFlags level, const char *domain, const char *message, const Fields *fields)
{
  g_autofree char *time = timestamp_now ();
  g_autofree char *valid = g_utf8_make_valid (message, -1);

  return (log_format == AP_LOG_FORMAT_JSON ? format_json : format_text) (time, level_name (level), domain, valid,
                                                                         fields);
}

/* One write a line, so that lines of several threads never mix. There is nobody to tell when it fails, and a stderr
 * that nobody reads gets a second for each line: the end of the program does not wait for it. */
static gboolean
write_line (const char *line)
{
  struct pollfd poll_fd = { .fd = STDERR_FILENO, .events = POLLOUT };

  return poll (&poll_fd, 1, STDERR_WAIT_MS) > 0 && write (STDERR_FILENO, line, strlen (line)) >= 0;
}

/* Returns FALSE when it could not be written. */
static gboolean
write_event (GLogLevelFlags level, const char *domain, const char *message, const Fields *fields)
{
  g_autofree char *line = format_line (level, domain, message, fields);
  g_autofree char *with_end = g_strconcat (line, "\n", NULL);
  ApLineWriter *writer = g_atomic_pointer_get (&log_writer);

  if (writer == NULL || (level & G_LOG_FLAG_FATAL))
    return write_line (with_end);
  ap_line_writer_append (writer, with_end, strlen (with_end));
  return TRUE;
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  static const Fields none;
  const char *domain = field_value (fields, n_fields, "GLIB_DOMAIN");
  const char *message = field_value (fields, n_fields, "MESSAGE");
  const Fields *own = field_value (fields, n_fields, FIELDS_KEY);

  if ((level & G_LOG_LEVEL_MASK) > least_level && !(level & G_LOG_LEVEL_MESSAGE))
    return G_LOG_WRITER_HANDLED;
  return write_event (level, domain != NULL ? domain : "-", message != NULL ? message : "", own != NULL ? own : &none)
             ? G_LOG_WRITER_HANDLED
             : G_LOG_WRITER_UNHANDLED;
}

void
ap_log_event (const char *domain, GLogLevelFlags level, const char *message, const ApLogField *fields, gsize n_fields)
{
  const Fields own = { fields, n_fields };
  const GLogField all[] = {
    { "GLIB_DOMAIN", domain, -1 },
    { "MESSAGE", message, -1 },
    { FIELDS_KEY, &own, sizeof own },
  };

  g_log_structured_array (level, all, G_N_ELEMENTS (all));
}

void
ap_log_write (GLogLevelFlags level, const char *domain, const char *message)
{
  write_event (level, domain, message, &(const Fields){ 0 });
}

guint64
ap_log_get_dropped (void)
{
  ApLineWriter *writer = g_atomic_pointer_get (&log_writer);

  return writer != NULL ? ap_line_writer_get_dropped (writer) : 0;
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
