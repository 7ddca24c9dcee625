/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which sub-protocol an answer names. */
#include "net/ap-http-handshake.h"

static const char *const known[] = { "b.v2", "b.v1", NULL };

typedef struct {
  const char *offered;
  const char *const *known;
  gboolean agreed;
  const char *chosen;
} Row;

static const Row rows[] = {
  { NULL, NULL, TRUE, NULL },
  { "", NULL, TRUE, NULL },
  { "chat", NULL, TRUE, NULL },
  { "chat, audio-pipeline", NULL, TRUE, "audio-pipeline" },
  { "audio-pipeline, bearer.x", NULL, TRUE, "audio-pipeline" },
  { "bearer.x", NULL, TRUE, NULL },
  { NULL, known, TRUE, NULL },
  { "", known, TRUE, NULL },
  { " , ,", known, TRUE, NULL },
  { "chat", known, FALSE, NULL },
  { "chat, bearer.x", known, FALSE, NULL },
  { "bearer.x", known, TRUE, NULL },
  { "b.v1", known, TRUE, "b.v1" },
  { "chat,b.v1", known, TRUE, "b.v1" },
  { "b.v1, b.v2", known, TRUE, "b.v2" }, /* the endpoint's order */
  { "B.V1", known, FALSE, NULL },
  { "b.v", known, FALSE, NULL },
  { "audio-pipeline, b.v1, bearer.x", known, TRUE, "b.v1" },
  { "audio-pipeline, bearer.x", known, TRUE, "audio-pipeline" },
};

static void
test_choose (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *chosen = "unset";

    g_test_message ("%u: %s", i, rows[i].offered);
    g_assert_cmpint (ap_http_handshake_choose (rows[i].offered, rows[i].known, &chosen), ==, rows[i].agreed);
    g_assert_cmpstr (chosen, ==, rows[i].chosen);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http-handshake/choose", test_choose);
  return g_test_run ();
}
