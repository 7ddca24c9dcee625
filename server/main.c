/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "main"

#include "app/ap-app.h"
#include "app/ap-endpoints.h"
#include "app/ap-healthcheck.h"
#include "base/ap-error.h"
#include "config.h"
#include "media/ap-gst-log.h"

#include <locale.h>
#include <signal.h>
#include <sysexits.h>

static int
exit_status_of (const GError *error)
{
  if (g_error_matches (error, AP_ERROR, AP_ERROR_USAGE))
    return EX_USAGE;
  if (g_error_matches (error, AP_ERROR, AP_ERROR_CONFIG))
    return EX_CONFIG;
  if (g_error_matches (error, AP_ERROR, AP_ERROR_UNAVAILABLE))
    return EX_UNAVAILABLE;
  return EXIT_FAILURE;
}

static int
fail (const GError *error, int status)
{
  g_printerr ("audio-pipeline-server: %s\n", error->message);
  return status;
}

/* In the build tree the plugin is beside the server's folder; installed, it may be under a prefix that GStreamer does
 * not look in. Either is found without a setting. */
static void
find_plugins (void)
{
  GstRegistry *registry = gst_registry_get ();
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;
  g_autofree char *built = folder != NULL ? g_build_filename (folder, "..", "gst", NULL) : NULL;

  if (built != NULL && !gst_registry_check_feature_version (registry, "mulawenc_demo", 0, 0, 0))
    gst_registry_scan_path (registry, built);
  if (!gst_registry_check_feature_version (registry, "mulawenc_demo", 0, 0, 0))
    gst_registry_scan_path (registry, AP_PLUGINS_DIR);
}

static int
serve (const ApConfig *config)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ApApp) app = NULL;

  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN); /* a file as large as it may be is an error of the write */
  ap_log_init (ap_config_get_log_level (config), ap_config_get_log_format (config));
  ap_gst_log_init ();
  if (!gst_init_check (NULL, NULL, &error))
    return fail (error, EXIT_FAILURE);
  find_plugins ();
  app = ap_app_start (config, &error);
  if (app == NULL)
    return fail (error, exit_status_of (error));
  return ap_app_run (app);
}

/* A process of the server's own, for a room's work. */
static int
help_out (int argc, char **argv)
{
  for (guint i = 0; ap_rooms[i] != NULL; i++)
    if (ap_rooms[i]->helper != NULL && g_str_equal (ap_rooms[i]->name, argv[2]))
      return ap_rooms[i]->helper (argc, argv);
  return EX_USAGE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ApConfig) config = NULL;

  if (argc > 2 && g_str_equal (argv[1], "--helper"))
    return help_out (argc, argv);
  setlocale (LC_CTYPE, "");
  config = ap_config_load (argv + 1, ".", &error);
  if (config == NULL)
    return fail (error, exit_status_of (error));
  if (config->help) {
    g_autofree char *help = ap_config_help ();
    g_print ("%s", help);
    return EXIT_SUCCESS;
  }
  if (config->version) {
    g_print ("audio-pipeline-server %s\n", AP_VERSION);
    return EXIT_SUCCESS;
  }
  if (!config->healthcheck)
    return serve (config);
  if (!ap_healthcheck (config->host, (guint16)config->port, &error))
    return fail (error, EXIT_FAILURE);
  return EXIT_SUCCESS;
}
