/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ap-memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int statm_fd = -1; /* kept open: when descriptors are short, memory may be, too */
static gsize group_limit = G_MAXSIZE;

static gsize
limit_in (const char *root, const char *group)
{
  g_autofree char *path = g_build_filename (root, group, "memory.max", NULL);
  g_autofree char *text = NULL;
  guint64 limit;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_ascii_isdigit (*text))
    return G_MAXSIZE; /* the outermost group has none, others may say `max` */
  limit = g_ascii_strtoull (text, NULL, 10);
  return (gsize)MIN (limit, G_MAXSIZE);
}

gsize
ap_memory_group_limit (const char *root, const char *membership)
{
  const char *line = g_str_has_prefix (membership, "0::") ? membership : strstr (membership, "\n0::");
  const char *start = line != NULL ? strchr (line, '/') : NULL;
  g_autofree char *group = start != NULL ? g_strndup (start, strcspn (start, "\n")) : NULL;
  gsize limit = G_MAXSIZE;

  while (group != NULL) {
    char *last = strrchr (group, '/');

    limit = MIN (limit, limit_in (root, group));
    if (last == NULL)
      break;
    *last = '\0';
  }
  return limit;
}

static gboolean
is_space_limited (struct rlimit *space)
{
  return getrlimit (RLIMIT_AS, space) == 0 && space->rlim_cur != RLIM_INFINITY;
}

void
ap_memory_init (void)
{
  g_autofree char *membership = NULL;
  struct rlimit space;

#ifdef M_ARENA_MAX
  /* Of glibc: heaps of threads, each of which reserves 64 MiB for good. */
  if (is_space_limited (&space))
    mallopt (M_ARENA_MAX, 1);
#endif
  if (statm_fd < 0)
    statm_fd = open ("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (g_file_get_contents ("/proc/self/cgroup", &membership, NULL, NULL))
    group_limit = ap_memory_group_limit ("/sys/fs/cgroup", membership);
}

static gsize
room_under (gsize limit, gsize used, gsize reserve)
{
  return limit > used && limit - used > reserve ? limit - used - reserve : 0;
}

gsize
ap_memory_room (gsize reserve)
{
  struct rlimit space;
  gboolean space_limited = is_space_limited (&space);
  gsize page = (gsize)sysconf (_SC_PAGESIZE);
  gsize mapped, resident;
  char text[128] = "";

  if (!space_limited && group_limit == G_MAXSIZE)
    return G_MAXSIZE;
  if (pread (statm_fd, text, sizeof text - 1, 0) <= 0 ||
      sscanf (text, "%" G_GSIZE_FORMAT " %" G_GSIZE_FORMAT, &mapped, &resident) != 2)
    return G_MAXSIZE;
  return MIN (space_limited ? room_under (space.rlim_cur, mapped * page, reserve) : G_MAXSIZE,
              group_limit == G_MAXSIZE ? G_MAXSIZE : room_under (group_limit, resident * page, reserve));
}
