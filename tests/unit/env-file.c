/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The `.env` file: what each form of a line means, and what is refused. */
#include "app/ap-env-file.h"
#include "base/ap-error.h"

static const struct {
  const char *text;
  const char *value; /* of KEY; NULL: it has none */
} good[] = {
  { "", NULL },
  { "\n\n \t\n", NULL },
  { "# KEY=1", NULL },
  { "  # KEY=1\n", NULL },
  { "KEY=1", "1" },
  { "KEY=1\n", "1" },
  { "KEY=1\r\n", "1" },
  { "  KEY \t=  1  \n", "1" },
  { "export KEY=1\n", "1" },
  { "export   KEY=1\n", "1" },
  { "export=1\nKEY=2\n", "2" },
  { "KEY=1\nKEY=2\n", "2" },
  { "OTHER=1\n", NULL },
  { "_K1=1\nKEY=2", "2" },
  { "KEY=", "" },
  { "KEY=\n", "" },
  { "KEY=a b\n", "a b" },
  { "KEY=a=b\n", "a=b" },
  { "KEY=a # comment\n", "a" },
  { "KEY=a\t#comment\n", "a" },
  { "KEY=a#b\n", "a#b" },
  { "KEY=#comment\n", "" },
  { "KEY= # comment\n", "" },
  { "KEY=\"a b\"\n", "a b" },
  { "KEY=' a # b '\n", " a # b " },
  { "KEY=\"a\" # comment\n", "a" },
  { "KEY=\"it's\"\n", "it's" },
  { "KEY=''\n", "" },
  { "KEY=a\"b\n", "a\"b" },
  { "KEY=caf\xc3\xa9\n", "caf\xc3\xa9" },
  { "KEY=audioecho delay=250000000 ! volume volume=0.5\n", "audioecho delay=250000000 ! volume volume=0.5" },
};

static void
test_good (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GHashTable) values = ap_env_file_parse (good[i].text, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (g_hash_table_lookup (values, "KEY"), ==, good[i].value);
  }
}

static const struct {
  const char *text;
  const char *where; /* how the error begins */
} bad[] = {
  { "KEY", "line 1: " },
  { "A=1\n\nKEY\n", "line 3: " },
  { "=1", "line 1: " },
  { "1KEY=1", "line 1: " },
  { "K-EY=1", "line 1: " },
  { "K EY=1", "line 1: " },
  { "KEY=\"a\n", "line 1: " },
  { "A=1\nKEY='a\"\n", "line 2: " },
  { "export\n", "line 1: " },
  { "export =1\n", "line 1: " },
  { "caf\xc3\xa9=1\n", "line 1: " },
  { "KEY=\xff\n", "the file is not UTF-8" },
  { "\xef\xbb\xbf=1", "line 1: " },
};

static void
test_bad (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (ap_env_file_parse (bad[i].text, &error));
    g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG);
    g_assert_true (g_str_has_prefix (error->message, bad[i].where));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/env-file/good", test_good);
  g_test_add_func ("/env-file/bad", test_bad);
  return g_test_run ();
}
