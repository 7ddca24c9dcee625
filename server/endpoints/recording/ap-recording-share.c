/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What users have on the disk, by their live recordings and the index. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/ap-recording-share.h"

#include "base/ap-log.h"

typedef struct {
  char *id;
  guint references; /* by shares; the table's lock guards it */
  gint known;       /* atomic: nothing has changed what the index says of those that are not live */
  GMutex lock;      /* for the rest; held while the index is asked, or gets a row */
  guint64 live, ended;
} User;

struct _ApRecordingShares {
  guint64 most;
  GMutex lock; /* for a look */
  GHashTable *users;
};

struct _ApRecordingShare {
  ApRecordingShares *shares;
  User *user; /* NULL: there is no bound */
  guint64 bytes;
};

/* ---- Users ---- */

static void
free_user (gpointer data)
{
  User *user = data;

  g_mutex_clear (&user->lock);
  g_free (user->id);
  g_free (user);
}

ApRecordingShares *
ap_recording_shares_new (guint64 most)
{
  ApRecordingShares *shares = g_new0 (ApRecordingShares, 1);

  shares->most = most;
  shares->users = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_user);
  g_mutex_init (&shares->lock);
  return shares;
}

void
ap_recording_shares_free (ApRecordingShares *shares)
{
  g_hash_table_unref (shares->users);
  g_mutex_clear (&shares->lock);
  g_free (shares);
}

void
ap_recording_shares_forget (ApRecordingShares *shares, const char *user_id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&shares->lock);
  GHashTableIter iter;
  gpointer user;

  g_hash_table_iter_init (&iter, shares->users);
  while (g_hash_table_iter_next (&iter, NULL, &user))
    if (user_id == NULL || g_str_equal (((User *)user)->id, user_id))
      g_atomic_int_set (&((User *)user)->known, FALSE);
}

static User *
ref_user (ApRecordingShares *shares, const char *id)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&shares->lock);
  User *user = g_hash_table_lookup (shares->users, id);

  if (user == NULL) {
    user = g_new0 (User, 1);
    user->id = g_strdup (id);
    g_mutex_init (&user->lock);
    g_hash_table_insert (shares->users, user->id, user);
  }
  user->references++;
  return user;
}

static void
unref_user (ApRecordingShares *shares, User *user)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&shares->lock);

  if (--user->references == 0)
    g_hash_table_remove (shares->users, user->id);
}

/* Said before it is asked: what changes meanwhile is asked for again. */
static void
ensure_known (User *user, ApRecordingIndex *index)
{
  guint64 bytes;
  g_autoptr (GError) error = NULL;

  if (!g_atomic_int_compare_and_exchange (&user->known, FALSE, TRUE))
    return;
  if (ap_recording_index_sum_ended (index, user->id, &bytes, &error))
    user->ended = bytes;
  else
    ap_warning ("what a user has on the disk: %s", error->message);
}

/* ---- Shares ---- */

ApRecordingShare *
ap_recording_share_new (ApRecordingShares *shares, const char *user_id)
{
  ApRecordingShare *share = g_new0 (ApRecordingShare, 1);

  share->shares = shares;
  if (shares->most > 0 && user_id != NULL)
    share->user = ref_user (shares, user_id);
  return share;
}

void
ap_recording_share_free (ApRecordingShare *share)
{
  ap_recording_share_set (share, 0);
  if (share->user != NULL)
    unref_user (share->shares, share->user);
  g_free (share);
}

/* With the user's lock. */
static void
set (ApRecordingShare *share, guint64 bytes)
{
  share->user->live += bytes - share->bytes;
  share->bytes = bytes;
}

void
ap_recording_share_set (ApRecordingShare *share, guint64 bytes)
{
  if (share->user == NULL || bytes == share->bytes)
    return;
  g_mutex_lock (&share->user->lock);
  set (share, bytes);
  g_mutex_unlock (&share->user->lock);
}

static gboolean
has_room (const ApRecordingShare *share, guint64 bytes)
{
  guint64 others = share->user->ended + share->user->live - share->bytes;

  return bytes <= share->shares->most && others <= share->shares->most - bytes;
}

static gboolean
take (ApRecordingShare *share, ApRecordingIndex *index, guint64 bytes)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&share->user->lock);

  ensure_known (share->user, index);
  if (bytes > share->bytes && !has_room (share, bytes))
    return FALSE;
  set (share, bytes);
  return TRUE;
}

gboolean
ap_recording_share_claim (ApRecordingShare *share, ApRecordingIndex *index, guint64 bytes, GError **error)
{
  if (share->user == NULL || bytes == share->bytes || take (share, index, bytes))
    return TRUE;
  g_set_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA,
               "the user's recordings may have %" G_GUINT64_FORMAT " MiB on the disk, and not more",
               share->shares->most >> 20);
  return FALSE;
}

void
ap_recording_share_end (ApRecordingShare *share, void (*put) (gpointer owner), gpointer owner)
{
  g_autoptr (GMutexLocker) locker = share->user != NULL ? g_mutex_locker_new (&share->user->lock) : NULL;

  put (owner);
  if (share->user == NULL)
    return;
  set (share, 0);
  g_atomic_int_set (&share->user->known, FALSE);
}
