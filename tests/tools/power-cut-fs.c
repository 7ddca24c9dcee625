/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* power-cut-fs: a file system (FUSE) over a folder of files whose power can be cut. SIGUSR1 does it: from then on every
 * operation fails with EIO, and what the folder holds once this program has ended is what a disk would hold. Unmounted
 * in order, it holds everything. All is in memory until then. There are no folders below.
 *
 * The kernel keeps pages of the files too, which maps of them need (SQLite's -shm), but writes through them at once, so
 * that what is volatile is known here; only what was written through a map comes when the kernel likes. */
#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fuse_lowlevel.h>
#include <glib.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "power-cut-disk.h"

#define FIRST_FILE (FUSE_ROOT_ID + 1) /* the inode number of file 0 */
#define CACHED     1.0                /* seconds; nobody else changes anything */

static int sync_ms;
static int seed;
static gboolean half;

static const GOptionEntry entries[] = {
  { "half", 0, 0, G_OPTION_ARG_NONE, &half, "What was not synced is half there, torn", NULL },
  { "seed", 0, 0, G_OPTION_ARG_INT, &seed, "Which half (0)", "N" },
  { "sync-ms", 0, 0, G_OPTION_ARG_INT, &sync_ms, "What a sync takes (0)", "N" },
  { NULL },
};

static GMutex lock; /* guards all below */
static GCond on_cut;
static gboolean cut;
static PowerCutDisk *disk;
static GPtrArray *lists; /* those of folders that are open; the kernel may end without a word of them */

/* Every operation holds the lock from here on, or has been refused. */
static gboolean
begin (fuse_req_t request)
{
  g_mutex_lock (&lock);
  if (!cut)
    return TRUE;
  g_mutex_unlock (&lock);
  fuse_reply_err (request, EIO);
  return FALSE;
}

static void
end (fuse_req_t request, int error)
{
  g_mutex_unlock (&lock);
  fuse_reply_err (request, error);
}

static PowerCutFile *
file_of (fuse_ino_t inode)
{
  return power_cut_disk_get (disk, (guint)(inode - FIRST_FILE));
}

static struct stat
stat_of (fuse_ino_t inode)
{
  struct stat info = { .st_ino = inode, .st_uid = getuid (), .st_gid = getgid (), .st_nlink = 1 };

  info.st_mode = inode == FUSE_ROOT_ID ? S_IFDIR | 0700 : S_IFREG | 0600;
  info.st_size = inode == FUSE_ROOT_ID ? 0 : (off_t)power_cut_file_size (file_of (inode));
  info.st_blocks = (info.st_size + POWER_CUT_SECTOR - 1) / POWER_CUT_SECTOR;
  info.st_blksize = POWER_CUT_PAGE;
  return info;
}

static struct fuse_entry_param
entry_of (PowerCutFile *file)
{
  fuse_ino_t inode = power_cut_file_number (file) + FIRST_FILE;

  return (struct fuse_entry_param){
    .ino = inode, .attr = stat_of (inode), .attr_timeout = CACHED, .entry_timeout = CACHED
  };
}

/* ---- names ---- */

static void
do_lookup (fuse_req_t request, fuse_ino_t parent, const char *name)
{
  struct fuse_entry_param entry;
  PowerCutFile *file;

  if (!begin (request))
    return;
  if ((file = power_cut_disk_find (disk, name)) == NULL) {
    end (request, ENOENT);
    return;
  }
  entry = entry_of (file);
  g_mutex_unlock (&lock);
  fuse_reply_entry (request, &entry);
}

static void
do_create (fuse_req_t request, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *info)
{
  struct fuse_entry_param entry;

  if (!begin (request))
    return;
  if (power_cut_disk_find (disk, name) != NULL) {
    end (request, EEXIST);
    return;
  }
  entry = entry_of (power_cut_disk_create (disk, name));
  g_mutex_unlock (&lock);
  fuse_reply_create (request, &entry, info);
}

static void
do_unlink (fuse_req_t request, fuse_ino_t parent, const char *name)
{
  if (begin (request))
    end (request, power_cut_disk_remove (disk, name) ? 0 : ENOENT);
}

static void
do_rename (fuse_req_t request, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
           unsigned int flags)
{
  if (!begin (request))
    return;
  if (flags != 0)
    end (request, EINVAL);
  else
    end (request, power_cut_disk_rename (disk, name, new_name) ? 0 : ENOENT);
}

static void
add_name (fuse_req_t request, GByteArray *list, const char *name, fuse_ino_t inode)
{
  struct stat info = stat_of (inode);
  gsize old = list->len;
  gsize more = fuse_add_direntry (request, NULL, 0, name, NULL, 0);

  g_byte_array_set_size (list, (guint)(old + more));
  fuse_add_direntry (request, (char *)list->data + old, more, name, &info, (off_t)(old + more));
}

/* The whole list is made at opening, so that what changes while it is read does no harm. */
static void
do_opendir (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  g_autoptr (GList) names = NULL;
  GByteArray *list = g_byte_array_new ();

  if (!begin (request)) {
    g_byte_array_unref (list);
    return;
  }
  add_name (request, list, ".", FUSE_ROOT_ID);
  add_name (request, list, "..", FUSE_ROOT_ID);
  names = power_cut_disk_names (disk);
  for (GList *name = names; name != NULL; name = name->next)
    add_name (request, list, name->data, power_cut_file_number (power_cut_disk_find (disk, name->data)) + FIRST_FILE);
  g_ptr_array_add (lists, list);
  g_mutex_unlock (&lock);
  info->fh = (guintptr)list;
  fuse_reply_open (request, info);
}

static void
do_readdir (fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info)
{
  GByteArray *list = (GByteArray *)(guintptr)info->fh;
  gsize at = MIN ((gsize)offset, list->len);

  /* The lock, because the reader may be done with the folder before the reply has returned. */
  g_mutex_lock (&lock);
  fuse_reply_buf (request, (char *)list->data + at, MIN (size, list->len - at));
  g_mutex_unlock (&lock);
}

static void
do_releasedir (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  g_mutex_lock (&lock);
  g_ptr_array_remove_fast (lists, (gpointer)(guintptr)info->fh);
  end (request, 0);
}

/* ---- files ---- */

static void
do_getattr (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  struct stat attributes;

  if (!begin (request))
    return;
  attributes = stat_of (inode);
  g_mutex_unlock (&lock);
  fuse_reply_attr (request, &attributes, CACHED);
}

/* Of all that may be set only the size is. */
static void
do_setattr (fuse_req_t request, fuse_ino_t inode, struct stat *wanted, int which, struct fuse_file_info *info)
{
  struct stat attributes;

  if (!begin (request))
    return;
  if ((which & FUSE_SET_ATTR_SIZE) != 0)
    power_cut_file_resize (file_of (inode), (gsize)wanted->st_size);
  attributes = stat_of (inode);
  g_mutex_unlock (&lock);
  fuse_reply_attr (request, &attributes, CACHED);
}

static void
do_open (fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *info)
{
  if (!begin (request))
    return;
  if ((info->flags & O_TRUNC) != 0)
    power_cut_file_resize (file_of (inode), 0);
  g_mutex_unlock (&lock);
  info->keep_cache = TRUE;
  fuse_reply_open (request, info);
}

static void
do_read (fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset, struct fuse_file_info *info)
{
  const guint8 *data;
  gsize length;

  if (!begin (request))
    return;
  length = power_cut_file_read (file_of (inode), (gsize)offset, size, &data);
  fuse_reply_buf (request, (const char *)data, length);
  g_mutex_unlock (&lock);
}

static void
do_write (fuse_req_t request, fuse_ino_t inode, const char *data, size_t size, off_t offset,
          struct fuse_file_info *info)
{
  if (!begin (request))
    return;
  power_cut_file_write (file_of (inode), (gsize)offset, (const guint8 *)data, size);
  g_mutex_unlock (&lock);
  fuse_reply_write (request, size);
}

/* Space ahead is always there. */
static void
do_fallocate (fuse_req_t request, fuse_ino_t inode, int mode, off_t offset, off_t length, struct fuse_file_info *info)
{
  gsize end_of_it = (gsize)(offset + length);

  if (!begin (request))
    return;
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0) {
    end (request, EOPNOTSUPP);
    return;
  }
  if (mode == 0 && end_of_it > power_cut_file_size (file_of (inode)))
    power_cut_file_resize (file_of (inode), end_of_it);
  end (request, 0);
}

static void
do_statfs (fuse_req_t request, fuse_ino_t inode)
{
  struct statvfs info = { .f_bsize = POWER_CUT_PAGE, .f_frsize = POWER_CUT_PAGE, .f_namemax = NAME_MAX };

  info.f_blocks = info.f_bfree = info.f_bavail = (fsblkcnt_t)1 << 24;
  info.f_files = info.f_ffree = info.f_favail = 1 << 20;
  fuse_reply_statfs (request, &info);
}

/* ---- syncs ---- */

/* The disk is at work: nothing is kept before it is done. Called with the lock held. Returns: whether the power stayed
 */
static gboolean
wait_for_disk (void)
{
  gint64 done = g_get_monotonic_time () + sync_ms * G_TIME_SPAN_MILLISECOND;

  while (!cut && sync_ms > 0 && g_cond_wait_until (&on_cut, &lock, done))
    continue;
  return !cut;
}

static void
do_fsync (fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *info)
{
  gboolean powered;

  if (!begin (request))
    return;
  if ((powered = wait_for_disk ()))
    power_cut_file_sync (file_of (inode));
  end (request, powered ? 0 : EIO);
}

static void
do_fsyncdir (fuse_req_t request, fuse_ino_t inode, int data_only, struct fuse_file_info *info)
{
  gboolean powered;

  if (!begin (request))
    return;
  if ((powered = wait_for_disk ()))
    power_cut_disk_sync_names (disk);
  end (request, powered ? 0 : EIO);
}

static gpointer
cut_at_signal (gpointer data)
{
  sigset_t signals;
  int number;

  sigemptyset (&signals);
  sigaddset (&signals, SIGUSR1);
  while (sigwait (&signals, &number) == 0) {
    g_mutex_lock (&lock);
    if (!cut)
      power_cut_disk_cut (disk, half ? POWER_CUT_HALF : POWER_CUT_NOTHING_MORE, (guint32)seed);
    cut = TRUE;
    g_cond_broadcast (&on_cut);
    g_mutex_unlock (&lock);
  }
  return NULL;
}

/* ---- the program ---- */

/* Locks are the kernel's. */
static const struct fuse_lowlevel_ops operations = {
  .lookup = do_lookup,
  .create = do_create,
  .unlink = do_unlink,
  .rename = do_rename,
  .opendir = do_opendir,
  .readdir = do_readdir,
  .releasedir = do_releasedir,
  .getattr = do_getattr,
  .setattr = do_setattr,
  .open = do_open,
  .read = do_read,
  .write = do_write,
  .fallocate = do_fallocate,
  .statfs = do_statfs,
  .fsync = do_fsync,
  .fsyncdir = do_fsyncdir,
};

static int
serve (const char *mount_point)
{
  struct fuse_args args = FUSE_ARGS_INIT (0, NULL);
  struct fuse_session *session;
  struct fuse_loop_config *config = fuse_loop_cfg_create ();
  int result;

  fuse_opt_add_arg (&args, "power-cut-fs");
  fuse_opt_add_arg (&args, "-ofsname=power-cut");
  session = fuse_session_new (&args, &operations, sizeof operations, NULL);
  fuse_opt_free_args (&args);
  if (session == NULL || fuse_set_signal_handlers (session) != 0 || fuse_session_mount (session, mount_point) != 0)
    return -1;
  puts ("mounted");
  fflush (stdout);
  result = fuse_session_loop_mt (session, config);
  signal (SIGTERM, SIG_IGN); /* what was kept is yet to be written */
  fuse_loop_cfg_destroy (config);
  fuse_session_unmount (session);
  fuse_remove_signal_handlers (session);
  fuse_session_destroy (session);
  return MIN (result, 0); /* above 0: the signal that ended it */
}

/* Before there are threads, which inherit it. */
static void
listen_for_cut (void)
{
  sigset_t signals;

  sigemptyset (&signals);
  sigaddset (&signals, SIGUSR1);
  pthread_sigmask (SIG_BLOCK, &signals, NULL);
  g_thread_unref (g_thread_new ("power", cut_at_signal, NULL));
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("FOLDER MOUNT-POINT - a disk whose power can be cut");
  g_autoptr (GError) error = NULL;
  int result = -1;

  g_option_context_add_main_entries (context, entries, NULL);
  if (g_option_context_parse (context, &argc, &argv, &error) && argc == 3 &&
      (disk = power_cut_disk_load (argv[1], &error)) != NULL) {
    lists = g_ptr_array_new_with_free_func ((GDestroyNotify)g_byte_array_unref);
    listen_for_cut ();
    result = serve (argv[2]);
    g_mutex_lock (&lock);
    if (!cut)
      power_cut_disk_sync (disk);
    if (!power_cut_disk_store (disk, argv[1], &error))
      result = -1;
    cut = TRUE;
    g_ptr_array_unref (lists);
    g_mutex_unlock (&lock);
  }
  if (result != 0)
    fprintf (stderr, "power-cut-fs: %s\n", error != NULL ? error->message : "it takes two folders, and /dev/fuse");
  return result == 0 ? 0 : 1;
}
