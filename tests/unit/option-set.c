/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two tables of options side by side, as those of the server and of a room: each value arrives in its own struct. */
#include "app/ap-option-set.h"
#include "base/ap-error.h"

#include <string.h>

typedef struct {
  gint64 number;
  char *text;
} First;

typedef struct {
  gboolean flag;
  char *secret;
  char *choice;
  gint64 seconds;
} Second;

static const ApOption first_options[] = {
  { "First", "number", AP_OPTION_NUMBER, G_STRUCT_OFFSET (First, number), "N", "3", "a number", 0, 10 },
  { NULL, "text", AP_OPTION_TEXT, G_STRUCT_OFFSET (First, text), "TEXT", NULL, "a text" },
  { NULL },
};

static const ApOption second_options[] = {
  { "Second", "flag", AP_OPTION_FLAG, G_STRUCT_OFFSET (Second, flag), NULL, NULL, "a flag" },
  { NULL, "second-secret", AP_OPTION_SECRET, G_STRUCT_OFFSET (Second, secret), "KEY", NULL, "a secret",
    .variable = "OTHERS_SECRET" },
  { NULL, "choice", AP_OPTION_CHOICE, G_STRUCT_OFFSET (Second, choice), "CHOICE", "a", "a choice",
    .choices = { "a", "b" } },
  { NULL, "seconds", AP_OPTION_NUMBER, G_STRUCT_OFFSET (Second, seconds), "N", "5", "another number", 1, 9,
    .variable = "OTHERS_SECONDS" },
  { NULL },
};

typedef struct {
  ApOptionSet *set;
  First first;
  Second second;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->set = ap_option_set_new ();
  ap_option_set_add (fixture->set, first_options, &fixture->first);
  ap_option_set_add (fixture->set, second_options, &fixture->second);
  g_assert_true (ap_option_set_load_defaults (fixture->set, NULL));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ap_option_set_free (fixture->set);
  g_assert_null (fixture->first.text);
  g_assert_null (fixture->second.secret);
  g_unsetenv ("OTHERS_SECRET");
  g_unsetenv ("OTHERS_SECONDS");
  g_unsetenv ("AUDIO_SECOND_SECRET");
}

static void
test_defaults (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (fixture->first.number, ==, 3);
  g_assert_cmpstr (fixture->first.text, ==, NULL);
  g_assert_false (fixture->second.flag);
  g_assert_cmpstr (fixture->second.secret, ==, NULL);
  g_assert_cmpstr (fixture->second.choice, ==, "a");
  g_assert_cmpint (fixture->second.seconds, ==, 5);
}

static void
test_arguments (Fixture *fixture, gconstpointer data)
{
  char *arguments[] = { (char *)"--number=7", (char *)"--flag",          (char *)"--seconds", (char *)"8",
                        (char *)"--choice=b", (char *)"--second-secret", (char *)"k",         NULL };
  g_autoptr (GError) error = NULL;

  ap_option_set_load_arguments (fixture->set, arguments, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixture->first.number, ==, 7);
  g_assert_true (fixture->second.flag);
  g_assert_cmpstr (fixture->second.secret, ==, "k");
  g_assert_cmpstr (fixture->second.choice, ==, "b");
  g_assert_cmpint (fixture->second.seconds, ==, 8);
}

/* A variable of another name is the only one. */
static void
test_variables (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_setenv ("OTHERS_SECONDS", "9", TRUE);
  g_setenv ("AUDIO_SECOND_SECRET", "wrong", TRUE);
  g_setenv ("OTHERS_SECRET", "right", TRUE);
  ap_option_set_load_environment (fixture->set, &error);
  g_assert_no_error (error);
  g_assert_cmpint (fixture->second.seconds, ==, 9);
  g_assert_cmpstr (fixture->second.secret, ==, "right");
}

static void
test_wrong (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) number = NULL;
  g_autoptr (GError) secret = NULL;

  g_setenv ("OTHERS_SECONDS", "10", TRUE);
  g_assert_false (ap_option_set_load_environment (fixture->set, &number));
  g_assert_error (number, AP_ERROR, AP_ERROR_CONFIG);
  g_assert_cmpstr (number->message, ==,
                   "OTHERS_SECONDS in the environment: '10' is not valid; it takes a whole number from 1 to 9");
  g_unsetenv ("OTHERS_SECONDS");
  g_setenv ("OTHERS_SECRET", "k3y\xff", TRUE);
  g_assert_false (ap_option_set_load_environment (fixture->set, &secret));
  g_assert_error (secret, AP_ERROR, AP_ERROR_CONFIG);
  g_assert_null (strstr (secret->message, "k3y"));
}

static void
test_help (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GString) help = g_string_new (NULL);

  ap_option_set_append_help (fixture->set, help);
  g_assert_nonnull (strstr (help->str, "\nSecond:\n  --flag "));
  g_assert_nonnull (strstr (help->str, "default 5; OTHERS_SECONDS\n"));
  g_assert_nonnull (strstr (help->str, "default 3; AUDIO_NUMBER\n"));
}

#define ADD(name, test) g_test_add ("/option-set/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("arguments", test_arguments);
  ADD ("variables", test_variables);
  ADD ("wrong", test_wrong);
  ADD ("help", test_help);
  return g_test_run ();
}
