/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What clients are told, when it has become true. */
#include "endpoints/recording/ap-recording-answers.h"

#include "base/ap-metrics.h"

typedef struct {
  ApRecordingSocket *socket;
  guint64 ticket;
  char *text;
  gsize done;
  gint64 since;
} Answer;

struct _ApRecordingAnswers {
  GQueue waiting; /* of Answer */
  guint64 released;
};

ApRecordingAnswers *
ap_recording_answers_new (void)
{
  ApRecordingAnswers *answers = g_new0 (ApRecordingAnswers, 1);

  g_queue_init (&answers->waiting);
  return answers;
}

static void
answer_free (Answer *answer)
{
  ap_recording_socket_unref (answer->socket);
  g_free (answer->text);
  g_free (answer);
}

void
ap_recording_answers_free (ApRecordingAnswers *answers)
{
  g_queue_clear_full (&answers->waiting, (GDestroyNotify)answer_free);
  g_free (answers);
}

static void
count_answer (const Answer *answer)
{
  ApCounts *counts = &ap_metrics_mine ()->counts;

  if (answer->since == 0)
    return;
  ap_count (&counts->chunks_answered, 1);
  ap_histogram_add (&counts->acknowledgement, g_get_monotonic_time () - answer->since);
}

static void
send_released (ApRecordingAnswers *answers)
{
  Answer *first;

  while ((first = g_queue_peek_head (&answers->waiting)) != NULL && first->ticket <= answers->released) {
    g_queue_pop_head (&answers->waiting);
    count_answer (first);
    ap_recording_socket_send (first->socket, g_steal_pointer (&first->text), first->done);
    answer_free (first);
  }
}

void
ap_recording_answers_add (ApRecordingAnswers *answers, ApRecordingSocket *socket, guint64 ticket, char *text,
                          gsize done, gint64 since)
{
  const Answer answer = { ap_recording_socket_ref (socket), ticket, text, done, since };

  g_queue_push_tail (&answers->waiting, g_memdup2 (&answer, sizeof answer));
  send_released (answers);
}

void
ap_recording_answers_release (ApRecordingAnswers *answers, guint64 ticket)
{
  answers->released = MAX (answers->released, ticket);
  send_released (answers);
}

gboolean
ap_recording_answers_wait (const ApRecordingAnswers *answers)
{
  return answers->waiting.length > 0;
}

void
ap_recording_answers_drop (ApRecordingAnswers *answers)
{
  for (GList *link = answers->waiting.head; link != NULL; link = link->next) {
    const Answer *answer = link->data;

    count_answer (answer);
    ap_recording_socket_send (answer->socket, NULL, answer->done);
  }
  g_queue_clear_full (&answers->waiting, (GDestroyNotify)answer_free);
}
