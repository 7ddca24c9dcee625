/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The marks of a call: which are on their way, and what it means when one comes back. */
#include "endpoints/twilio/ap-call-marks.h"

#include <string.h>

typedef struct {
  guint64 id;
  char *name;
  guint64 offset;
  ApCallMarkState state; /* never PLAYED; CLEARED and TIMED_OUT are only remembered */
  gint64 due_us;         /* once sent */
  gint64 forget_at;      /* once it is only remembered */
} Entry;

/* In the order of their places; those queued come last. */
struct _ApCallMarks {
  gint64 margin_us;
  ApCallMarkEnded ended;
  gpointer owner;
  Entry *entries; /* most calls never have one */
  guint length, capacity;
  guint64 last_id;
  guint64 played_offset;
  gint64 round_trip_us;
};

ApCallMarks *
ap_call_marks_new (gint64 margin_us, ApCallMarkEnded ended, gpointer owner)
{
  ApCallMarks *marks = g_new0 (ApCallMarks, 1);

  marks->margin_us = margin_us;
  marks->ended = ended;
  marks->owner = owner;
  marks->round_trip_us = -1;
  return marks;
}

void
ap_call_marks_free (ApCallMarks *marks)
{
  for (guint i = 0; i < marks->length; i++)
    g_free (marks->entries[i].name);
  g_free (marks->entries);
  g_free (marks);
}

static void
make_room (ApCallMarks *marks)
{
  if (marks->length < marks->capacity)
    return;
  marks->capacity = MAX (4, 2 * marks->capacity);
  marks->entries = g_renew (Entry, marks->entries, marks->capacity);
}

guint64
ap_call_marks_add (ApCallMarks *marks, const char *name, guint64 offset)
{
  Entry *last = marks->length > 0 ? &marks->entries[marks->length - 1] : NULL;

  g_return_val_if_fail (last == NULL || last->offset <= offset, 0);
  if (marks->length == AP_CALL_MARKS_MAX || strlen (name) > AP_CALL_MARK_NAME_MAX)
    return 0;
  make_room (marks);
  marks->entries[marks->length++] = (Entry){
    .id = ++marks->last_id,
    .name = g_strdup (name),
    .offset = offset,
    .state = AP_CALL_MARK_QUEUED,
  };
  return marks->last_id;
}

static Entry *
first_queued (ApCallMarks *marks)
{
  for (guint i = 0; i < marks->length; i++)
    if (marks->entries[i].state == AP_CALL_MARK_QUEUED)
      return &marks->entries[i];
  return NULL;
}

static ApCallMark
view (const Entry *entry, ApCallMarkState state)
{
  return (ApCallMark){ entry->id, entry->name, entry->offset, state };
}

gboolean
ap_call_marks_next (ApCallMarks *marks, guint64 gone, ApCallMark *mark)
{
  const Entry *entry = first_queued (marks);

  if (entry == NULL || entry->offset > gone)
    return FALSE;
  *mark = view (entry, entry->state);
  return TRUE;
}

void
ap_call_marks_sent (ApCallMarks *marks, gint64 due_us)
{
  Entry *entry = first_queued (marks);

  g_return_if_fail (entry != NULL);
  entry->state = AP_CALL_MARK_SENT;
  entry->due_us = due_us;
}

static void
tell (ApCallMarks *marks, const Entry *entry, ApCallMarkState state)
{
  ApCallMark mark = view (entry, state);

  if (marks->ended != NULL)
    marks->ended (marks->owner, &mark);
}

static void
forget (ApCallMarks *marks, guint index)
{
  g_free (marks->entries[index].name);
  marks->length--;
  memmove (&marks->entries[index], &marks->entries[index + 1], (marks->length - index) * sizeof (Entry));
}

static gboolean
is_remembered (const Entry *entry)
{
  return entry->state == AP_CALL_MARK_CLEARED || entry->state == AP_CALL_MARK_TIMED_OUT;
}

/* Marks come back in the order in which they went: what is only remembered from before @index does not come any more.
 * Returns where the entry at @index is now. */
static guint
forget_before (ApCallMarks *marks, guint index)
{
  for (guint i = index; i-- > 0;) {
    if (is_remembered (&marks->entries[i])) {
      forget (marks, i);
      index--;
    }
  }
  return index;
}

static gboolean
find_returned (const ApCallMarks *marks, const char *name, guint *index)
{
  for (guint i = 0; i < marks->length; i++) {
    if (marks->entries[i].state != AP_CALL_MARK_QUEUED && g_str_equal (marks->entries[i].name, name)) {
      *index = i;
      return TRUE;
    }
  }
  return FALSE;
}

ApCallMarkReturn
ap_call_marks_returned (ApCallMarks *marks, const char *name, gint64 now)
{
  ApCallMarkReturn what = AP_CALL_MARK_RETURN_STALE;
  guint index = 0;
  const Entry *entry;

  if (!find_returned (marks, name, &index))
    return AP_CALL_MARK_RETURN_UNKNOWN;
  index = forget_before (marks, index);
  entry = &marks->entries[index];
  if (entry->state == AP_CALL_MARK_SENT) {
    what = AP_CALL_MARK_RETURN_PLAYED;
    marks->played_offset = MAX (marks->played_offset, entry->offset);
    marks->round_trip_us = MAX (0, now - entry->due_us);
    tell (marks, entry, AP_CALL_MARK_PLAYED);
  }
  forget (marks, index);
  return what;
}

static void
remember (ApCallMarks *marks, Entry *entry, ApCallMarkState state, gint64 now)
{
  entry->state = state;
  entry->forget_at = now + marks->margin_us;
  tell (marks, entry, state);
}

void
ap_call_marks_drop (ApCallMarks *marks, guint64 gone, guint64 bytes)
{
  for (guint i = 0; i < marks->length; i++)
    if (marks->entries[i].state == AP_CALL_MARK_QUEUED && marks->entries[i].offset > gone)
      marks->entries[i].offset -= MIN (bytes, marks->entries[i].offset - gone);
}

/* What is only remembered has no place any more: others may stand where it would have been. */
void
ap_call_marks_clear (ApCallMarks *marks, gint64 now)
{
  guint i = 0;

  while (i < marks->length) {
    Entry *entry = &marks->entries[i];

    if (entry->state == AP_CALL_MARK_QUEUED) {
      tell (marks, entry, AP_CALL_MARK_CLEARED);
      forget (marks, i);
      continue;
    }
    if (entry->state == AP_CALL_MARK_SENT)
      remember (marks, entry, AP_CALL_MARK_CLEARED, now);
    entry->offset = 0;
    i++;
  }
}

gint64
ap_call_marks_expire (ApCallMarks *marks, gint64 now)
{
  gint64 next = AP_CALL_MARKS_NONE;
  guint i = 0;

  while (i < marks->length && marks->entries[i].state != AP_CALL_MARK_QUEUED) {
    Entry *entry = &marks->entries[i];

    if (entry->state == AP_CALL_MARK_SENT && now >= entry->due_us + marks->margin_us)
      remember (marks, entry, AP_CALL_MARK_TIMED_OUT, now);
    if (is_remembered (entry) && now >= entry->forget_at) {
      forget (marks, i);
      continue;
    }
    next = MIN (next, is_remembered (entry) ? entry->forget_at : entry->due_us + marks->margin_us);
    i++;
  }
  return next;
}

guint
ap_call_marks_count (const ApCallMarks *marks, ApCallMarkState state)
{
  guint count = 0;

  for (guint i = 0; i < marks->length; i++)
    count += marks->entries[i].state == state;
  return count;
}

guint64
ap_call_marks_played_offset (const ApCallMarks *marks)
{
  return marks->played_offset;
}

gint64
ap_call_marks_round_trip_us (const ApCallMarks *marks)
{
  return marks->round_trip_us;
}
