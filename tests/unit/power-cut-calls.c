/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The linker takes these calls before libc's. Each is done twice: on the files, for who reads them, and on the model.
 */
#undef _FORTIFY_SOURCE /* whose openat() is another */
#include "power-cut-calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static struct {
  PowerCutDisk *disk; /* NULL: all calls pass */
  PowerDisk manner;
  GRand *chance;
  int folder;
  const char *path;
  PowerCutFile *files[1024]; /* by descriptor */
  guint left;                /* calls until the end; 0: no end is near */
  PowerEnd end;
  gboolean over, full, kind, failing, failing_folder;
} power;

/* ---- What happens -------------------------------------------------------------------------------------------------
 */

static gboolean
happens (gint32 one_in)
{
  return g_rand_int_range (power.chance, 0, one_in) == 0;
}

static void
come_to_an_end (PowerEnd end)
{
  power.over = TRUE;
  power.end = end;
  if (end != POWER_STAYS)
    power_cut_disk_cut (power.disk, end == POWER_TEARS ? POWER_CUT_HALF : POWER_CUT_NOTHING_MORE,
                        g_rand_int (power.chance));
}

/* Whether the process is still there after this call, whose part on the disk is done. */
static gboolean
goes_on (void)
{
  if (power.left > 0 && --power.left == 0)
    come_to_an_end (power.end);
  if (power.manner.fills && happens (power.full ? 20 : 60))
    power.full = !power.full;
  return !power.over;
}

static gboolean
is_full (void)
{
  return power.full && !power.kind;
}

static int
fail (int errnum)
{
  errno = errnum;
  return -1;
}

static PowerCutFile *
file_of (int fd)
{
  return power.disk != NULL && fd >= 0 && fd < (int)G_N_ELEMENTS (power.files) ? power.files[fd] : NULL;
}

#define REAL(name)                                                                                                     \
  static __typeof__ (name) *real;                                                                                      \
  if (real == NULL)                                                                                                    \
  *(void **)&real = dlsym (RTLD_NEXT, #name)

/* ---- Names --------------------------------------------------------------------------------------------------------
 */

static gboolean
is_watched (int folder)
{
  return power.disk != NULL && folder == power.folder;
}

static int
open_on_disk (const char *name, int fd, gboolean made)
{
  g_assert_cmpint (fd, <, G_N_ELEMENTS (power.files));
  if (fd < 0)
    return fd;
  power.files[fd] = made ? power_cut_disk_create (power.disk, name) : power_cut_disk_find (power.disk, name);
  return fd;
}

int
openat (int folder, const char *name, int flags, ...)
{
  gboolean makes = (flags & O_CREAT) != 0;
  mode_t mode = 0;
  va_list list;

  REAL (openat);
  va_start (list, flags);
  if (makes)
    mode = va_arg (list, mode_t);
  va_end (list);
  if (!is_watched (folder))
    return real (folder, name, flags, mode);
  if (power.over)
    return fail (EIO);
  if (makes && is_full ())
    return fail (ENOSPC);
  folder = open_on_disk (name, real (folder, name, flags, mode), makes);
  goes_on ();
  return folder;
}

int
renameat (int from, const char *old, int to, const char *new)
{
  REAL (renameat);
  if (is_watched (from) && power.over)
    return fail (EIO);
  if (real (from, old, to, new) < 0)
    return -1;
  if (is_watched (from)) {
    power_cut_disk_rename (power.disk, old, new);
    goes_on ();
  }
  return 0;
}

int
unlinkat (int folder, const char *name, int flags)
{
  REAL (unlinkat);
  if (is_watched (folder) && power.over)
    return fail (EIO);
  if (real (folder, name, flags) < 0)
    return -1;
  if (is_watched (folder)) {
    power_cut_disk_remove (power.disk, name);
    goes_on ();
  }
  return 0;
}

int
dup3 (int fd, int as, int flags)
{
  REAL (dup3);
  if (file_of (fd) != NULL)
    power.files[as] = file_of (fd);
  return real (fd, as, flags);
}

/* ---- Bytes --------------------------------------------------------------------------------------------------------
 */

static gsize
whole_pages (gsize length)
{
  return length / POWER_CUT_PAGE * POWER_CUT_PAGE;
}

/* How much of @length bytes at @offset is written. A full disk takes what its blocks have room for; a process that ends
 * does so between pages. */
static gsize
measure (PowerCutFile *file, gsize offset, gsize length)
{
  gsize end = offset + length, part;

  if (is_full () && !power.manner.reserves)
    end = MIN (end, whole_pages (power_cut_file_size (file) + POWER_CUT_PAGE - 1));
  part = whole_pages (offset + (gsize)g_rand_int_range (power.chance, 0, (gint32)length + 1));
  if (power.left == 1)
    end = MIN (end, part);
  return end > offset ? end - offset : 0;
}

ssize_t
pwritev (int fd, const struct iovec *pieces, int n, off_t offset)
{
  PowerCutFile *file = file_of (fd);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gsize length;

  for (int i = 0; i < n; i++)
    g_byte_array_append (bytes, pieces[i].iov_base, (guint)pieces[i].iov_len);
  if (file == NULL)
    return pwrite (fd, bytes->data, bytes->len, offset);
  if (power.over)
    return fail (EIO);
  length = measure (file, (gsize)offset, bytes->len);
  if (length == 0)
    return goes_on () ? fail (ENOSPC) : fail (EIO);
  g_assert_cmpint (pwrite (fd, bytes->data, length, offset), ==, (gssize)length);
  power_cut_file_write (file, (gsize)offset, bytes->data, length);
  return goes_on () ? (gssize)length : fail (EIO);
}

int
ftruncate (int fd, off_t length)
{
  REAL (ftruncate);
  if (file_of (fd) == NULL)
    return real (fd, length);
  if (power.over)
    return fail (EIO);
  g_assert_cmpint (real (fd, length), ==, 0);
  power_cut_file_resize (file_of (fd), (gsize)length);
  return goes_on () ? 0 : fail (EIO);
}

/* Takes none: what is written finds room by measure(). */
int
fallocate (int fd, int mode, off_t offset, off_t length)
{
  REAL (fallocate);
  if (file_of (fd) == NULL)
    return real (fd, mode, offset, length);
  if (power.over)
    return fail (EIO);
  if (!power.manner.reserves)
    return fail (EOPNOTSUPP);
  return is_full () ? fail (ENOSPC) : 0;
}

/* ---- What is kept -------------------------------------------------------------------------------------------------
 */

static gboolean
refuses (PowerCutFile *file)
{
  gboolean by_chance = power.manner.fails && !power.kind && happens (40);

  if (!power.failing && !by_chance)
    return FALSE;
  power_cut_file_fail (file, power.failing ? POWER_CUT_NOTHING_MORE : POWER_CUT_HALF, g_rand_int (power.chance));
  power.failing = FALSE;
  return TRUE;
}

static int
sync_file (PowerCutFile *file)
{
  if (refuses (file)) {
    goes_on ();
    return fail (EIO);
  }
  power_cut_file_sync (file);
  return goes_on () ? 0 : fail (EIO);
}

int
fdatasync (int fd)
{
  if (power.disk == NULL)
    return 0;
  if (power.over)
    return fail (EIO);
  if (file_of (fd) != NULL)
    return sync_file (file_of (fd));
  g_assert_cmpint (fd, ==, power.folder);
  if (power.failing_folder) {
    power.failing_folder = FALSE;
    return fail (EIO);
  }
  power_cut_disk_sync_names (power.disk);
  return goes_on () ? 0 : fail (EIO);
}

/* What is read next comes from the disk, where that is the same, or should be. */
int
posix_fadvise (int fd, off_t offset, off_t length, int advice)
{
  PowerCutFile *file = file_of (fd);
  const guint8 *data;
  gsize size;

  if (file == NULL || power.over || advice != POSIX_FADV_DONTNEED)
    return 0;
  power_cut_file_reread (file);
  size = power_cut_file_read (file, 0, G_MAXSIZE, &data);
  g_assert_cmpint (pwrite (fd, data, size, 0), ==, (gssize)size);
  return 0;
}

void
power_sync_all (void)
{
  if (power.over)
    return;
  power_cut_disk_sync (power.disk);
  goes_on ();
}

/* ---- For tests ----------------------------------------------------------------------------------------------------
 */

void
power_begin (int fd, const char *path, GRand *chance, const PowerDisk *disk)
{
  memset (&power, 0, sizeof power);
  power.disk = power_cut_disk_load (path, NULL);
  power.manner = *disk;
  power.chance = chance;
  power.folder = fd;
  power.path = path;
}

void
power_end (void)
{
  g_clear_pointer (&power.disk, power_cut_disk_free);
}

void
power_arm (guint calls, PowerEnd end)
{
  power.left = calls;
  power.end = end;
}

gboolean
power_is_over (void)
{
  return power.over;
}

void
power_cut (PowerEnd end)
{
  PowerCutDisk *disk = power.disk;

  if (!power.over)
    come_to_an_end (end);
  power.disk = NULL; /* what follows is done to the files alone */
  if (power.end != POWER_STAYS)
    g_assert_true (power_cut_disk_store (disk, power.path, NULL));
  power.disk = disk;
  memset (power.files, 0, sizeof power.files);
  power.over = power.full = FALSE;
  power.left = 0;
}

void
power_be_kind (gboolean kind)
{
  power.kind = kind;
}

void
power_fail (gboolean folder)
{
  power.failing = !folder;
  power.failing_folder = folder;
}
