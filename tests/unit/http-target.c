/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Paths and queries: what fits a pattern, what is decoded to what, and what is no text. */
#include "net/ap-http-target.h"

typedef struct {
  const char *pattern;
  const char *path;
  const char *parameters; /* as `name=value|…`; NULL: it does not fit */
} PathRow;

static const PathRow paths[] = {
  { "/", "/", "" },
  { "/", "", NULL },
  { "/", "//", NULL },
  { "/a", "/a", "" },
  { "/a", "/%61", "" },
  { "/a", "/A", NULL },
  { "/a", "/a/", NULL },
  { "/a", "//a", NULL },
  { "/a", "a", NULL },
  { "/a/{id}", "/a/x", "id|x" },
  { "/a/{id}", "/a/", NULL },
  { "/a/{id}", "/a", NULL },
  { "/a/{id}", "/a/x/", NULL },
  { "/a/{id}", "/a/x/y", NULL },
  { "/a/{id}", "/a/x%2fy", "id|x/y" }, /* an escaped slash separates nothing */
  { "/a/{id}", "/a/..", "id|.." },
  { "/a/{id}", "/a/%2e%2e%2fetc", "id|../etc" },
  { "/a/{id}", "/a/%C3%A9", "id|\xc3\xa9" },
  { "/a/{id}", "/a/x+y", "id|x+y" },
  { "/a/{id}/b", "/a/x/b", "id|x" },
  { "/a/{id}/b", "/a/x/c", NULL },
  { "/a/{id}/{what}", "/a/x/b", "id|x|what|b" },
};

static void
test_paths (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_auto (GStrv) pattern = g_strsplit (paths[i].pattern, "/", -1);
    g_auto (GStrv) segments = ap_http_path_split (paths[i].path);
    g_auto (GStrv) parameters = NULL;
    g_autofree char *joined = NULL;

    g_test_message ("%s: %s", paths[i].pattern, paths[i].path);
    if (ap_http_path_match ((const char *const *)pattern, (const char *const *)segments, &parameters))
      joined = g_strjoinv ("|", parameters);
    g_assert_cmpstr (joined, ==, paths[i].parameters);
  }
}

static const char *const no_texts[] = { "%ff", "%C3", "a%00b", "%c0%af", "%ed%a0%80", "%", "%4", "%zz" };

static const struct {
  const char *text;
  const char *pairs;
} forms[] = {
  { NULL, "" },
  { "", "" },
  { "&&", "" },
  { "a=1", "a|1" },
  { "a=1&b=2", "a|1|b|2" },
  { "a=1&a=2", "a|1|a|2" },
  { "a", "a|" },
  { "a=", "a|" },
  { "=1", "|1" },
  { "a=b=c", "a|b=c" },
  { "a=two+words", "a|two words" },
  { "a=1%2B1", "a|1+1" },
  { "a+b=%26%3d", "a b|&=" },
  { "From=%2B15550001111&Name=Zo%C3%AB", "From|+15550001111|Name|Zo\xc3\xab" },
};

static void
test_forms (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    g_auto (GStrv) pairs = ap_http_form_parse (forms[i].text);
    g_autofree char *joined = g_strjoinv ("|", pairs);

    g_test_message ("%s", forms[i].text);
    g_assert_cmpstr (joined, ==, forms[i].pairs);
  }
}

static void
test_no_text (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (no_texts); i++) {
    g_autofree char *value = g_strconcat ("a=", no_texts[i], NULL);
    g_autofree char *name = g_strconcat (no_texts[i], "=1", NULL);
    g_autofree char *path = g_strconcat ("/a/", no_texts[i], NULL);

    g_test_message ("%s", no_texts[i]);
    g_assert_null (ap_http_form_parse (value));
    g_assert_null (ap_http_form_parse (name));
    g_assert_null (ap_http_path_split (path));
  }
}

static void
test_get (void)
{
  g_auto (GStrv) pairs = ap_http_form_parse ("a=1&b=2&a=3&2=x");

  g_assert_cmpstr (ap_http_form_get ((const char *const *)pairs, "a"), ==, "1");
  g_assert_cmpstr (ap_http_form_get ((const char *const *)pairs, "b"), ==, "2");
  g_assert_cmpstr (ap_http_form_get ((const char *const *)pairs, "2"), ==, "x"); /* not the value of b */
  g_assert_cmpstr (ap_http_form_get ((const char *const *)pairs, "A"), ==, NULL);
  g_assert_cmpstr (ap_http_form_get (NULL, "a"), ==, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-target/paths", test_paths);
  g_test_add_func ("/http-target/forms", test_forms);
  g_test_add_func ("/http-target/no-text", test_no_text);
  g_test_add_func ("/http-target/get", test_get);
  return g_test_run ();
}
