/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything is there twice: as it is now, and as it is kept. */
#include "power-cut-disk.h"

#include <glib/gstdio.h>
#include <string.h>

struct _PowerCutFile {
  guint number;
  GByteArray *now, *kept;
  GHashTable *dirty; /* numbers of pages that differ, or may */
};

/* A change of names, whole or not at all. */
typedef struct {
  char *removed; /* nullable */
  char *added;   /* nullable, the name of @file */
  PowerCutFile *file;
} Change;

struct _PowerCutDisk {
  GPtrArray *files;
  GHashTable *now, *kept; /* name -> file */
  GPtrArray *changes;     /* from @kept to @now, in order */
};

/* ---- files ---- */

static PowerCutFile *
file_new (PowerCutDisk *disk)
{
  PowerCutFile *self = g_new0 (PowerCutFile, 1);

  self->number = disk->files->len;
  self->now = g_byte_array_new ();
  self->kept = g_byte_array_new ();
  self->dirty = g_hash_table_new (NULL, NULL);
  g_ptr_array_add (disk->files, self);
  return self;
}

static void
file_free (gpointer data)
{
  PowerCutFile *self = data;

  g_byte_array_unref (self->now);
  g_byte_array_unref (self->kept);
  g_hash_table_unref (self->dirty);
  g_free (self);
}

guint
power_cut_file_number (const PowerCutFile *self)
{
  return self->number;
}

gsize
power_cut_file_size (const PowerCutFile *self)
{
  return self->now->len;
}

gsize
power_cut_file_read (const PowerCutFile *self, gsize offset, gsize length, const guint8 **data)
{
  gsize there = offset < self->now->len ? self->now->len - offset : 0;

  *data = there > 0 ? self->now->data + offset : NULL;
  return MIN (length, there);
}

static void
set_size (GByteArray *bytes, gsize size)
{
  gsize old = bytes->len;

  g_byte_array_set_size (bytes, (guint)size);
  if (size > old)
    memset (bytes->data + old, 0, size - old);
}

static void
mark_dirty (PowerCutFile *self, gsize from, gsize to)
{
  for (gsize page = from / POWER_CUT_PAGE; page * POWER_CUT_PAGE < to; page++)
    g_hash_table_add (self->dirty, GSIZE_TO_POINTER (page));
}

void
power_cut_file_resize (PowerCutFile *self, gsize size)
{
  mark_dirty (self, MIN (size, self->now->len), MAX (size, self->now->len));
  set_size (self->now, size);
}

void
power_cut_file_write (PowerCutFile *self, gsize offset, const guint8 *data, gsize length)
{
  if (length == 0)
    return;
  if (offset + length > self->now->len)
    power_cut_file_resize (self, offset + length);
  mark_dirty (self, offset, offset + length);
  memcpy (self->now->data + offset, data, length);
}

/* ---- what is kept of a file ---- */

static void
keep (PowerCutFile *self, gsize from, gsize length)
{
  gsize to = MIN (from + length, self->now->len);

  if (from >= to)
    return;
  if (to > self->kept->len)
    set_size (self->kept, to);
  memcpy (self->kept->data + from, self->now->data + from, to - from);
}

void
power_cut_file_sync (PowerCutFile *self)
{
  GHashTableIter iter;
  gpointer page;

  g_hash_table_iter_init (&iter, self->dirty);
  while (g_hash_table_iter_next (&iter, &page, NULL))
    keep (self, GPOINTER_TO_SIZE (page) * POWER_CUT_PAGE, POWER_CUT_PAGE);
  set_size (self->kept, self->now->len);
  g_hash_table_remove_all (self->dirty);
}

static void
forget (PowerCutFile *self)
{
  g_byte_array_set_size (self->now, 0);
  g_byte_array_append (self->now, self->kept->data, self->kept->len);
  g_hash_table_remove_all (self->dirty);
}

static void
keep_page_by_chance (PowerCutFile *self, gsize page, GRand *chance)
{
  gboolean torn = g_rand_int_range (chance, 0, 4) == 0;

  if (g_rand_boolean (chance))
    return;
  for (gsize at = 0; at < POWER_CUT_PAGE; at += POWER_CUT_SECTOR)
    if (!torn || g_rand_boolean (chance))
      keep (self, page * POWER_CUT_PAGE + at, POWER_CUT_SECTOR);
}

static int
compare_pages (gconstpointer a, gconstpointer b)
{
  return a < b ? -1 : a > b;
}

/* A file that was cut shorter is so, or not yet. */
static void
keep_by_chance (PowerCutFile *self, GRand *chance)
{
  g_autoptr (GList) pages = g_list_sort (g_hash_table_get_keys (self->dirty), compare_pages);

  if (self->now->len < self->kept->len && g_rand_boolean (chance))
    set_size (self->kept, self->now->len);
  for (GList *page = pages; page != NULL; page = page->next)
    keep_page_by_chance (self, GPOINTER_TO_SIZE (page->data), chance);
}

void
power_cut_file_fail (PowerCutFile *self, PowerCutLeaves leaves, guint32 seed)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (seed);

  if (leaves == POWER_CUT_HALF)
    keep_by_chance (self, chance);
  g_hash_table_remove_all (self->dirty);
}

/* The length stays: the system takes it from what it writes down first. */
void
power_cut_file_reread (PowerCutFile *self)
{
  set_size (self->kept, MAX (self->kept->len, self->now->len));
  for (gsize at = 0; at < self->now->len; at += POWER_CUT_PAGE)
    if (!g_hash_table_contains (self->dirty, GSIZE_TO_POINTER (at / POWER_CUT_PAGE)))
      memcpy (self->now->data + at, self->kept->data + at, MIN (POWER_CUT_PAGE, self->now->len - at));
}

/* ---- names ---- */

static void
change_free (gpointer data)
{
  Change *self = data;

  g_free (self->removed);
  g_free (self->added);
  g_free (self);
}

static void
apply (const Change *change, GHashTable *names)
{
  if (change->removed != NULL)
    g_hash_table_remove (names, change->removed);
  if (change->added != NULL)
    g_hash_table_insert (names, g_strdup (change->added), change->file);
}

static void
change_names (PowerCutDisk *self, const char *removed, const char *added, PowerCutFile *file)
{
  Change *change = g_new0 (Change, 1);

  change->removed = g_strdup (removed);
  change->added = g_strdup (added);
  change->file = file;
  apply (change, self->now);
  g_ptr_array_add (self->changes, change);
}

PowerCutFile *
power_cut_disk_find (PowerCutDisk *self, const char *name)
{
  return g_hash_table_lookup (self->now, name);
}

PowerCutFile *
power_cut_disk_get (PowerCutDisk *self, guint number)
{
  return g_ptr_array_index (self->files, number);
}

GList *
power_cut_disk_names (PowerCutDisk *self)
{
  return g_hash_table_get_keys (self->now);
}

PowerCutFile *
power_cut_disk_create (PowerCutDisk *self, const char *name)
{
  PowerCutFile *file = file_new (self);

  change_names (self, NULL, name, file);
  return file;
}

gboolean
power_cut_disk_remove (PowerCutDisk *self, const char *name)
{
  if (power_cut_disk_find (self, name) == NULL)
    return FALSE;
  change_names (self, name, NULL, NULL);
  return TRUE;
}

gboolean
power_cut_disk_rename (PowerCutDisk *self, const char *from, const char *to)
{
  PowerCutFile *file = power_cut_disk_find (self, from);

  if (file != NULL && !g_str_equal (from, to))
    change_names (self, from, to, file);
  return file != NULL;
}

/* ---- the disk ---- */

static void
keep_changes (PowerCutDisk *self, guint count)
{
  for (guint i = 0; i < count; i++)
    apply (g_ptr_array_index (self->changes, i), self->kept);
  g_ptr_array_set_size (self->changes, 0);
}

void
power_cut_disk_sync_names (PowerCutDisk *self)
{
  keep_changes (self, self->changes->len);
}

void
power_cut_disk_sync (PowerCutDisk *self)
{
  for (guint i = 0; i < self->files->len; i++)
    power_cut_file_sync (power_cut_disk_get (self, i));
  power_cut_disk_sync_names (self);
}

static void
forget_names (PowerCutDisk *self)
{
  GHashTableIter iter;
  gpointer name, file;

  g_hash_table_remove_all (self->now);
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &name, &file))
    g_hash_table_insert (self->now, g_strdup (name), file);
}

void
power_cut_disk_cut (PowerCutDisk *self, PowerCutLeaves leaves, guint32 seed)
{
  GRand *chance = g_rand_new_with_seed (seed);
  guint changes = leaves == POWER_CUT_HALF ? (guint)g_rand_int_range (chance, 0, (gint32)self->changes->len + 1) : 0;

  keep_changes (self, changes);
  forget_names (self);
  for (guint i = 0; i < self->files->len; i++) {
    if (leaves == POWER_CUT_HALF)
      keep_by_chance (power_cut_disk_get (self, i), chance);
    forget (power_cut_disk_get (self, i));
  }
  g_rand_free (chance);
}

static PowerCutDisk *
disk_new (void)
{
  PowerCutDisk *self = g_new0 (PowerCutDisk, 1);

  self->files = g_ptr_array_new_with_free_func (file_free);
  self->now = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->kept = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->changes = g_ptr_array_new_with_free_func (change_free);
  return self;
}

void
power_cut_disk_free (PowerCutDisk *self)
{
  g_ptr_array_unref (self->changes);
  g_hash_table_unref (self->now);
  g_hash_table_unref (self->kept);
  g_ptr_array_unref (self->files);
  g_free (self);
}

static gboolean
load_file (PowerCutDisk *self, const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *data = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, error))
    return FALSE;
  power_cut_file_write (power_cut_disk_create (self, name), 0, (guint8 *)data, length);
  return TRUE;
}

PowerCutDisk *
power_cut_disk_load (const char *folder, GError **error)
{
  g_autoptr (PowerCutDisk) self = disk_new ();
  g_autoptr (GDir) names = g_dir_open (folder, 0, error);
  const char *name;

  if (names == NULL)
    return NULL;
  while ((name = g_dir_read_name (names)) != NULL)
    if (!load_file (self, folder, name, error))
      return NULL;
  power_cut_disk_sync (self);
  return g_steal_pointer (&self);
}

static void
remove_strangers (PowerCutDisk *self, const char *folder)
{
  g_autoptr (GDir) names = g_dir_open (folder, 0, NULL);
  const char *name;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);

    if (!g_hash_table_contains (self->kept, name))
      g_unlink (path);
  }
}

gboolean
power_cut_disk_store (PowerCutDisk *self, const char *folder, GError **error)
{
  GHashTableIter iter;
  gpointer name, file;

  remove_strangers (self, folder);
  g_hash_table_iter_init (&iter, self->kept);
  while (g_hash_table_iter_next (&iter, &name, &file)) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    GByteArray *bytes = ((PowerCutFile *)file)->kept;

    g_unlink (path); /* GLib 2.74 leaves a longer file as long as it was */
    if (!g_file_set_contents_full (path, (char *)bytes->data, bytes->len, G_FILE_SET_CONTENTS_NONE, 0600, error))
      return FALSE;
  }
  return TRUE;
}
