/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outbound side of a call under a clock of ours. */
#include "endpoints/twilio/ap-call-playout.h"

#include <string.h>

#define MS     G_TIME_SPAN_MILLISECOND
#define SECOND G_TIME_SPAN_SECOND
#define START  (1000 * SECOND)
#define FRAME  160

typedef struct {
  ApCallPlayout *playout;
  GString *ended;
  gint64 now;
} Fixture;

static void
on_ended (gpointer owner, const ApCallMark *mark)
{
  static const char *const names[] = { "queued", "sent", "played", "cleared", "timed-out" };

  g_string_append_printf (owner, "%s:%s ", mark->name, names[mark->state]);
}

static Fixture
fixture_of (const ApCallPlayoutConfig *config)
{
  GString *ended = g_string_new (NULL);

  return (Fixture){ ap_call_playout_new (config, on_ended, ended), ended, START };
}

static void
fixture_clear (Fixture *fixture)
{
  ap_call_playout_free (fixture->playout);
  g_string_free (fixture->ended, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Fixture, fixture_clear)

/* @length bytes of @value. */
static gsize
put (Fixture *fixture, guint8 value, gsize length)
{
  g_autofree guint8 *data = g_malloc (length + 1);

  memset (data, value, length);
  return ap_call_playout_put (fixture->playout, ap_call_playout_generation (fixture->playout), data, length,
                              fixture->now);
}

/* What may go now, one word each: a frame as the number of times that each byte comes, a mark in angle brackets. */
static char *
taken (Fixture *fixture)
{
  GString *text = g_string_new (NULL);
  ApCallItem item;

  while (ap_call_playout_take (fixture->playout, fixture->now, &item) != AP_CALL_SEND_NOTHING) {
    g_string_append (text, text->len > 0 ? " " : "");
    if (item.what == AP_CALL_SEND_MARK)
      g_string_append_printf (text, "<%s>", item.name);
    if (item.what == AP_CALL_SEND_CLEAR)
      g_string_append (text, "clear");
    for (gsize i = 0, run; item.what == AP_CALL_SEND_AUDIO && i < item.length; i += run) {
      for (run = 1; i + run < item.length && item.audio[i + run] == item.audio[i];)
        run++;
      g_string_append_printf (text, "%s%zux%02x", i > 0 ? "+" : "", run, item.audio[i]);
    }
  }
  return g_string_free (text, FALSE);
}

static void
check_taken (Fixture *fixture, const char *expected)
{
  g_autofree char *text = taken (fixture);

  g_assert_cmpstr (text, ==, expected);
}

static ApCallPlayoutFigures
figures_of (Fixture *fixture)
{
  ApCallPlayoutFigures figures;

  ap_call_playout_figures (fixture->playout, fixture->now, &figures);
  return figures;
}

#define F    "160x01"
#define LEAD F " " F " " F " " F " " F " " F " " F " " F " " F " " F

static void
test_frames_are_paced (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);

  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, G_MAXINT64);
  check_taken (&fixture, "");
  g_assert_cmpuint (put (&fixture, 1, 8000), ==, 8000);
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, START);
  check_taken (&fixture, LEAD);
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, START + 20 * MS);
  fixture.now += 20 * MS - 1;
  check_taken (&fixture, "");
  fixture.now += 1;
  check_taken (&fixture, F);
  g_assert_cmpint (figures_of (&fixture).queued_us, ==, 780 * MS);
  g_assert_cmpint (figures_of (&fixture).ahead_us, ==, 200 * MS);
  g_assert_cmpuint (figures_of (&fixture).heard, ==, FRAME);
  fixture.now += 100 * MS; /* held up */
  check_taken (&fixture, F " " F " " F " " F " " F);
}

/* After a silence of ours the lead is the lead again, not all that could have been sent meanwhile. */
static void
test_a_pause_is_not_caught_up (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);

  put (&fixture, 1, 320);
  check_taken (&fixture, F " " F);
  fixture.now += 10 * SECOND;
  put (&fixture, 1, 8000);
  check_taken (&fixture, LEAD);
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, fixture.now + 20 * MS);
}

static void
test_pieces_become_frames (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);

  put (&fixture, 1, 100);
  check_taken (&fixture, "");
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, START + 100 * MS);
  put (&fixture, 2, 59);
  check_taken (&fixture, "");
  put (&fixture, 3, 162);
  check_taken (&fixture, "100x01+59x02+1x03 160x03");
  put (&fixture, 4, 0);
  ap_call_playout_end_of_utterance (fixture.playout);
  check_taken (&fixture, "1x03+159xff");
  ap_call_playout_end_of_utterance (fixture.playout); /* nothing to pad */
  check_taken (&fixture, "");
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, G_MAXINT64);
}

static void
test_a_forgotten_tail_goes (void)
{
  ApCallPlayoutConfig config = ap_call_playout_mulaw;
  g_auto (Fixture) fixture = (config.silence = 0xD5, fixture_of (&config));

  put (&fixture, 1, 161);
  ap_call_playout_mark (fixture.playout, "end");
  check_taken (&fixture, F);
  fixture.now += 60 * MS;
  put (&fixture, 2, 1);
  fixture.now += 100 * MS - 1;
  check_taken (&fixture, "");
  fixture.now += 1;
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, fixture.now);
  check_taken (&fixture, "1x01+1x02+158xd5 <end>");
}

/* A file that is decoded slowly is not stretched by silence within it: what is on its way is waited for. */
static void
test_a_tail_waits_for_what_is_on_its_way (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);

  put (&fixture, 1, 161);
  check_taken (&fixture, F);
  for (guint i = 0; i < 10; i++) {
    fixture.now += 100 * MS;
    g_assert_cmpuint (put (&fixture, 0, 0), ==, 0);
    check_taken (&fixture, "");
    g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, fixture.now + 100 * MS);
  }
  put (&fixture, 2, 159);
  check_taken (&fixture, "1x01+159x02");
}

static void
test_marks_stand_in_their_places (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);

  ap_call_playout_mark (fixture.playout, "first");
  put (&fixture, 1, 160);
  ap_call_playout_mark (fixture.playout, "a");
  ap_call_playout_mark (fixture.playout, "b");
  put (&fixture, 2, 10);
  ap_call_playout_mark (fixture.playout, "inside"); /* goes when its frame has gone */
  put (&fixture, 3, 150);
  check_taken (&fixture, "<first> " F " <a> <b> 10x02+150x03 <inside>");
  g_assert_cmpuint (figures_of (&fixture).marks, ==, 4);
  fixture.now += 50 * MS;
  g_assert_cmpint (ap_call_playout_mark_returned (fixture.playout, "first", fixture.now), ==,
                   AP_CALL_MARK_RETURN_PLAYED);
  g_assert_cmpint (figures_of (&fixture).round_trip_us, ==, 50 * MS);
  g_assert_cmpint (ap_call_playout_mark_returned (fixture.playout, "a", fixture.now), ==, AP_CALL_MARK_RETURN_PLAYED);
  g_assert_cmpint (figures_of (&fixture).round_trip_us, ==, 30 * MS); /* 20 ms were played before it */
  g_assert_cmpuint (figures_of (&fixture).confirmed, ==, 160);
  g_assert_cmpuint (figures_of (&fixture).heard, ==, 320);
  g_assert_cmpstr (fixture.ended->str, ==, "first:played a:played ");
  check_taken (&fixture, "");
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==,
                   START + 20 * MS + AP_CALL_MARKS_MARGIN_US);
  fixture.now = START + 20 * MS + AP_CALL_MARKS_MARGIN_US;
  check_taken (&fixture, "");
  g_assert_cmpstr (fixture.ended->str, ==, "first:played a:played b:timed-out ");
}

/* What was put, said or begun before a clear, and what must and must not come after it. */
static void
test_clear (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);
  guint old = ap_call_playout_generation (fixture.playout);
  guint8 late[320] = { 0 };

  put (&fixture, 1, 1600);
  ap_call_playout_mark (fixture.playout, "sent");
  put (&fixture, 1, 330);
  ap_call_playout_mark (fixture.playout, "queued");
  check_taken (&fixture, LEAD " <sent>");
  fixture.now += 40 * MS;
  ap_call_playout_clear (fixture.playout, fixture.now);
  g_assert_cmpstr (fixture.ended->str, ==, "sent:cleared queued:cleared ");
  g_assert_cmpuint (ap_call_playout_put (fixture.playout, old, late, sizeof late, fixture.now), ==, 0);
  g_assert_cmpint (ap_call_playout_next_at (fixture.playout, fixture.now), ==, fixture.now);
  put (&fixture, 2, 160);
  ap_call_playout_mark (fixture.playout, "new");
  ap_call_playout_clear (fixture.playout, fixture.now);
  put (&fixture, 3, 1760);
  ap_call_playout_mark (fixture.playout, "newer");
  g_assert_cmpint (figures_of (&fixture).ahead_us, ==, 0);
  /* One clear for both; the lead begins anew, and a partial frame is not continued. */
  check_taken (&fixture, "clear 160x03 160x03 160x03 160x03 160x03 160x03 160x03 160x03 160x03 160x03");
  g_assert_cmpuint (figures_of (&fixture).stale_bytes, ==, 320);
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 0); /* it was wished for */
  g_assert_cmpint (ap_call_playout_mark_returned (fixture.playout, "sent", fixture.now), ==, AP_CALL_MARK_RETURN_STALE);
  g_assert_cmpint (ap_call_playout_mark_returned (fixture.playout, "queued", fixture.now), ==,
                   AP_CALL_MARK_RETURN_UNKNOWN);
  fixture.now += 20 * MS;
  check_taken (&fixture, "160x03 <newer>");
}

static void
test_a_full_queue_refuses (void)
{
  ApCallPlayoutConfig config = ap_call_playout_mulaw;
  g_auto (Fixture) fixture = (config.queue_us = 50 * MS, fixture_of (&config)); /* two frames: whole ones count */

  g_assert_cmpuint (put (&fixture, 1, 100), ==, 100);
  g_assert_cmpuint (put (&fixture, 2, 300), ==, 220);
  g_assert_cmpuint (put (&fixture, 3, 1), ==, 0);
  check_taken (&fixture, "100x01+60x02 160x02");
  g_assert_cmpuint (put (&fixture, 3, 1), ==, 1);
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 0);
}

static void
test_a_full_queue_drops_the_oldest (void)
{
  ApCallPlayoutConfig config = ap_call_playout_mulaw;
  g_auto (Fixture) fixture =
      (config.queue_us = 60 * MS, config.overflow = AP_CALL_PLAYOUT_DROP_OLDEST, fixture_of (&config));

  put (&fixture, 1, 160);
  ap_call_playout_mark (fixture.playout, "m");
  put (&fixture, 2, 170);
  g_assert_cmpuint (put (&fixture, 3, 200), ==, 200); /* 50 too many: the first frame goes */
  check_taken (&fixture, "<m> 160x02 10x02+150x03");
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 160);
  put (&fixture, 4, 1000); /* 50 bytes there; 4 frames and the rest have to go */
  check_taken (&fixture, "160x04 160x04");
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 160 + 640);
  ap_call_playout_end_of_utterance (fixture.playout);
  check_taken (&fixture, "90x04+70xff");
}

static gsize
drain (Fixture *fixture)
{
  ApCallItem item;
  gsize bytes = 0;

  while (ap_call_playout_take (fixture->playout, fixture->now, &item) != AP_CALL_SEND_NOTHING)
    bytes += item.what == AP_CALL_SEND_AUDIO ? item.length : 0;
  return bytes;
}

/* A live source, as ap_call_say() is one: @length bytes come at once. */
static void
say (Fixture *fixture, gsize length)
{
  ap_call_playout_keep_up (fixture->playout, length, fixture->now);
  put (fixture, 1, length);
  drain (fixture);
}

/* Frame by frame, each @every_us. */
static void
say_for (Fixture *fixture, gint64 duration_us, gint64 every_us)
{
  for (gint64 end = fixture->now + duration_us; fixture->now < end; fixture->now += every_us)
    say (fixture, FRAME);
}

static Fixture
live_fixture (void)
{
  ApCallPlayoutConfig config = ap_call_playout_mulaw;

  config.overflow = AP_CALL_PLAYOUT_DROP_OLDEST;
  return fixture_of (&config);
}

/* A caller whose audio stalls, and then comes all at once, does not hear its echo late for good: what the lead does not
 * take is dropped within two seconds, the oldest first, and counted. */
static void
test_a_stall_is_made_up_for (void)
{
  static const gint64 stalls[] = { 300 * MS, SECOND, 5 * SECOND, 25 * SECOND };

  for (guint i = 0; i < G_N_ELEMENTS (stalls); i++) {
    g_auto (Fixture) fixture = live_fixture ();

    say_for (&fixture, 2500 * MS, 20 * MS);
    fixture.now += stalls[i];
    for (gint64 late = 0; late < stalls[i]; late += 20 * MS)
      say (&fixture, FRAME);
    g_assert_cmpint (figures_of (&fixture).queued_us, ==, stalls[i] - 200 * MS);
    g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 0);
    say_for (&fixture, 2500 * MS, 20 * MS);
    g_assert_cmpint (figures_of (&fixture).queued_us, ==, 0);
    g_assert_cmpint ((gint64)figures_of (&fixture).dropped_bytes * 125, >=, stalls[i] - 220 * MS);
    g_assert_cmpint ((gint64)figures_of (&fixture).dropped_bytes * 125, <=, stalls[i] - 180 * MS);
    g_assert_cmpint (figures_of (&fixture).ahead_us, <=, 220 * MS);
  }
}

/* A caller whose clock is faster by a hundredth loses a frame now and then, and hears its echo in time. */
static void
test_a_fast_clock_is_made_up_for (void)
{
  g_auto (Fixture) fixture = live_fixture ();

  for (guint minute = 0; minute < 10; minute++) {
    say_for (&fixture, 60 * SECOND, 19800);
    g_assert_cmpint (figures_of (&fixture).queued_us, <=, 60 * MS);
  }
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, >, 8000 * 5);
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, <, 8000 * 7);
}

/* What comes late by turns, or much at a time with pauses, is all heard. */
static void
test_jitter_and_speech_are_kept (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (3);
  g_auto (Fixture) jitter = live_fixture ();
  g_auto (Fixture) speech = live_fixture ();

  for (guint i = 0; i < 10000; i++) {
    jitter.now = MAX (jitter.now, START + i * 20 * MS + g_rand_int_range (random, 0, 150 * MS));
    say (&jitter, FRAME);
  }
  for (guint i = 0; i < 100; i++) {
    say (&speech, 80000);
    for (guint step = 0; step < 600; step++, speech.now += 20 * MS)
      drain (&speech);
  }
  g_assert_cmpuint (figures_of (&jitter).dropped_bytes, ==, 0);
  g_assert_cmpuint (figures_of (&speech).dropped_bytes, ==, 0);
  g_assert_cmpuint (figures_of (&speech).sent_bytes, ==, 100 * 80000);
}

/* Audio is heard when it is played, not when it is sent; what was dropped or cleared has not been heard at all, and
 * the count goes on behind it. */
static void
test_heard (void)
{
  ApCallPlayoutConfig config = ap_call_playout_mulaw;
  g_auto (Fixture) fixture =
      (config.queue_us = 100 * MS, config.overflow = AP_CALL_PLAYOUT_DROP_OLDEST, fixture_of (&config));

  put (&fixture, 1, 5 * FRAME);
  drain (&fixture);
  g_assert_cmpuint (figures_of (&fixture).heard, ==, 0);
  fixture.now += 60 * MS;
  g_assert_cmpuint (figures_of (&fixture).heard, ==, 3 * FRAME);
  ap_call_playout_clear (fixture.playout, fixture.now); /* the other two */
  put (&fixture, 2, 9 * FRAME);                         /* of which four are too many */
  ap_call_playout_mark (fixture.playout, "five");
  put (&fixture, 3, FRAME); /* and one more of the five */
  drain (&fixture);
  g_assert_cmpuint (figures_of (&fixture).dropped_bytes, ==, 5 * FRAME);
  g_assert_cmpuint (figures_of (&fixture).heard, ==, 3 * FRAME);
  fixture.now += 90 * MS;
  g_assert_cmpint (ap_call_playout_mark_returned (fixture.playout, "five", fixture.now), ==,
                   AP_CALL_MARK_RETURN_PLAYED);
  g_assert_cmpuint (figures_of (&fixture).confirmed, ==, (3 + 4) * FRAME);
  fixture.now += SECOND;
  g_assert_cmpuint (figures_of (&fixture).heard, ==, (3 + 5) * FRAME);
}

/* Any pieces at any time: what comes out is what was taken in, in order, in frames, no more than the lead ahead of
 * time; a queue of minutes is built up and goes down. */
static void
test_random_pieces (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (4);
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);
  guint8 data[4000], next_in = 0, next_out = 0;
  guint64 in = 0, out = 0;

  for (guint step = 0; step < 20000; step++) {
    gsize length = (gsize)g_rand_int_range (random, 0, step % 2000 < 1000 ? (gint)sizeof data : 320);
    gsize took;
    ApCallItem item;

    for (gsize i = 0; i < length; i++)
      data[i] = (guint8)(next_in + i);
    took = ap_call_playout_put (fixture.playout, 1, data, length, fixture.now);
    next_in = (guint8)(next_in + took);
    in += took;
    while (ap_call_playout_take (fixture.playout, fixture.now, &item) == AP_CALL_SEND_AUDIO) {
      g_assert_cmpuint (item.length, ==, FRAME);
      for (gsize i = 0; i < item.length; i++)
        g_assert_cmpuint (item.audio[i], ==, next_out++);
      out += item.length;
    }
    g_assert_cmpuint (in - out, <=, 240000);
    g_assert_cmpuint (out, <=, (guint64)(fixture.now - START) / 125 + 1600);
    g_assert_cmpint (figures_of (&fixture).queued_us, ==, (gint64)(in - out) * 125);
    fixture.now += g_rand_int_range (random, 0, 45 * MS);
  }
  g_assert_cmpuint (out, >, 200 * FRAME);
}

/* Every byte of a generation has its number; so has each mark. What goes must be of the generation that the last clear
 * sent began, and of one that is not over. */
static void
check_item (const ApCallItem *item, guint generation, guint *cleared)
{
  guint8 number = (guint8)generation;

  if (item->what == AP_CALL_SEND_CLEAR)
    *cleared = generation;
  else
    g_assert_cmpuint (*cleared, ==, generation);
  for (gsize i = 0; item->what == AP_CALL_SEND_AUDIO && i < item->length; i++)
    g_assert_true (item->audio[i] == number || item->audio[i] == 0xFF);
  if (item->what == AP_CALL_SEND_MARK)
    g_assert_cmpuint (g_ascii_strtoull (item->name, NULL, 10), ==, generation);
}

/* At random: audio of any generation, marks, ends, clears, and pauses. */
static void
test_nothing_survives_a_clear (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (9);
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);
  guint cleared = 1;
  guint64 accepted = 0;

  for (guint step = 0; step < 50000; step++) {
    guint generation = ap_call_playout_generation (fixture.playout);
    guint of = generation - (guint)g_rand_int_range (random, 0, 2);
    g_autofree char *name = g_strdup_printf ("%u", generation);
    guint8 data[700];
    ApCallItem item;

    memset (data, (gint)(guint8)of, sizeof data);
    accepted += ap_call_playout_put (fixture.playout, of, data, (gsize)g_rand_int_range (random, 0, 700), fixture.now);
    if (g_rand_int_range (random, 0, 4) == 0)
      ap_call_playout_mark (fixture.playout, name);
    if (g_rand_int_range (random, 0, 10) == 0)
      ap_call_playout_end_of_utterance (fixture.playout);
    if (g_rand_int_range (random, 0, 20) == 0)
      ap_call_playout_clear (fixture.playout, fixture.now);
    fixture.now += g_rand_int_range (random, 0, 60 * MS);
    while (ap_call_playout_take (fixture.playout, fixture.now, &item) != AP_CALL_SEND_NOTHING)
      check_item (&item, ap_call_playout_generation (fixture.playout), &cleared);
    if (g_rand_int_range (random, 0, 2) == 0)
      ap_call_playout_mark_returned (fixture.playout, name, fixture.now);
  }
  g_assert_cmpuint (cleared, >, 1000);
  g_assert_cmpuint (figures_of (&fixture).sent_bytes, >, accepted / 4);
  g_assert_cmpuint (figures_of (&fixture).stale_bytes, >, accepted / 4);
}

/* Whoever asks at the times told sends an hour of audio in an hour. */
static void
test_an_hour (void)
{
  g_auto (Fixture) fixture = fixture_of (&ap_call_playout_mulaw);
  guint64 frames = 0;
  ApCallItem item;

  while (frames < 3600 * 50) {
    if (figures_of (&fixture).queued_us < 10 * SECOND)
      put (&fixture, 1, 80000);
    while (ap_call_playout_take (fixture.playout, fixture.now, &item) == AP_CALL_SEND_AUDIO)
      frames++;
    fixture.now = ap_call_playout_next_at (fixture.playout, fixture.now);
  }
  g_assert_cmpint (fixture.now - START, ==, 3600 * SECOND - 200 * MS + 20 * MS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-playout/pace", test_frames_are_paced);
  g_test_add_func ("/call-playout/pause", test_a_pause_is_not_caught_up);
  g_test_add_func ("/call-playout/pieces", test_pieces_become_frames);
  g_test_add_func ("/call-playout/forgotten-tail", test_a_forgotten_tail_goes);
  g_test_add_func ("/call-playout/waiting-tail", test_a_tail_waits_for_what_is_on_its_way);
  g_test_add_func ("/call-playout/marks", test_marks_stand_in_their_places);
  g_test_add_func ("/call-playout/clear", test_clear);
  g_test_add_func ("/call-playout/refuse", test_a_full_queue_refuses);
  g_test_add_func ("/call-playout/drop-oldest", test_a_full_queue_drops_the_oldest);
  g_test_add_func ("/call-playout/stall", test_a_stall_is_made_up_for);
  g_test_add_func ("/call-playout/fast-clock", test_a_fast_clock_is_made_up_for);
  g_test_add_func ("/call-playout/jitter-and-speech", test_jitter_and_speech_are_kept);
  g_test_add_func ("/call-playout/heard", test_heard);
  g_test_add_func ("/call-playout/random-pieces", test_random_pieces);
  g_test_add_func ("/call-playout/random-clears", test_nothing_survives_a_clear);
  g_test_add_func ("/call-playout/hour", test_an_hour);
  return g_test_run ();
}
