/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines to a pipe from a thread of its own: all of them in order while the reader keeps up, a count of those lost when
 * it does not, and an end that nobody can hold up. */
#include "base/ap-limits.h"
#include "base/ap-line-writer.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "test-wait.h"

static guint64 dropped;   /* by the writer's thread; read after its end */
static gint held;         /* whether the writer's thread is to stay where it tells of dropped lines */
static gint64 held_until; /* monotonic time; set before it is let go */

static void
count_dropped (guint64 lines)
{
  dropped += lines;
  while (g_atomic_int_get (&held) || g_get_monotonic_time () < held_until)
    g_poll (NULL, 0, 1);
}

typedef struct {
  int fds[2]; /* of a pipe: what is written comes out of the first */
  ApLineWriter *writer;
  gint lines; /* that the reader has read */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  dropped = 0;
  held_until = 0;
  g_assert_true (g_unix_open_pipe (fixture->fds, FD_CLOEXEC, NULL));
  fixture->writer = ap_line_writer_new (fixture->fds[1], count_dropped);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->fds[0]);
}

static void
end_writer (Fixture *fixture)
{
  g_clear_pointer (&fixture->writer, ap_line_writer_free);
  close (fixture->fds[1]);
}

/* Reads to the end of the pipe. */
static gpointer
read_all (gpointer data)
{
  Fixture *fixture = data;
  GString *text = g_string_new (NULL);
  char bytes[4096];
  gssize n;

  while ((n = read (fixture->fds[0], bytes, sizeof bytes)) > 0) {
    g_string_append_len (text, bytes, n);
    for (gssize i = 0; i < n; i++)
      g_atomic_int_add (&fixture->lines, bytes[i] == '\n');
  }
  return text;
}

/* The writer's end is no time to read in: a busy machine may keep the reader for longer. */
static void
await_lines (Fixture *fixture, guint n)
{
  g_assert_true (
      test_wait_until ((guint)g_atomic_int_get (&fixture->lines) + ap_line_writer_get_dropped (fixture->writer) == n));
}

static void
append_numbers (Fixture *fixture, guint first, guint n)
{
  for (guint i = first; i < first + n; i++) {
    char line[32];
    int length = g_snprintf (line, sizeof line, "%u\n", i);
    ap_line_writer_append (fixture->writer, line, (gsize)length);
  }
}

/* Checks that @text is numbers in growing order, one a line. Returns how many. In place, because sanitizers look at all
 * of a string each time that something is searched in it. */
static guint
count_numbers (const char *text)
{
  guint64 last = 0;
  guint n = 0;

  for (const char *line = text; *line != '\0'; n++) {
    char *end = NULL;
    guint64 number = g_ascii_strtoull (line, &end, 10);

    g_assert_true (g_ascii_isdigit (*line) && *end == '\n');
    g_assert_cmpuint (number, >, last);
    last = number;
    line = end + 1;
  }
  return n;
}

static void
test_in_order (Fixture *fixture, gconstpointer data)
{
  GThread *reader = g_thread_new ("reader", read_all, fixture);
  GString *text;

  append_numbers (fixture, 1, 50000);
  await_lines (fixture, 50000);
  end_writer (fixture);
  text = g_thread_join (reader);
  g_assert_cmpuint (count_numbers (text->str), ==, 50000);
  g_assert_cmpuint (dropped, ==, 0);
  g_string_free (text, TRUE);
}

/* A line comes out by itself, without another one or the end behind it. */
static void
test_single_line (Fixture *fixture, gconstpointer data)
{
  char line[8] = { 0 };

  append_numbers (fixture, 7, 1);
  g_assert_cmpint (read (fixture->fds[0], line, sizeof line), ==, 2);
  g_assert_cmpstr (line, ==, "7\n");
  end_writer (fixture);
}

/* Nobody reads while lines for many times the buffer come: what came is whole lines, and lost ones are all counted. */
static void
test_slow_reader (Fixture *fixture, gconstpointer data)
{
  const guint n = 4 * AP_LINE_WRITER_BYTES / 7;
  GThread *reader;
  GString *text;
  guint came;

  append_numbers (fixture, 1, n);
  reader = g_thread_new ("reader", read_all, fixture);
  await_lines (fixture, n);
  end_writer (fixture);
  text = g_thread_join (reader);
  came = count_numbers (text->str);
  g_assert_cmpuint (dropped, >, 0);
  g_assert_cmpuint (came + dropped, ==, n);
  g_string_free (text, TRUE);
}

/* A reader that has stopped keeps nobody: neither those who append nor the end. */
static void
test_stopped_reader (Fixture *fixture, gconstpointer data)
{
  append_numbers (fixture, 1, AP_LINE_WRITER_BYTES / 2);
  end_writer (fixture);
}

static void
test_vanished_reader (Fixture *fixture, gconstpointer data)
{
  close (fixture->fds[0]);
  append_numbers (fixture, 1, 1000);
  end_writer (fixture);
  fixture->fds[0] = -1;
}

static void
test_too_long (Fixture *fixture, gconstpointer data)
{
  g_autofree char *line = g_strnfill (AP_LINE_WRITER_BYTES + 1, 'x');
  GThread *reader = g_thread_new ("reader", read_all, fixture);
  GString *text;

  ap_line_writer_append (fixture->writer, line, AP_LINE_WRITER_BYTES + 1);
  append_numbers (fixture, 1, 1);
  await_lines (fixture, 2);
  end_writer (fixture);
  text = g_thread_join (reader);
  g_assert_cmpstr (text->str, ==, "1\n");
  g_assert_cmpuint (dropped, ==, 1);
  g_string_free (text, TRUE);
}

/* The end's time passes while the writer's thread is kept from its work: what waits is written all the same, because
 * the reader takes it. */
static void
test_late_writer (Fixture *fixture, gconstpointer data)
{
  const guint n = 4 * AP_LINE_WRITER_BYTES / 7;
  GThread *reader;
  GString *text;
  guint64 lost;

  g_atomic_int_set (&held, TRUE);
  append_numbers (fixture, 1, n);
  lost = ap_line_writer_get_dropped (fixture->writer);
  reader = g_thread_new ("reader", read_all, fixture);
  await_lines (fixture, n);
  append_numbers (fixture, n + 1, 1);
  held_until = g_get_monotonic_time () + 2 * AP_STOP_LINES_MS * G_TIME_SPAN_MILLISECOND;
  g_atomic_int_set (&held, FALSE);
  end_writer (fixture);
  text = g_thread_join (reader);
  g_assert_cmpuint (count_numbers (text->str), ==, n + 1 - lost);
  g_assert_cmpuint (dropped, ==, lost);
  g_string_free (text, TRUE);
}

typedef struct {
  ApLineWriter *writer;
  char letter;
} Appender;

static gpointer
append_letters (gpointer data)
{
  const Appender *appender = data;
  g_autofree char *line = g_strnfill (60, appender->letter);

  line[59] = '\n';
  for (guint i = 0; i < 2000; i++)
    ap_line_writer_append (appender->writer, line, 60);
  return NULL;
}

/* Lines of several threads never mix. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *reader = g_thread_new ("reader", read_all, fixture);
  GThread *threads[4];
  Appender appenders[4];
  GString *text;

  for (guint i = 0; i < 4; i++) {
    appenders[i] = (Appender){ fixture->writer, (char)('a' + i) };
    threads[i] = g_thread_new ("appender", append_letters, &appenders[i]);
  }
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  await_lines (fixture, 4 * 2000);
  end_writer (fixture);
  text = g_thread_join (reader);
  g_assert_cmpuint (text->len + 60 * dropped, ==, 4 * 2000 * 60);
  for (gsize i = 0; i < text->len; i++)
    g_assert_cmpint (text->str[i], ==, i % 60 == 59 ? '\n' : text->str[i - i % 60]);
  g_string_free (text, TRUE);
}

#define ADD(name, test) g_test_add ("/line-writer/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  signal (SIGPIPE, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  ADD ("in-order", test_in_order);
  ADD ("single-line", test_single_line);
  ADD ("slow-reader", test_slow_reader);
  ADD ("stopped-reader", test_stopped_reader);
  ADD ("vanished-reader", test_vanished_reader);
  ADD ("late-writer", test_late_writer);
  ADD ("too-long", test_too_long);
  ADD ("threads", test_threads);
  return g_test_run ();
}
