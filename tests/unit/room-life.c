/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of rooms in the whole server: this program has a list of rooms of its own, which the linker takes before the
 * server's. */
#include "app/ap-app.h"
#include "app/ap-endpoints.h"
#include "base/ap-error.h"

#include <gst/gst.h>
#include <signal.h>
#include <unistd.h>

static GString *events; /* of the main thread */

typedef struct {
  gint64 size;
  char *colour;
} Settings;

static const ApOption options[] = {
  { "Shelf", "shelf-size", AP_OPTION_NUMBER, G_STRUCT_OFFSET (Settings, size), "N", "3", "how much fits", 0, 9 },
  { NULL, "shelf-colour", AP_OPTION_TEXT, G_STRUCT_OFFSET (Settings, colour), "COLOUR", "grey", "how it looks" },
  { NULL },
};

static gpointer
shelf_start (gconstpointer data, GError **error)
{
  const Settings *settings = data;

  if (settings->size == 0) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "nothing fits");
    return NULL;
  }
  g_string_append_printf (events, "start %d %s;", (int)settings->size, settings->colour);
  return g_memdup2 (settings, sizeof *settings);
}

static void
shelf_drain (gpointer room)
{
  g_string_append (events, "drain;");
}

static void
shelf_stop (gpointer room)
{
  g_string_append (events, "stop;");
  g_free (room);
}

static gpointer
first_start (gconstpointer settings, GError **error)
{
  g_string_append (events, "first;");
  return events;
}

static void
first_stop (gpointer room)
{
  g_assert_true (room == events);
  g_string_append (events, "last;");
}

static const ApRoom first = { .name = "first", .start = first_start, .stop = first_stop };
static const ApRoom stateless = { .name = "stateless" };
static const ApRoom shelf = {
  .name = "shelf",
  .options = options,
  .settings_size = sizeof (Settings),
  .start = shelf_start,
  .drain = shelf_drain,
  .stop = shelf_stop,
};

const ApRoom *const ap_rooms[] = { &first, &stateless, &shelf, NULL };

static ApConfig *
load (const char *argument, GError **error)
{
  char *arguments[] = { (char *)"--port=0",        (char *)"--host=127.0.0.1", (char *)"--workers=2",
                        (char *)"--no-log-frames", (char *)argument,           NULL };

  return ap_config_load (arguments, "/", error);
}

static gboolean
terminate (gpointer data)
{
  g_assert_cmpint (kill (getpid (), SIGTERM), ==, 0);
  return G_SOURCE_REMOVE;
}

static void
test_life (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = load ("--shelf-size=5", &error);
  ApApp *app = ap_app_start (config, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (events->str, ==, "first;start 5 grey;");
  g_idle_add (terminate, NULL);
  g_assert_cmpint (ap_app_run (app), ==, 0);
  g_assert_cmpstr (events->str, ==, "first;start 5 grey;drain;");
  ap_app_free (app);
  g_assert_cmpstr (events->str, ==, "first;start 5 grey;drain;stop;last;");
}

/* A room that does not start ends the server, with those that had started. */
static void
test_refusal (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = load ("--shelf-size=0", &error);
  g_autoptr (ApApp) app = ap_app_start (config, &error);

  g_assert_null (app);
  g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
  g_assert_cmpstr (error->message, ==, "nothing fits");
  g_assert_cmpstr (events->str, ==, "first;last;");
}

static void
test_wrong_setting (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = load ("--shelf-size=10", &error);

  g_assert_null (config);
  g_assert_error (error, AP_ERROR, AP_ERROR_USAGE);
}

static void
run (gconstpointer test)
{
  events = g_string_new (NULL);
  ((void (*) (void))test) ();
  g_string_free (events, TRUE);
}

int
main (int argc, char **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  ap_log_init (G_LOG_LEVEL_CRITICAL, AP_LOG_FORMAT_TEXT);
  g_test_add_data_func ("/room-life/life", test_life, run);
  g_test_add_data_func ("/room-life/refusal", test_refusal, run);
  g_test_add_data_func ("/room-life/wrong-setting", test_wrong_setting, run);
  return g_test_run ();
}
