/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The limits of memory: which one counts, and what is left. */
#include "base/ap-memory.h"

#include <glib/gstdio.h>
#include <sys/resource.h>

#define MIB ((gsize)1024 * 1024)

typedef struct {
  char *root;
} Fixture;

static void
set_limit (Fixture *fixture, const char *group, const char *limit)
{
  g_autofree char *folder = g_build_filename (fixture->root, group, NULL);
  g_autofree char *file = g_build_filename (folder, "memory.max", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, limit, -1, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->root = g_dir_make_tmp ("ap-memory-XXXXXX", NULL);
  set_limit (fixture, "small", "1048576\n");
  set_limit (fixture, "small/open", "max\n");
  set_limit (fixture, "large", "9000000000000\n");
  set_limit (fixture, "large/inner", "2097152\n");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  static const char *const paths[] = { "small/open/memory.max",
                                       "small/open",
                                       "small/memory.max",
                                       "small",
                                       "large/inner/memory.max",
                                       "large/inner",
                                       "large/memory.max",
                                       "large",
                                       "" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autofree char *path = g_build_filename (fixture->root, paths[i], NULL);
    g_assert_cmpint (g_remove (path), ==, 0);
  }
  g_free (fixture->root);
}

static void
test_group (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *membership;
    gsize limit;
  } rows[] = {
    { "0::/small\n", MIB },
    { "0::/small/open\n", MIB },
    { "0::/large\n", 9000000000000 },
    { "0::/large/inner", 2 * MIB },
    { "0::/large/gone/deeper\n", 9000000000000 },
    { "12:memory:/small\n0::/large/inner\n", 2 * MIB },
    { "12:memory:/small\n", G_MAXSIZE },
    { "0::/\n", G_MAXSIZE },
    { "0::\n", G_MAXSIZE },
    { "", G_MAXSIZE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (ap_memory_group_limit (fixture->root, rows[i].membership), ==, rows[i].limit);
}

static void
test_address_space (void)
{
  struct rlimit before;
  struct rlimit limit;
  gsize room;

  ap_memory_init ();
  getrlimit (RLIMIT_AS, &before);
  limit = before;
  limit.rlim_cur = MIN ((rlim_t)1 << 47, before.rlim_max); /* all there is: a sanitizer maps much of it */
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  room = ap_memory_room (0);
  g_assert_cmpuint (room, <, limit.rlim_cur);
  g_assert_cmpuint (ap_memory_room (room + MIB), ==, 0);
  g_assert_cmpuint (ap_memory_room (room - MIB), >, 0);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &before), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/memory/group", Fixture, NULL, set_up, test_group, tear_down);
  g_test_add_func ("/memory/address-space", test_address_space);
  return g_test_run ();
}
