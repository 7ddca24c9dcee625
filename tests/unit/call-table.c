/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of calls: streams of one call side by side, the keys that were pressed, and all of it from many threads. */
#include "endpoints/twilio/ap-call-table.h"
#include "net/ap-poller.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Records want the handle of a session, and a handle wants no more of it than this. */
typedef struct {
  GMainContext *context;
  GMainContextPusher *pusher;
  ApPoller *poller;
  ApSessionHost host;
  ApSession *session;
  ApSessionHandle *handle;
  int peer;
  ApCallTable *table;
} Fixture;

static const ApEndpoint endpoint = { .path = "/none", .own_pipeline = TRUE };

static void
keep (ApSession *session, gpointer data)
{
  *(ApSession **)data = session;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), ==, 0);
  fixture->context = g_main_context_new ();
  fixture->pusher = g_main_context_pusher_new (fixture->context);
  fixture->poller = ap_poller_new (fixture->context, NULL, NULL);
  ap_session_host_init (&fixture->host);
  fixture->host.poller = fixture->poller;
  fixture->host.max_frame_bytes = 1024;
  fixture->peer = fds[1];
  ap_session_open (&fixture->host, &endpoint, NULL, NULL, fds[0], NULL);
  ap_session_registry_foreach (fixture->host.registry, keep, &fixture->session);
  fixture->handle = ap_session_handle_new (fixture->session);
  fixture->table = ap_call_table_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ap_call_table_free (fixture->table);
  ap_session_handle_unref (fixture->handle);
  ap_session_abort (fixture->session, "the test is over");
  while (g_main_context_iteration (fixture->context, FALSE))
    continue;
  ap_session_host_clear (&fixture->host);
  ap_poller_free (fixture->poller);
  g_main_context_pusher_free (fixture->pusher);
  g_main_context_unref (fixture->context);
  close (fixture->peer);
}

static ApCallRecord *
record_new (Fixture *fixture, const char *call_id, const char *stream_id)
{
  ApCallRecord *record = g_new0 (ApCallRecord, 1);

  g_atomic_ref_count_init (&record->refs);
  record->session = ap_session_handle_ref (fixture->handle);
  record->call_id = g_strdup (call_id);
  record->stream_id = g_strdup (stream_id);
  return record;
}

/* The streams of a call, in their order. */
static char *
found (Fixture *fixture, const char *call_id)
{
  g_autoptr (GPtrArray) streams = ap_call_table_find (fixture->table, call_id);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < streams->len; i++)
    g_string_append_printf (text, "%s ", ((ApCallRecord *)g_ptr_array_index (streams, i))->stream_id);
  return g_string_free (text, FALSE);
}

static guint
listed (Fixture *fixture)
{
  g_autoptr (GPtrArray) all = ap_call_table_list (fixture->table);

  return all->len;
}

#define assert_found(call_id, expected)                                                                                \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *found_ = found (fixture, call_id);                                                                \
    g_assert_cmpstr (found_, ==, expected);                                                                            \
  }                                                                                                                    \
  G_STMT_END

/* The late end of one stream leaves the other where it is. */
static void
test_two_of_one (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApCallRecord) first = record_new (fixture, "CA1", "MZ1");
  g_autoptr (ApCallRecord) second = record_new (fixture, "CA1", "MZ2");
  g_autoptr (ApCallRecord) other = record_new (fixture, "CA2", "MZ1");

  assert_found ("CA1", "");
  ap_call_table_remove (fixture->table, first); /* not there yet */
  ap_call_table_add (fixture->table, first);
  ap_call_table_add (fixture->table, second);
  ap_call_table_add (fixture->table, other);
  assert_found ("CA1", "MZ1 MZ2 ");
  assert_found ("CA2", "MZ1 ");
  g_assert_cmpuint (listed (fixture), ==, 3);
  ap_call_table_remove (fixture->table, first);
  ap_call_table_remove (fixture->table, first);
  assert_found ("CA1", "MZ2 ");
  ap_call_table_remove (fixture->table, second);
  assert_found ("CA1", "");
  assert_found ("CA2", "MZ1 ");
  g_assert_cmpuint (listed (fixture), ==, 1);
}

/* What was found stays valid when it has left. */
static void
test_kept (Fixture *fixture, gconstpointer data)
{
  ApCallRecord *record = record_new (fixture, "CA1", "MZ1");
  g_autoptr (GPtrArray) streams = NULL;

  ap_call_table_add (fixture->table, record);
  streams = ap_call_table_find (fixture->table, "CA1");
  ap_call_table_remove (fixture->table, record);
  ap_call_record_unref (record);
  g_assert_cmpuint (listed (fixture), ==, 0);
  g_assert_cmpstr (((ApCallRecord *)streams->pdata[0])->stream_id, ==, "MZ1");
}

static void
test_digits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ApCallRecord) record = record_new (fixture, "CA1", "MZ1");

  for (guint i = 0; i < 3 * AP_CALL_DIGITS; i++) {
    g_autofree char *digits = NULL;
    gsize length = MIN (i + 1, AP_CALL_DIGITS);

    ap_call_table_add_digit (fixture->table, record, (char)('0' + i % 10));
    digits = ap_call_table_get_digits (fixture->table, record);
    g_assert_cmpuint (strlen (digits), ==, length);
    for (gsize at = 0; at < length; at++)
      g_assert_cmpint (digits[at], ==, '0' + (i + 1 - length + at) % 10);
  }
}

/* ---- threads ---- */

#define THREADS 4
#define ROUNDS  300

/* A worker: its calls come, are counted and pressed, and go. */
static gpointer
come_and_go (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < ROUNDS; i++) {
    g_autoptr (ApCallRecord) own = record_new (fixture, "CA1", "MZ1");

    g_assert_true (ap_call_table_take_place (fixture->table, THREADS));
    ap_call_table_add (fixture->table, own);
    ap_call_count (own->figures.frames_in, 1);
    ap_call_table_add_digit (fixture->table, own, '5');
    ap_call_table_remove (fixture->table, own);
    ap_call_table_give_back_place (fixture->table);
  }
  return NULL;
}

/* Who asks about them. */
static gpointer
look (gpointer data)
{
  Fixture *fixture = data;

  for (guint i = 0; i < ROUNDS; i++) {
    g_autoptr (GPtrArray) streams =
        i % 2 == 0 ? ap_call_table_list (fixture->table) : ap_call_table_find (fixture->table, "CA1");

    g_assert_cmpuint (streams->len, <=, THREADS);
    g_assert_cmpuint (ap_call_table_count_places (fixture->table), <=, THREADS);
    for (guint k = 0; k < streams->len; k++) {
      ApCallRecord *record = g_ptr_array_index (streams, k);
      g_autofree char *digits = ap_call_table_get_digits (fixture->table, record);

      g_assert_cmpuint (strlen (digits), <=, 1);
      g_assert_cmpint (ap_call_look (record->figures.frames_in), <=, 1);
      g_assert_cmpstr (record->stream_id, ==, "MZ1");
    }
  }
  return NULL;
}

static void
test_threads (Fixture *fixture, gconstpointer data)
{
  GThread *threads[2 * THREADS];

  for (guint i = 0; i < THREADS; i++) {
    threads[2 * i] = g_thread_new ("worker", come_and_go, fixture);
    threads[2 * i + 1] = g_thread_new ("asker", look, fixture);
  }
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpuint (ap_call_table_count_places (fixture->table), ==, 0);
  g_assert_cmpuint (listed (fixture), ==, 0);
}

/* A worker that takes every place it can get. */
static gpointer
take_places (gpointer data)
{
  Fixture *fixture = data;
  guint taken = 0;

  for (guint i = 0; i < ROUNDS; i++) {
    if (ap_call_table_take_place (fixture->table, THREADS - 1))
      taken++;
    g_assert_cmpuint (ap_call_table_count_places (fixture->table), <=, THREADS - 1);
    if (taken > 0 && i % 3 != 0) {
      ap_call_table_give_back_place (fixture->table);
      taken--;
    }
  }
  return GUINT_TO_POINTER (taken);
}

/* However many ask at once, there are no more than there may be. */
static void
test_places (Fixture *fixture, gconstpointer data)
{
  GThread *threads[THREADS];
  guint taken = 0;

  for (guint i = 0; i < THREADS; i++)
    threads[i] = g_thread_new ("worker", take_places, fixture);
  for (guint i = 0; i < THREADS; i++)
    taken += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  g_assert_cmpuint (ap_call_table_count_places (fixture->table), ==, taken);
  while (ap_call_table_take_place (fixture->table, THREADS - 1))
    taken++;
  g_assert_cmpuint (taken, ==, THREADS - 1);
}

#define ADD(name, test) g_test_add ("/call-table/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ADD ("two-of-one", test_two_of_one);
  ADD ("kept", test_kept);
  ADD ("digits", test_digits);
  ADD ("threads", test_threads);
  ADD ("places", test_places);
  return g_test_run ();
}
