/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Many open connections and what comes back on them. */
#pragma once

#include "latency.h"
#include "load.h"

#define CROWD_ON_THE_WAY 256 /* at most, of one connection */

typedef struct {
  int fd;
  guint32 number;
  guint32 sent;
  guint32 received;
  guint32 measured; /* echoes in the measured time */
  gint64 *sent_at;  /* ns, of frame n at n % CROWD_ON_THE_WAY; 0: does not count */
  guint8 *part;     /* the start of an echo */
  gsize part_len;
} CrowdMember;

/**
 * Crowd:
 * @counting: frames that are sent now count
 * @on_echoes: (nullable): @count echoes have come on a connection
 */
typedef struct _Crowd Crowd;
struct _Crowd {
  const LoadPlan *plan;
  CrowdMember *members;
  int set;
  guint8 *in;
  guint8 *out; /* as many frames as may be on the way */
  gboolean counting;
  guint64 frames;
  guint64 late;
  Latency latency;
  void (*on_echoes) (Crowd *crowd, CrowdMember *member, guint count);
};

/* Opens them all at once. */
Crowd *crowd_new (const LoadPlan *plan, guint16 port);
void crowd_free (Crowd *crowd);

/* Returns: whether the socket took them; they are counted as sent only then */
gboolean crowd_send (Crowd *crowd, CrowdMember *member, guint count);

/* Waits for echoes, for at most so long, and takes those that are there. */
gboolean crowd_turn (Crowd *crowd, gint64 timeout_ns);

/* Waits until every frame that was sent has come back. */
void crowd_drain (Crowd *crowd);

void crowd_measure_latency (const Crowd *crowd, LoadResult *result);
