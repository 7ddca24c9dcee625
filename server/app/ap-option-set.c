/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "app/ap-option-set.h"

#include "app/ap-env-file.h"
#include "base/ap-error.h"

#include <string.h>

typedef struct {
  const ApOption *option;
  gpointer field;
} Slot;

struct _ApOptionSet {
  GArray *slots; /* of Slot */
};

static const Slot *
slot_at (const ApOptionSet *set, guint i)
{
  return &g_array_index (set->slots, Slot, i);
}

ApOptionSet *
ap_option_set_new (void)
{
  ApOptionSet *set = g_new0 (ApOptionSet, 1);

  set->slots = g_array_new (FALSE, FALSE, sizeof (Slot));
  return set;
}

void
ap_option_set_free (ApOptionSet *set)
{
  for (guint i = 0; i < set->slots->len; i++)
    if (slot_at (set, i)->option->kind >= AP_OPTION_TEXT)
      g_clear_pointer ((char **)slot_at (set, i)->field, g_free);
  g_array_unref (set->slots);
  g_free (set);
}

void
ap_option_set_add (ApOptionSet *set, const ApOption *options, gpointer values)
{
  for (; options->name != NULL; options++)
    g_array_append_vals (set->slots, &(Slot){ options, (guint8 *)values + options->offset }, 1);
}

/* NULL: it has none. */
static char *
environment_name (const ApOption *option)
{
  g_autofree char *upper = g_ascii_strup (option->name, -1);

  if (option->kind == AP_OPTION_COMMAND)
    return NULL;
  if (option->variable != NULL)
    return g_strdup (option->variable);
  return g_strconcat ("AUDIO_", g_strdelimit (upper, "-", '_'), NULL);
}

static char *
valid_values (const ApOption *option)
{
  switch (option->kind) {
  case AP_OPTION_COMMAND:
  case AP_OPTION_FLAG:
    return g_strdup ("yes or no");
  case AP_OPTION_NUMBER:
    return g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, option->least,
                            option->most);
  case AP_OPTION_CHOICE:
    return g_strjoinv (", ", (char **)option->choices);
  case AP_OPTION_TEXT:
  case AP_OPTION_SECRET:
  default:
    return g_strdup ("a text that is not empty");
  }
}

static gboolean
is_choice (const ApOption *option, const char *value)
{
  return g_strv_contains (option->choices, value) || (*value == '\0' && option->default_value == NULL);
}

static gboolean
parse_flag (const char *value, gboolean *flag)
{
  static const char *const yes[] = { "yes", "true", "on", "1", NULL };
  static const char *const no[] = { "no", "false", "off", "0", "", NULL };

  *flag = g_strv_contains (yes, value);
  return *flag || g_strv_contains (no, value);
}

static gboolean
store (const Slot *slot, const char *value)
{
  const ApOption *option = slot->option;
  gpointer field = slot->field;

  switch (option->kind) {
  case AP_OPTION_COMMAND:
  case AP_OPTION_FLAG:
    return parse_flag (value, field);
  case AP_OPTION_NUMBER:
    return g_ascii_string_to_signed (value, 10, option->least, option->most, field, NULL);
  case AP_OPTION_CHOICE:
    if (!is_choice (option, value))
      return FALSE;
    break;
  case AP_OPTION_TEXT:
  case AP_OPTION_SECRET:
  default:
    if ((*value == '\0' && option->default_value != NULL) || !g_utf8_validate (value, -1, NULL))
      return FALSE;
    break;
  }
  g_free (*(char **)field);
  *(char **)field = *value != '\0' ? g_strdup (value) : NULL; /* an empty one takes back what came before */
  return TRUE;
}

/* @source: how the user names the setting. */
static gboolean
set_option (const Slot *slot, const char *value, const char *source, ApErrorCode code, GError **error)
{
  g_autofree char *valid = NULL;
  g_autofree char *shown = NULL;

  if (store (slot, value))
    return TRUE;
  valid = valid_values (slot->option);
  shown = slot->option->kind == AP_OPTION_SECRET ? g_strdup ("(secret)") : g_utf8_make_valid (value, -1);
  g_set_error (error, AP_ERROR, code, "%s: '%s' is not valid; it takes %s", source, shown, valid);
  return FALSE;
}

gboolean
ap_option_set_load_defaults (ApOptionSet *set, GError **error)
{
  for (guint i = 0; i < set->slots->len; i++) {
    const Slot *slot = slot_at (set, i);
    const char *value = slot->option->default_value;

    if (value != NULL && !set_option (slot, value, slot->option->name, AP_ERROR_CONFIG, error))
      return FALSE;
  }
  return TRUE;
}

/* @find: the value of a variable, or NULL. @where: how the user names the place. */
static gboolean
load_variables (ApOptionSet *set, const char *(*find) (const char *name, gpointer data), gpointer data,
                const char *where, GError **error)
{
  for (guint i = 0; i < set->slots->len; i++) {
    const Slot *slot = slot_at (set, i);
    g_autofree char *name = environment_name (slot->option);
    g_autofree char *source = g_strconcat (name != NULL ? name : "", " in ", where, NULL);
    const char *value = name != NULL ? find (name, data) : NULL;

    if (value != NULL && !set_option (slot, value, source, AP_ERROR_CONFIG, error))
      return FALSE;
  }
  return TRUE;
}

static const char *
find_in_table (const char *name, gpointer table)
{
  return g_hash_table_lookup (table, name);
}

gboolean
ap_option_set_load_file (ApOptionSet *set, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, ".env", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GHashTable) values = NULL;
  g_autoptr (GError) problem = NULL;

  if (!g_file_get_contents (path, &text, NULL, &problem)) {
    if (g_error_matches (problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
      return TRUE;
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "cannot read .env: %s", problem->message);
    return FALSE;
  }
  values = ap_env_file_parse (text, error);
  if (values == NULL) {
    g_prefix_error (error, ".env, ");
    return FALSE;
  }
  return load_variables (set, find_in_table, values, ".env", error);
}

static const char *
find_in_environment (const char *name, gpointer data)
{
  return g_getenv (name);
}

gboolean
ap_option_set_load_environment (ApOptionSet *set, GError **error)
{
  return load_variables (set, find_in_environment, NULL, "the environment", error);
}

static gboolean
on_argument (const char *name, const char *value, gpointer data, GError **error)
{
  ApOptionSet *set = data;

  for (guint i = 0; i < set->slots->len; i++) {
    const Slot *slot = slot_at (set, i);

    if (g_str_equal (name + strlen ("--"), slot->option->name))
      return set_option (slot, value != NULL ? value : "yes", name, AP_ERROR_USAGE, error);
  }
  g_assert_not_reached ();
}

gboolean
ap_option_set_load_arguments (ApOptionSet *set, char **arguments, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, set, NULL);
  g_autofree GOptionEntry *entries = g_new0 (GOptionEntry, set->slots->len + 1);
  /* GOption takes the program's name with the rest and gives back what it did not take. */
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;
  g_autoptr (GError) problem = NULL;

  for (guint i = 0; i < set->slots->len; i++)
    entries[i] = (GOptionEntry){ .long_name = slot_at (set, i)->option->name,
                                 .flags = slot_at (set, i)->option->kind <= AP_OPTION_FLAG ? G_OPTION_FLAG_NO_ARG : 0,
                                 .arg = G_OPTION_ARG_CALLBACK,
                                 .arg_data = (gpointer)on_argument };
  g_strv_builder_add (builder, "audio-pipeline-server");
  g_strv_builder_addv (builder, (const char **)arguments);
  all = g_strv_builder_end (builder);
  g_option_group_add_entries (group, entries);
  g_option_context_set_main_group (context, group);
  g_option_context_set_help_enabled (context, FALSE);
  if (g_option_context_parse_strv (context, &all, &problem) && all[1] == NULL)
    return TRUE;
  g_set_error (error, AP_ERROR, AP_ERROR_USAGE, "%s%s; --help lists the options",
               problem != NULL ? problem->message : "unexpected argument: ", problem != NULL ? "" : all[1]);
  return FALSE;
}

static void
append_option (GString *help, const ApOption *option)
{
  g_autofree char *name = environment_name (option);
  g_autofree char *synopsis =
      g_strconcat ("--", option->name, option->value_name != NULL ? " " : "", option->value_name, NULL);

  if (option->group != NULL)
    g_string_append_printf (help, "\n%s:\n", option->group);
  g_string_append_printf (help, "  %-24s %s\n", synopsis, option->help);
  if (option->kind == AP_OPTION_CHOICE) {
    g_autofree char *choices = g_strjoinv (", ", (char **)option->choices);
    g_string_append_printf (help, "  %-24s one of %s\n", "", choices);
  }
  if (option->default_value != NULL)
    g_string_append_printf (help, "  %-24s default %s; %s\n", "", option->default_value, name);
  else if (name != NULL)
    g_string_append_printf (help, "  %-24s %s\n", "", name);
}

void
ap_option_set_append_help (const ApOptionSet *set, GString *help)
{
  for (guint i = 0; i < set->slots->len; i++)
    append_option (help, slot_at (set, i)->option);
}
