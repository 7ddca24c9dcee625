/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target without libFuzzer: over each file of its corpus, and over mutations of them that are the same
 * every time. usage: fuzz-NAME CORPUS-FOLDER [MUTATIONS-OF-EACH] */
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define LARGEST 8192

static char doing[256]; /* what is under way, for who has to find it again */

static void
on_abort (int signal_number)
{
  if (write (STDERR_FILENO, doing, strlen (doing)) < 0)
    _exit (2);
}

static guint
below (GRand *random, guint limit)
{
  return limit > 0 ? g_rand_int (random) % limit : 0;
}

/* Bytes at the edges of lengths, signs, UTF-8 and quotes. */
static guint8
interesting_byte (GRand *random)
{
  static const guint8 bytes[] = { 0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xc2,
                                  0xe2, 0xf0, 0xfe, 0xff, '\n', ' ',  '"',  '\'', '#',  '=',  '\\' };

  return below (random, 4) == 0 ? (guint8)g_rand_int (random) : bytes[below (random, sizeof bytes)];
}

static void
insert (GByteArray *input, guint at, const guint8 *bytes, guint length)
{
  guint behind = input->len - at;

  length = MIN (length, LARGEST - MIN (LARGEST, input->len));
  if (length == 0)
    return;
  g_byte_array_set_size (input, input->len + length);
  memmove (input->data + at + length, input->data + at, behind);
  memcpy (input->data + at, bytes, length);
}

static void
mutate (GByteArray *input, GRand *random, GBytes *other)
{
  guint at = below (random, input->len);
  guint8 byte = interesting_byte (random);
  gsize other_length;
  const guint8 *other_bytes = g_bytes_get_data (other, &other_length);
  guint from = below (random, (guint)other_length);

  switch (input->len > 0 ? below (random, 5) : 4) {
  case 0:
    input->data[at] ^= (guint8)(1 << below (random, 8));
    break;
  case 1:
    input->data[at] = byte;
    break;
  case 2:
    g_byte_array_remove_range (input, at, 1 + below (random, MIN (8, input->len - at)));
    break;
  case 3:
    insert (input, at, &byte, 1);
    break;
  default:
    insert (input, at, other_bytes + from, below (random, (guint)other_length - from + 1));
    break;
  }
}

static void
run (const char *name, guint mutation, const GByteArray *input)
{
  /* A copy of its exact size, so that a sanitizer sees a byte read too far. */
  g_autofree guint8 *copy = g_memdup2 (input->data, input->len);

  g_snprintf (doing, sizeof doing, "\n%s, mutation %u\n", name, mutation);
  LLVMFuzzerTestOneInput (copy, input->len);
}

static gint
compare_paths (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(char *const *)a, *(char *const *)b);
}

static GPtrArray *
load (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (folder, 0, &error);
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  const char *name;

  if (dir == NULL)
    g_error ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  if (paths->len == 0)
    g_error ("%s is empty", folder);
  g_ptr_array_sort (paths, compare_paths); /* the order of a folder is nobody's, that of the mutations is fixed */
  return paths;
}

static GBytes *
read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *contents = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &contents, &length, &error))
    g_error ("%s", error->message);
  return g_bytes_new_take (contents, length);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) paths = load (argc > 1 ? argv[1] : ".");
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  guint n = argc > 2 ? (guint)g_ascii_strtoull (argv[2], NULL, 10) : 1000;
  g_autoptr (GRand) random = g_rand_new_with_seed (n);

  if (LLVMFuzzerInitialize != NULL)
    LLVMFuzzerInitialize (&argc, &argv);
  signal (SIGABRT, on_abort);
  for (guint i = 0; i < paths->len; i++)
    g_ptr_array_add (files, read_file (g_ptr_array_index (paths, i)));
  for (guint i = 0; i < files->len; i++) {
    for (guint mutation = 0; mutation <= n; mutation++) {
      g_autoptr (GByteArray) input = g_byte_array_new ();
      GBytes *file = g_ptr_array_index (files, i);

      g_byte_array_append (input, g_bytes_get_data (file, NULL), (guint)g_bytes_get_size (file));
      for (guint steps = mutation > 0 ? 1 + below (random, 6) : 0; steps > 0; steps--)
        mutate (input, random, g_ptr_array_index (files, below (random, files->len)));
      run (g_ptr_array_index (paths, i), mutation, input);
    }
  }
  printf ("%u files, %u mutations of each\n", files->len, n);
  return 0;
}
