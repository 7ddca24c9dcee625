/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks of a call: every state with every event, then what only several marks show. */
#include "endpoints/twilio/ap-call-marks.h"

#define MS     G_TIME_SPAN_MILLISECOND
#define MARGIN (5000 * MS)
#define START  (1000 * G_TIME_SPAN_SECOND)
#define DUE    (START + 100 * MS)

/* What was told of ended marks: "name:state ". */
static void
on_ended (gpointer owner, const ApCallMark *mark)
{
  static const char *const names[] = { "queued", "sent", "played", "cleared", "timed-out" };

  g_string_append_printf (owner, "%s%s:%s", ((GString *)owner)->len > 0 ? " " : "", mark->name, names[mark->state]);
}

static void
check_told (GString *told, const char *expected)
{
  g_assert_cmpstr (told->str, ==, expected);
  g_string_truncate (told, 0);
}

static void
send_next (ApCallMarks *marks, const char *name, guint64 gone, gint64 due_us)
{
  ApCallMark mark;

  g_assert_true (ap_call_marks_next (marks, gone, &mark));
  g_assert_cmpstr (mark.name, ==, name);
  ap_call_marks_sent (marks, due_us);
}

/* ---- every state with every event ---- */

typedef enum { NONE, QUEUED, SENT, PLAYED, CLEARED_QUEUED, CLEARED, TIMED_OUT, FORGOTTEN, N_STATES } State;
typedef enum { ASKED_EARLY, ASKED, RETURNED, CLEAR, EXPIRE_EARLY, EXPIRE, N_EVENTS } Event;

static const char *const state_names[N_STATES] = { "none",    "queued",    "sent",     "played", "cleared in the queue",
                                                   "cleared", "timed out", "forgotten" };
static const char *const event_names[N_EVENTS] = {
  "asked early", "asked", "returned", "clear", "expire early", "expire"
};

/* A mark "m" behind 160 bytes, brought into @state; the later states at DUE + MARGIN. */
static void
bring_into (ApCallMarks *marks, State state)
{
  if (state >= QUEUED)
    g_assert_cmpuint (ap_call_marks_add (marks, "m", 160), ==, 1);
  if (state == CLEARED_QUEUED)
    ap_call_marks_clear (marks, DUE);
  else if (state >= SENT)
    send_next (marks, "m", 160, DUE);
  if (state == PLAYED)
    ap_call_marks_returned (marks, "m", DUE);
  if (state == CLEARED)
    ap_call_marks_clear (marks, DUE);
  if (state >= TIMED_OUT)
    ap_call_marks_expire (marks, DUE + MARGIN);
  if (state == FORGOTTEN)
    ap_call_marks_expire (marks, DUE + 2 * MARGIN);
}

/* What an event gives: a mark to send (1) or not (0); an ApCallMarkReturn; nothing (0). */
static gint
apply (ApCallMarks *marks, Event event)
{
  ApCallMark mark;

  switch (event) {
  case ASKED_EARLY:
    return ap_call_marks_next (marks, 159, &mark);
  case ASKED:
    return ap_call_marks_next (marks, 160, &mark);
  case RETURNED:
    return (gint)ap_call_marks_returned (marks, "m", DUE + 30 * MS);
  case CLEAR:
    ap_call_marks_clear (marks, DUE);
    return 0;
  case EXPIRE_EARLY:
    ap_call_marks_expire (marks, DUE + MARGIN - 1);
    return 0;
  case EXPIRE:
    ap_call_marks_expire (marks, DUE + MARGIN);
    return 0;
  case N_EVENTS:
  default:
    g_assert_not_reached ();
  }
}

#define WAS_PLAYED  AP_CALL_MARK_RETURN_PLAYED
#define WAS_STALE   AP_CALL_MARK_RETURN_STALE
#define WAS_UNKNOWN AP_CALL_MARK_RETURN_UNKNOWN

/* What the event gives, what is told, and how many are queued and sent after it. */
static const struct {
  gint gives;
  const char *told;
  guint queued, sent;
} cells[N_STATES][N_EVENTS] = {
  [NONE] = { [RETURNED] = { WAS_UNKNOWN } },
  [QUEUED] = {
      [ASKED_EARLY] = { 0, NULL, 1, 0 },
      [ASKED] = { 1, NULL, 1, 0 },
      [RETURNED] = { WAS_UNKNOWN, NULL, 1, 0 },
      [CLEAR] = { 0, "m:cleared", 0, 0 },
      [EXPIRE_EARLY] = { 0, NULL, 1, 0 },
      [EXPIRE] = { 0, NULL, 1, 0 },
  },
  [SENT] = {
      [ASKED_EARLY] = { 0, NULL, 0, 1 },
      [ASKED] = { 0, NULL, 0, 1 },
      [RETURNED] = { WAS_PLAYED, "m:played", 0, 0 },
      [CLEAR] = { 0, "m:cleared", 0, 0 },
      [EXPIRE_EARLY] = { 0, NULL, 0, 1 },
      [EXPIRE] = { 0, "m:timed-out", 0, 0 },
  },
  [PLAYED] = { [RETURNED] = { WAS_UNKNOWN } },
  [CLEARED_QUEUED] = { [RETURNED] = { WAS_UNKNOWN } },
  [CLEARED] = { [RETURNED] = { WAS_STALE } },
  [TIMED_OUT] = { [RETURNED] = { WAS_STALE } },
  [FORGOTTEN] = { [RETURNED] = { WAS_UNKNOWN } },
};

static void
test_every_cell (void)
{
  for (State state = NONE; state < N_STATES; state++) {
    for (Event event = ASKED_EARLY; event < N_EVENTS; event++) {
      g_autoptr (GString) told = g_string_new (NULL);
      g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, on_ended, told);

      g_test_message ("%s, %s", state_names[state], event_names[event]);
      bring_into (marks, state);
      g_string_truncate (told, 0);
      g_assert_cmpint (apply (marks, event), ==, cells[state][event].gives);
      check_told (told, cells[state][event].told ? cells[state][event].told : "");
      g_assert_cmpuint (ap_call_marks_count (marks, AP_CALL_MARK_QUEUED), ==, cells[state][event].queued);
      g_assert_cmpuint (ap_call_marks_count (marks, AP_CALL_MARK_SENT), ==, cells[state][event].sent);
      g_assert_cmpuint (ap_call_marks_played_offset (marks), ==,
                        state == PLAYED || (state == SENT && event == RETURNED) ? 160 : 0);
    }
  }
}

/* ---- several marks ---- */

static void
test_order_and_names (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, on_ended, told);
  ApCallMark mark;

  ap_call_marks_add (marks, "a", 0);
  ap_call_marks_add (marks, "b \"\n\xc3\xa9", 320);
  ap_call_marks_add (marks, "a", 320);
  send_next (marks, "a", 0, START); /* nothing before it: at once */
  g_assert_false (ap_call_marks_next (marks, 319, &mark));
  send_next (marks, "b \"\n\xc3\xa9", 320, DUE);
  send_next (marks, "a", 320, DUE);
  g_assert_cmpint (ap_call_marks_round_trip_us (marks), ==, -1);
  g_assert_cmpint (ap_call_marks_returned (marks, "a", START + 70 * MS), ==, WAS_PLAYED);
  g_assert_cmpuint (ap_call_marks_played_offset (marks), ==, 0);
  g_assert_cmpint (ap_call_marks_round_trip_us (marks), ==, 70 * MS);
  g_assert_cmpint (ap_call_marks_returned (marks, "c", DUE), ==, WAS_UNKNOWN);
  g_assert_cmpint (ap_call_marks_returned (marks, "a", DUE + 50 * MS), ==, WAS_PLAYED); /* before its turn */
  g_assert_cmpuint (ap_call_marks_played_offset (marks), ==, 320);
  g_assert_cmpint (ap_call_marks_returned (marks, "a", DUE), ==, WAS_UNKNOWN);
  g_assert_cmpint (ap_call_marks_returned (marks, "b \"\n\xc3\xa9", DUE - 1), ==, WAS_PLAYED);
  g_assert_cmpint (ap_call_marks_round_trip_us (marks), ==, 0); /* earlier than computed */
  check_told (told, "a:played a:played b \"\n\xc3\xa9:played");
}

/* The same name before and after a clear: the first to come back is the cleared one. */
static void
test_echoes_of_cleared_marks (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, on_ended, told);

  ap_call_marks_add (marks, "m", 160);
  ap_call_marks_add (marks, "n", 160);
  send_next (marks, "m", 160, DUE);
  send_next (marks, "n", 160, DUE);
  ap_call_marks_clear (marks, START);
  check_told (told, "m:cleared n:cleared");
  ap_call_marks_add (marks, "m", 480);
  send_next (marks, "m", 480, DUE);
  g_assert_cmpint (ap_call_marks_returned (marks, "m", DUE), ==, WAS_STALE);
  g_assert_cmpint (ap_call_marks_returned (marks, "m", DUE), ==, WAS_PLAYED);
  /* n was sent before the m that was played; it does not come any more. */
  g_assert_cmpint (ap_call_marks_returned (marks, "n", DUE), ==, WAS_UNKNOWN);
  check_told (told, "m:played");
}

/* A peer that sends no cleared marks back: the one after the clear is not taken for it for ever. */
static void
test_silence_about_cleared_marks (void)
{
  g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, NULL, NULL);

  ap_call_marks_add (marks, "m", 160);
  send_next (marks, "m", 160, DUE);
  ap_call_marks_clear (marks, START);
  g_assert_cmpint (ap_call_marks_expire (marks, START), ==, START + MARGIN);
  g_assert_cmpint (ap_call_marks_expire (marks, START + MARGIN), ==, AP_CALL_MARKS_NONE);
  ap_call_marks_add (marks, "m", 480);
  send_next (marks, "m", 480, START + MARGIN);
  g_assert_cmpint (ap_call_marks_returned (marks, "m", START + MARGIN), ==, WAS_PLAYED);
}

static void
test_waits_are_bounded (void)
{
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, on_ended, told);

  ap_call_marks_add (marks, "a", 160);
  ap_call_marks_add (marks, "b", 320);
  ap_call_marks_add (marks, "c", 480);
  g_assert_cmpint (ap_call_marks_expire (marks, START), ==, AP_CALL_MARKS_NONE);
  send_next (marks, "a", 480, DUE);
  send_next (marks, "b", 480, DUE + 20 * MS);
  g_assert_cmpint (ap_call_marks_expire (marks, START), ==, DUE + MARGIN);
  g_assert_cmpint (ap_call_marks_expire (marks, DUE + MARGIN), ==, DUE + 20 * MS + MARGIN);
  check_told (told, "a:timed-out");
  g_assert_cmpint (ap_call_marks_expire (marks, DUE + 10 * MARGIN), ==, DUE + 11 * MARGIN);
  check_told (told, "b:timed-out");
  ap_call_marks_clear (marks, START);
  check_told (told, "c:cleared");
}

static void
test_number_and_names_are_bounded (void)
{
  g_autoptr (ApCallMarks) marks = ap_call_marks_new (MARGIN, NULL, NULL);
  g_autofree char *longest = g_strnfill (AP_CALL_MARK_NAME_MAX, 'x');
  g_autofree char *longer = g_strnfill (AP_CALL_MARK_NAME_MAX + 1, 'x');

  g_assert_cmpuint (ap_call_marks_add (marks, longer, 0), ==, 0);
  for (guint i = 0; i < AP_CALL_MARKS_MAX; i++)
    g_assert_cmpuint (ap_call_marks_add (marks, longest, i), ==, i + 1);
  g_assert_cmpuint (ap_call_marks_add (marks, "m", 1000), ==, 0);
  send_next (marks, longest, 0, DUE);
  ap_call_marks_clear (marks, START); /* one is remembered */
  for (guint i = 1; i < AP_CALL_MARKS_MAX; i++)
    g_assert_cmpuint (ap_call_marks_add (marks, "", i), >, 0);
  g_assert_cmpuint (ap_call_marks_add (marks, "m", 1000), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-marks/every-cell", test_every_cell);
  g_test_add_func ("/call-marks/order", test_order_and_names);
  g_test_add_func ("/call-marks/cleared", test_echoes_of_cleared_marks);
  g_test_add_func ("/call-marks/cleared-in-silence", test_silence_about_cleared_marks);
  g_test_add_func ("/call-marks/waits", test_waits_are_bounded);
  g_test_add_func ("/call-marks/bounds", test_number_and_names_are_bounded);
  return g_test_run ();
}
