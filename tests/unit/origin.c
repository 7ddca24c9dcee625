/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which web pages may open a WebSocket, and which may read what HTTP answers. */
#include "net/ap-origin.h"

static const struct {
  const char *origin;
  const char *host;
  const char *allowed[3];
  gboolean expected;
} cases[] = {
  /* no browser */
  { NULL, "voice.example", { NULL }, TRUE },
  { NULL, NULL, { NULL }, TRUE },
  /* the server's own pages, through a proxy with TLS too */
  { "http://localhost:8001", "localhost:8001", { NULL }, TRUE },
  { "https://voice.example", "voice.example", { NULL }, TRUE },
  { "https://Voice.Example", "voice.example:443", { NULL }, TRUE },
  { "http://voice.example", "voice.example:80", { NULL }, TRUE },
  { "http://[::1]:8001", "[::1]:8001", { NULL }, TRUE },
  /* others */
  { "http://localhost:3000", "localhost:8001", { NULL }, FALSE },
  { "https://evil.example", "voice.example", { NULL }, FALSE },
  { "https://voice.example.evil.example", "voice.example", { NULL }, FALSE },
  { "https://voice.exampl", "voice.example", { NULL }, FALSE },
  { "http://voice.example:443", "voice.example", { NULL }, FALSE },
  { "null", "voice.example", { NULL }, FALSE },
  { "", "voice.example", { NULL }, FALSE },
  { "https://voice.example", NULL, { NULL }, FALSE },
  /* those named */
  { "https://app.example", "voice.example", { "https://app.example" }, TRUE },
  { "https://app.example", "voice.example", { "https://other.example", "HTTPS://APP.EXAMPLE" }, TRUE },
  { "https://app.example:8443", "voice.example", { "https://app.example" }, FALSE },
  { "https://evil.example", "voice.example", { "*" }, TRUE },
  { "null", "voice.example", { "null" }, TRUE },
};

static void
test_cases (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s at %s", cases[i].origin, cases[i].host);
    g_assert_cmpint (ap_origin_is_allowed (cases[i].origin, cases[i].host, cases[i].allowed), ==, cases[i].expected);
  }
}

static const struct {
  const char *origin;
  const char *allowed[4];
  gboolean named, any;
} names[] = {
  { "https://app.example", { "https://app.example" }, TRUE, TRUE },
  { "https://app.example", { "*", "https://other.example", "HTTPS://APP.EXAMPLE" }, TRUE, TRUE },
  { "https://app.example", { "https://app.example:8443" }, FALSE, TRUE },
  { "https://app.example, https://app.example", { "https://app.example" }, FALSE, TRUE },
  { NULL, { "https://app.example" }, FALSE, TRUE },
  { NULL, { NULL }, FALSE, FALSE },
  { "https://app.example", { NULL }, FALSE, FALSE },
  { "https://app.example", { "*" }, FALSE, FALSE },
  { "*", { "*" }, FALSE, FALSE },
  { "null", { "null", "NULL" }, FALSE, FALSE },
  { "", { "", "https://app.example" }, FALSE, TRUE },
};

static void
test_names (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    g_test_message ("%s, %s", names[i].origin, names[i].allowed[0]);
    g_assert_cmpint (ap_origin_is_named (names[i].origin, names[i].allowed), ==, names[i].named);
    g_assert_cmpint (ap_origin_any_is_named (names[i].allowed), ==, names[i].any);
  }
  g_assert_false (ap_origin_is_named ("https://app.example", NULL));
  g_assert_false (ap_origin_any_is_named (NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/origin/cases", test_cases);
  g_test_add_func ("/origin/names", test_names);
  return g_test_run ();
}
