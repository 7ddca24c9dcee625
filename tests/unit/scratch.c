/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scratch.h"

#include <glib/gstdio.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

/* @path: (transfer full) */
static void
open_folder (Scratch *scratch, char *path)
{
  g_assert_nonnull (path);
  scratch->path = path;
  scratch->fd = open (scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (scratch->fd, >=, 0);
}

void
scratch_set_up (Scratch *scratch, gconstpointer data)
{
  open_folder (scratch, g_dir_make_tmp ("audio-pipeline-XXXXXX", NULL));
}

void
scratch_set_up_quick (Scratch *scratch, gconstpointer data)
{
  g_autofree char *path = g_strdup ("/dev/shm/audio-pipeline-XXXXXX");

  if (g_mkdtemp (path) != NULL)
    open_folder (scratch, g_steal_pointer (&path));
  else
    scratch_set_up (scratch, data);
}

gboolean
scratch_set_up_small (Scratch *scratch, const char *size)
{
  g_autofree char *options = g_strconcat ("size=", size, NULL);
  gboolean mounted;

  scratch_set_up (scratch, NULL);
  mounted = mount ("tmpfs", scratch->path, "tmpfs", 0, options) == 0;
  if (mounted) {
    close (scratch->fd);
    scratch->fd = open (scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g_assert_cmpint (umount2 (scratch->path, MNT_DETACH), ==, 0);
  }
  g_assert_cmpint (g_rmdir (scratch->path), ==, 0);
  g_clear_pointer (&scratch->path, g_free);
  if (!mounted)
    close (scratch->fd);
  return mounted;
}

void
scratch_tear_down (Scratch *scratch, gconstpointer data)
{
  g_autoptr (GDir) dir = scratch->path != NULL ? g_dir_open (scratch->path, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    g_assert_cmpint (unlinkat (scratch->fd, name, 0), ==, 0);
  close (scratch->fd);
  if (scratch->path != NULL)
    g_assert_cmpint (g_rmdir (scratch->path), ==, 0);
  g_free (scratch->path);
}

void
scratch_put (Scratch *scratch, const char *name, gconstpointer data, gsize length)
{
  int fd = openat (scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, length), ==, (gssize)length);
  close (fd);
}

void
scratch_cut (Scratch *scratch, const char *name, goffset length)
{
  int fd = openat (scratch->fd, name, O_WRONLY | O_CLOEXEC);

  g_assert_cmpint (ftruncate (fd, length), ==, 0);
  close (fd);
}

GByteArray *
scratch_get (Scratch *scratch, const char *name)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  int fd = openat (scratch->fd, name, O_RDONLY | O_CLOEXEC);
  guint8 piece[65536];
  gssize n;

  if (fd < 0)
    return NULL;
  while ((n = read (fd, piece, sizeof piece)) > 0)
    g_byte_array_append (bytes, piece, (guint)n);
  close (fd);
  g_assert_cmpint (n, ==, 0);
  return g_steal_pointer (&bytes);
}

void
scratch_fill (Scratch *scratch)
{
  int fd = openat (scratch->fd, "filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  static const guint8 block[4096] = { 1 };

  g_assert_cmpint (fd, >=, 0);
  while (write (fd, block, sizeof block) > 0)
    continue;
  g_assert_cmpint (errno, ==, ENOSPC);
  close (fd);
}
