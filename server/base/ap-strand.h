/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A strand is a queue of jobs that run one after another, on whichever thread of its pool is free. What only the jobs
 * of one strand touch needs no lock. Strands of a pool take turns, a job each, so that none waits for more than one job
 * of each of the others. How much waits is bounded by who posts. */
typedef struct _ApStrandPool ApStrandPool;
typedef struct _ApStrand ApStrand;

typedef void (*ApStrandFunc) (gpointer data);

/* @name: of the threads, of which at most 15 bytes can be seen from outside; is kept. @threads: at least 1; @most: so
 * many may become of them. */
ApStrandPool *ap_strand_pool_new (const char *name, guint threads, guint most);

/* To be called now and then. If strands have been ready, and none been taken, for a tenth of a second, all threads are
 * in jobs that take long: each of those strands gets a thread more, which stays. */
void ap_strand_pool_relieve (ApStrandPool *pool);

/* Does what has been posted, and what those jobs post, then ends the threads. Not from a job. Strands may outlive the
 * pool, but nothing can be posted to them any more. */
void ap_strand_pool_free (ApStrandPool *pool);

ApStrand *ap_strand_new (ApStrandPool *pool);

/* From any thread. What was posted is done even after the last reference is gone. */
ApStrand *ap_strand_ref (ApStrand *strand);
void ap_strand_unref (ApStrand *strand);

/**
 * ap_strand_post:
 * @func: called once, on a thread of the pool, after all that was posted before; never two of one strand at once
 * @data: (transfer full)
 * @destroy: (nullable): frees @data after @func, as part of the same job
 *
 * From any thread, also from a job.
 */
void ap_strand_post (ApStrand *strand, ApStrandFunc func, gpointer data, GDestroyNotify destroy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApStrandPool, ap_strand_pool_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApStrand, ap_strand_unref)
