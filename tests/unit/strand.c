/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strands: order, never two jobs of one at once, turns, and what becomes of jobs when references and the pool go. */
#include "base/ap-strand.h"

#include "test-wait.h"

#define STRANDS 8
#define JOBS    2000

/* What its strand alone touches, without a lock or an atomic: ThreadSanitizer is a judge here. */
typedef struct {
  ApStrand *strand;
  guint next, freed;
} Counter;

typedef struct {
  Counter *counter;
  guint number;
} Step;

static void
step (gpointer data)
{
  Step *s = data;

  g_assert_cmpuint (s->counter->next, ==, s->number);
  g_assert_cmpuint (s->counter->freed, ==, s->number);
  s->counter->next++;
}

static void
free_step (gpointer data)
{
  Step *s = data;

  s->counter->freed++;
  g_free (s);
}

static void
post_step (Counter *counter, guint number)
{
  Step *s = g_new (Step, 1);

  *s = (Step){ counter, number };
  ap_strand_post (counter->strand, step, s, free_step);
}

static void
test_order (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 3, 3);
  Counter counters[STRANDS] = { 0 };

  for (guint i = 0; i < STRANDS; i++)
    counters[i].strand = ap_strand_new (pool);
  for (guint number = 0; number < JOBS; number++)
    for (guint i = 0; i < STRANDS; i++)
      post_step (&counters[i], number);
  ap_strand_pool_free (pool);
  for (guint i = 0; i < STRANDS; i++) {
    g_assert_cmpuint (counters[i].next, ==, JOBS);
    g_assert_cmpuint (counters[i].freed, ==, JOBS);
    ap_strand_unref (counters[i].strand);
  }
}

static void
add (gpointer data)
{
  (*(guint *)data)++;
}

typedef struct {
  ApStrand *strand;
  guint *sum;
} Poster;

static gpointer
post_adds (gpointer data)
{
  const Poster *poster = data;

  for (guint i = 0; i < JOBS; i++)
    ap_strand_post (poster->strand, add, poster->sum, NULL);
  return NULL;
}

/* Several threads post to one strand. */
static void
test_posters (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 3, 3);
  g_autoptr (ApStrand) strand = ap_strand_new (pool);
  guint sum = 0;
  Poster poster = { strand, &sum };
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("poster", post_adds, &poster);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  ap_strand_pool_free (pool);
  g_assert_cmpuint (sum, ==, JOBS * G_N_ELEMENTS (threads));
}

/* A lock that holds a job up until the test lets it go. */
static GMutex gate;

static void
pass_gate (gpointer data)
{
  g_mutex_lock (&gate);
  g_mutex_unlock (&gate);
}

static void
note (gpointer data)
{
  g_string_append_c (((gpointer *)data)[0], (char)GPOINTER_TO_INT (((gpointer *)data)[1]));
}

static void
post_note (ApStrand *strand, GString *text, char letter)
{
  gpointer *pair = g_new (gpointer, 2);

  pair[0] = text;
  pair[1] = GINT_TO_POINTER (letter);
  ap_strand_post (strand, note, pair, g_free);
}

/* On one thread, a strand with three jobs and one with one: the latter need not wait for all of the former. */
static void
test_turns (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 1, 1);
  ApStrand *strands[] = { ap_strand_new (pool), ap_strand_new (pool), ap_strand_new (pool) };
  g_autoptr (GString) text = g_string_new (NULL);

  g_mutex_lock (&gate);
  ap_strand_post (strands[0], pass_gate, NULL, NULL);
  post_note (strands[1], text, 'a');
  post_note (strands[1], text, 'a');
  post_note (strands[1], text, 'a');
  post_note (strands[2], text, 'b');
  for (guint i = 0; i < G_N_ELEMENTS (strands); i++)
    ap_strand_unref (strands[i]); /* what was posted is done all the same */
  g_mutex_unlock (&gate);
  ap_strand_pool_free (pool);
  g_assert_cmpstr (text->str, ==, "abaa");
}

static void
set (gpointer data)
{
  g_atomic_int_set ((gint *)data, 1);
}

/* While one strand's job takes long, others go on. */
static void
test_independent (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 2, 2);
  g_autoptr (ApStrand) slow = ap_strand_new (pool);
  g_autoptr (ApStrand) quick = ap_strand_new (pool);
  gint done = 0;

  g_mutex_lock (&gate);
  ap_strand_post (slow, pass_gate, NULL, NULL);
  ap_strand_post (quick, set, &done, NULL);
  g_assert_true (test_wait_until (g_atomic_int_get (&done) == 1));
  g_mutex_unlock (&gate);
  ap_strand_pool_free (pool);
}

/* Jobs that have all threads do not keep the others waiting for their end. */
static void
test_relief (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 2, 4);
  ApStrand *slow[3];
  g_autoptr (ApStrand) quick = ap_strand_new (pool);
  gint done = 0;

  g_mutex_lock (&gate);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++) {
    slow[i] = ap_strand_new (pool);
    ap_strand_post (slow[i], pass_gate, NULL, NULL);
  }
  ap_strand_post (quick, set, &done, NULL);
  g_assert_true (test_wait_until ((ap_strand_pool_relieve (pool), g_atomic_int_get (&done) == 1)));
  g_mutex_unlock (&gate);
  ap_strand_pool_free (pool);
  for (guint i = 0; i < G_N_ELEMENTS (slow); i++)
    ap_strand_unref (slow[i]);
}

typedef struct {
  ApStrand *to[2];
  guint left;
} Chain;

static void
chain (gpointer data)
{
  Chain *c = data;

  if (c->left-- > 0)
    ap_strand_post (c->to[c->left % 2], chain, c, NULL);
}

/* What a job posts is done, also while the pool ends. */
static void
test_chain (void)
{
  ApStrandPool *pool = ap_strand_pool_new ("test", 2, 2);
  Chain c = { { ap_strand_new (pool), ap_strand_new (pool) }, JOBS };

  ap_strand_post (c.to[0], chain, &c, NULL);
  ap_strand_pool_free (pool);
  g_assert_cmpuint (c.left, ==, G_MAXUINT);
  ap_strand_unref (c.to[0]);
  ap_strand_unref (c.to[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/strand/order", test_order);
  g_test_add_func ("/strand/posters", test_posters);
  g_test_add_func ("/strand/turns", test_turns);
  g_test_add_func ("/strand/independent", test_independent);
  g_test_add_func ("/strand/relief", test_relief);
  g_test_add_func ("/strand/chain", test_chain);
  return g_test_run ();
}
