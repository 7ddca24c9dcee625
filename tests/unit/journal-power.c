/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal whose machine loses its power at any moment, many thousand times: what was synced is there, in its order,
 * and nothing else. The disk keeps of the rest what it likes, page by page, and what a torn write leaves may lie
 * behind. One that also spoils what it has is passed over: what is lost keeps its number, and all others keep theirs.
 * AP_TEST_SEED and AP_TEST_WORLDS: from which on, and how many. */
#include "journal-support.h"

#include <string.h>
#include <sys/stat.h>

#define PAGE   4096
#define SECTOR 512
#define LIVES  6

static const guint8 foreign[3000]; /* so much of it, or less, is not taken */

typedef struct {
  Scratch *scratch;
  GRand *chance;
  gboolean spoils;
  GPtrArray *chunks; /* of GBytes: what the client has to send, in its order */
  ApJournal *journal;
  GByteArray *kept;     /* what the disk has */
  GByteArray *at_power; /* and would have, if the power had gone in the recovery; NULL: nobody asks */
  guint64 acked;        /* chunks that were synced */
} World;

static World *world; /* of fdatasync() */

/* ---- The disk -----------------------------------------------------------------------------------------------------
 */

static GByteArray *
copy_of (const GByteArray *bytes)
{
  return g_byte_array_append (g_byte_array_new (), bytes->data, bytes->len);
}

static void
set_size (GByteArray *bytes, guint size)
{
  guint old = bytes->len;

  g_byte_array_set_size (bytes, size);
  if (size > old)
    memset (bytes->data + old, 0, size - old);
}

static void
keep (GByteArray *kept, const GByteArray *now, guint at)
{
  guint end = MIN (at + SECTOR, now->len);

  if (at >= end)
    return;
  if (end > kept->len)
    set_size (kept, end);
  memcpy (kept->data + at, now->data + at, end - at);
}

/* What there is without power. */
static void
lose_power (GRand *chance, GByteArray *kept, const GByteArray *now)
{
  if (g_rand_boolean (chance))
    return;
  if (now->len < kept->len && g_rand_boolean (chance))
    set_size (kept, now->len);
  for (guint page = 0; page < now->len; page += PAGE) {
    gboolean there = g_rand_boolean (chance), torn = g_rand_int_range (chance, 0, 3) == 0;

    for (guint at = page; there && at < page + PAGE; at += SECTOR)
      if (!torn || g_rand_boolean (chance))
        keep (kept, now, at);
  }
}

static void
sync_now (void)
{
  g_autoptr (GByteArray) now = scratch_get (world->scratch, JOURNAL);

  if (world->at_power != NULL && g_rand_boolean (world->chance)) {
    g_byte_array_set_size (world->at_power, 0);
    g_byte_array_append (world->at_power, world->kept->data, world->kept->len);
    lose_power (world->chance, world->at_power, now);
  }
  g_clear_pointer (&world->kept, g_byte_array_unref);
  world->kept = g_steal_pointer (&now);
}

/* In the place of the system's. */
int
fdatasync (int fd)
{
  struct stat status;

  if (world != NULL && fstat (fd, &status) == 0 && S_ISREG (status.st_mode))
    sync_now ();
  return 0;
}

/* ---- A life -------------------------------------------------------------------------------------------------------
 */

static gsize
some_length (GRand *chance)
{
  return (gsize)g_rand_int_range (chance, 1, 1 << g_rand_int_range (chance, 1, 15));
}

static GBytes *
some_bytes (GRand *chance)
{
  gsize length = some_length (chance);
  guint8 *bytes = g_malloc (length);

  for (gsize i = 0; i < length; i++)
    bytes[i] = (guint8)g_rand_int (chance);
  return g_bytes_new_take (bytes, length);
}

static void
append (ApJournalType type, const void *data, gsize length)
{
  ApJournalTotals totals = ap_journal_get_totals (world->journal);
  ApJournalRecord record = { .type = type,
                             .seq = totals.last_seq + (type == AP_JOURNAL_CHUNK ? 1 : 0),
                             .time_us = totals.time_us + 1,
                             .container = AP_CONTAINER_FLAC,
                             .data = data,
                             .length = length };
  g_autoptr (GError) error = NULL;

  ap_journal_append (world->journal, &record, &error);
  g_assert_no_error (error);
}

static void
take_chunk (void)
{
  guint64 n = ap_journal_get_totals (world->journal).chunks;
  GBytes *chunk = n < world->chunks->len ? g_ptr_array_index (world->chunks, n) : NULL;

  if (chunk != NULL)
    append (AP_JOURNAL_CHUNK, g_bytes_get_data (chunk, NULL), g_bytes_get_size (chunk));
}

/* Of some length, or very short. TRUE: the power may go before it is taken back. */
static gboolean
take_foreign (void)
{
  append (AP_JOURNAL_CHUNK, foreign,
          (gsize)g_rand_int_range (world->chance, 1, g_rand_boolean (world->chance) ? 40 : sizeof foreign));
  if (g_rand_int_range (world->chance, 0, 20) == 0)
    return TRUE;
  append (AP_JOURNAL_REJECT, NULL, 0);
  return FALSE;
}

/* Syncs begin, are done, and end; in between goes on what may. */
typedef enum { IDLE, BEGUN, DONE } Syncing;

static Syncing
sync_on (Syncing syncing, guint64 *promised)
{
  if (syncing == IDLE) {
    ap_journal_sync_begins (world->journal);
    *promised = ap_journal_get_totals (world->journal).chunks;
    return BEGUN;
  }
  if (syncing == BEGUN) {
    sync_now ();
    return DONE;
  }
  g_assert_true (ap_journal_sync_ends (world->journal, NULL));
  world->acked = *promised;
  return IDLE;
}

static void
live (void)
{
  guint n = (guint)g_rand_int_range (world->chance, 0, 40);
  guint64 promised = 0;
  Syncing syncing = IDLE;

  for (guint i = 0; i < n; i++) {
    guint32 what = (guint32)g_rand_int_range (world->chance, 0, 10);

    if (what < 5)
      take_chunk ();
    else if (what < 9)
      syncing = sync_on (syncing, &promised);
    else if (take_foreign ())
      return;
  }
}

/* ---- Its end, and the next ----------------------------------------------------------------------------------------
 */

static void
tear (GByteArray *bytes)
{
  guint length = (guint)some_length (world->chance), tail = MIN (length, bytes->len);
  g_autoptr (GByteArray) before = copy_of (bytes);
  g_autoptr (GBytes) noise = some_bytes (world->chance);

  switch (g_rand_int_range (world->chance, 0, 6)) {
  case 0:
    g_byte_array_append (bytes, before->data + before->len - tail, tail);
    break;
  case 1:
    set_size (bytes, bytes->len + tail);
    break;
  case 2:
    g_byte_array_append (bytes, g_bytes_get_data (noise, NULL), (guint)g_bytes_get_size (noise));
    break;
  default:
    break;
  }
}

/* Not in the header, without which there is no journal. */
static void
spoil (GByteArray *bytes)
{
  if (world->spoils && bytes->len > JOURNAL_HEADER_LENGTH && g_rand_boolean (world->chance))
    bytes->data[g_rand_int_range (world->chance, JOURNAL_HEADER_LENGTH, (gint32)bytes->len)] ^= 4;
}

typedef struct {
  guint64 chunks, lost;
  gboolean foreign; /* the last is one that is to be taken back */
} Seen;

static gboolean
see (const ApJournalRecord *record, gpointer data, GError **error)
{
  Seen *seen = data;
  GBytes *chunk = seen->chunks < world->chunks->len ? g_ptr_array_index (world->chunks, seen->chunks) : NULL;

  /* A rejection may be spoiled together with the chunk behind it; decoding finds out. */
  g_assert_true (!seen->foreign || world->spoils);
  seen->foreign = FALSE;
  seen->lost += record->lost;
  seen->chunks += MAX (record->lost, 1);
  if (record->lost > 0)
    return TRUE;
  if (chunk != NULL && record->length == g_bytes_get_size (chunk) &&
      memcmp (record->data, g_bytes_get_data (chunk, NULL), record->length) == 0)
    return TRUE;
  seen->foreign = TRUE;
  g_assert_cmpmem (record->data, record->length, foreign, MIN (record->length, sizeof foreign));
  return TRUE;
}

static void
check (void)
{
  ApJournalTotals totals = ap_journal_get_totals (world->journal);
  Seen seen = { 0 };

  g_assert_true (ap_journal_replay (world->journal, 0, see, &seen, NULL));
  g_assert_cmpuint (totals.chunks, ==, seen.chunks);
  g_assert_cmpuint (totals.damaged, ==, seen.lost);
  if (!world->spoils) {
    g_assert_cmpuint (seen.lost, ==, 0);
    g_assert_cmpuint (seen.chunks - (seen.foreign ? 1 : 0), >=, world->acked);
  }
  world->acked = seen.chunks - (seen.foreign ? 1 : 0);
  if (seen.foreign)
    append (AP_JOURNAL_REJECT, NULL, 0);
}

static void
recover (void)
{
  if (g_rand_int_range (world->chance, 0, 3) == 0)
    world->at_power = copy_of (world->kept);
  world->journal = journal_reopen (world->scratch);
  check ();
  while (world->at_power != NULL) {
    g_autoptr (GByteArray) left = g_steal_pointer (&world->at_power);

    g_clear_pointer (&world->journal, ap_journal_free);
    scratch_put (world->scratch, JOURNAL, left->data, left->len);
    g_byte_array_set_size (world->kept, 0);
    g_byte_array_append (world->kept, left->data, left->len);
    world->journal = journal_reopen (world->scratch);
    check ();
  }
}

static void
end_life (void)
{
  g_autoptr (GByteArray) now = scratch_get (world->scratch, JOURNAL);

  g_clear_pointer (&world->journal, ap_journal_free);
  lose_power (world->chance, world->kept, now);
  tear (world->kept);
  spoil (world->kept);
  scratch_put (world->scratch, JOURNAL, world->kept->data, world->kept->len);
}

static void
run_world (Scratch *scratch, gboolean spoils, guint32 seed)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (seed);
  World one = { scratch, chance, spoils, g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref) };

  for (guint i = 0; i < 60; i++)
    g_ptr_array_add (one.chunks, some_bytes (chance));
  one.kept = g_byte_array_new ();
  world = &one;
  one.journal = journal_create (scratch);
  for (guint i = 0; i < LIVES; i++) {
    live ();
    end_life ();
    recover ();
  }
  world = NULL;
  ap_journal_free (one.journal);
  g_ptr_array_unref (one.chunks);
  g_byte_array_unref (one.kept);
  g_assert_cmpint (unlinkat (scratch->fd, JOURNAL, 0), ==, 0);
}

static void
test_any_moment (Scratch *scratch, gconstpointer data)
{
  const char *first = g_getenv ("AP_TEST_SEED"), *worlds = g_getenv ("AP_TEST_WORLDS");
  guint32 seed = first != NULL ? (guint32)g_ascii_strtoull (first, NULL, 10) : 1;
  guint32 n = worlds != NULL ? (guint32)g_ascii_strtoull (worlds, NULL, 10) : 1000;

  for (guint32 i = 0; i < n; i++) {
    g_test_message ("seed %u", seed + i);
    run_world (scratch, GPOINTER_TO_INT (data), seed + i);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/journal-power/any-moment", Scratch, NULL, scratch_set_up_quick, test_any_moment, scratch_tear_down);
  g_test_add ("/journal-power/spoiled-too", Scratch, GINT_TO_POINTER (TRUE), scratch_set_up_quick, test_any_moment,
              scratch_tear_down);
  return g_test_run ();
}
