/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What users have on the disk, and what more they may have: sessions that are live, in any threads, and those that have
 * ended. */
#include "endpoints/recording/ap-recording-share.h"

#include "base/ap-uuid.h"
#include "scratch.h"

#define MOST 1000
#define ANN  "ann"

typedef struct {
  Scratch scratch;
  ApRecordingIndex *index;
  ApRecordingShares *shares;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  gboolean rebuild;

  scratch_set_up_quick (&fixture->scratch, NULL);
  fixture->index = ap_recording_index_open (fixture->scratch.path, &rebuild, NULL);
  g_assert_nonnull (fixture->index);
  fixture->shares = ap_recording_shares_new (MOST);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  ap_recording_shares_free (fixture->shares);
  ap_recording_index_free (fixture->index);
  scratch_tear_down (&fixture->scratch, NULL);
}

static gboolean
claim (Fixture *fixture, ApRecordingShare *share, guint64 bytes)
{
  g_autoptr (GError) error = NULL;
  gboolean may = ap_recording_share_claim (share, fixture->index, bytes, &error);

  if (!may)
    g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA);
  return may;
}

/* A recording's row: as many frames are twice as many bytes. */
typedef struct {
  Fixture *fixture;
  ApRecordingInfo info;
} Row;

static Row
row_of (Fixture *fixture, guint64 frames, ApRecordingStatus status)
{
  Row row = { fixture,
              { .user_id = (char *)ANN, .sample_rate = 8000, .channels = 1, .frames = frames, .status = status } };

  ap_uuid_new (row.info.id);
  return row;
}

static void
put (gpointer data)
{
  Row *row = data;

  g_assert_true (ap_recording_index_put (row->fixture->index, &row->info, NULL));
}

/* All that a user has is one sum, of which each user has their own, and nobody none. */
static void
test_live (Fixture *fixture, gconstpointer data)
{
  ApRecordingShare *one = ap_recording_share_new (fixture->shares, ANN);
  ApRecordingShare *two = ap_recording_share_new (fixture->shares, ANN);
  ApRecordingShare *other = ap_recording_share_new (fixture->shares, "bob");
  ApRecordingShare *nobodys = ap_recording_share_new (fixture->shares, NULL);

  g_assert_true (claim (fixture, one, 600));
  g_assert_true (claim (fixture, two, 400));
  g_assert_false (claim (fixture, two, 401));
  g_assert_false (claim (fixture, one, 601));
  g_assert_true (claim (fixture, other, MOST));
  g_assert_false (claim (fixture, other, G_MAXUINT64));
  g_assert_true (claim (fixture, nobodys, G_MAXUINT64));
  g_assert_true (claim (fixture, one, 100)); /* gives back */
  g_assert_true (claim (fixture, two, 900));
  ap_recording_share_free (one);
  g_assert_true (claim (fixture, two, MOST));
  ap_recording_share_set (two, 2 * MOST); /* it is so, by what was allowed in other times */
  g_assert_true (claim (fixture, two, 2 * MOST));
  g_assert_false (claim (fixture, two, 2 * MOST + 1));
  g_assert_true (claim (fixture, two, 2 * MOST - 1));
  ap_recording_share_free (two);
  ap_recording_share_free (other);
  ap_recording_share_free (nobodys);
}

static void
test_no_bound (Fixture *fixture, gconstpointer data)
{
  ApRecordingShares *shares = ap_recording_shares_new (0);
  ApRecordingShare *share = ap_recording_share_new (shares, ANN);

  g_assert_true (claim (fixture, share, G_MAXUINT64));
  ap_recording_share_free (share);
  ap_recording_shares_free (shares);
}

/* What has ended counts by its row, what is live by what it says, and nothing twice. */
static void
test_ended (Fixture *fixture, gconstpointer data)
{
  Row old = row_of (fixture, 100, AP_RECORDING_COMPLETED), failed = row_of (fixture, 50, AP_RECORDING_FAILED);
  Row live = row_of (fixture, 300, AP_RECORDING_ACTIVE);
  ApRecordingShare *one = ap_recording_share_new (fixture->shares, ANN);
  ApRecordingShare *two = ap_recording_share_new (fixture->shares, ANN);

  put (&old);
  put (&failed);
  put (&live);
  g_assert_true (claim (fixture, one, 650));
  g_assert_true (claim (fixture, two, 50));
  g_assert_false (claim (fixture, two, 51));
  live.info.status = AP_RECORDING_COMPLETED;
  ap_recording_share_end (one, put, &live); /* its WAV has 600 */
  g_assert_true (claim (fixture, two, 100));
  g_assert_false (claim (fixture, two, 101));
  g_assert_true (ap_recording_index_remove (fixture->index, old.info.id, NULL));
  ap_recording_shares_forget (fixture->shares, "bob");
  g_assert_false (claim (fixture, two, 101));
  ap_recording_shares_forget (fixture->shares, ANN);
  g_assert_true (claim (fixture, two, 300));
  g_assert_false (claim (fixture, two, 301));
  g_assert_true (ap_recording_index_remove (fixture->index, live.info.id, NULL));
  ap_recording_shares_forget (fixture->shares, NULL);
  g_assert_true (claim (fixture, two, 900));
  ap_recording_share_free (one);
  ap_recording_share_free (two);
}

typedef struct {
  Fixture *fixture;
  ApRecordingShare *share;
  guint64 got;
} Claimer;

static gpointer
claim_all (gpointer data)
{
  Claimer *claimer = data;

  while (claim (claimer->fixture, claimer->share, claimer->got + 1))
    claimer->got++;
  return NULL;
}

/* Whoever comes first: together they get all there is, and no more. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  Claimer claimers[4] = { 0 };
  GThread *threads[G_N_ELEMENTS (claimers)];
  guint64 sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (claimers); i++) {
    claimers[i] = (Claimer){ fixture, ap_recording_share_new (fixture->shares, ANN), 0 };
    threads[i] = g_thread_new ("claimer", claim_all, &claimers[i]);
  }
  for (guint i = 0; i < 100; i++) {
    ApRecordingShare *passing = ap_recording_share_new (fixture->shares, ANN);

    ap_recording_shares_forget (fixture->shares, NULL);
    ap_recording_share_free (passing);
  }
  for (guint i = 0; i < G_N_ELEMENTS (claimers); i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < G_N_ELEMENTS (claimers); i++) {
    sum += claimers[i].got;
    ap_recording_share_free (claimers[i].share);
  }
  g_assert_cmpuint (sum, ==, MOST);
}

#define ADD(name, test) g_test_add ("/recording-share/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("live", test_live);
  ADD ("no-bound", test_no_bound);
  ADD ("ended", test_ended);
  ADD ("threads", test_threads);
  return g_test_run ();
}
