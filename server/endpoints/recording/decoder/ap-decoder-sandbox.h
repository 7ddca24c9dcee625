/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What a decoder's process may do: compute, have memory, and use the descriptors that it has. It needs no privileges,
 * and nothing takes it back. */
typedef struct {
  guint64 memory_bytes; /* of addresses: RLIMIT_AS */
  guint descriptors;    /* numbers from this on cannot be had: RLIMIT_NOFILE */
} ApDecoderSandboxLimits;

/* Whether this kernel can filter system calls, which the sandbox cannot do without. Errors: AP_ERROR_CONFIG. */
gboolean ap_decoder_sandbox_check (GError **error);

/* The version of Landlock in this kernel; 0: it has none, and the sandbox is made without it. */
guint ap_decoder_sandbox_get_landlock (void);

/**
 * ap_decoder_sandbox_enter:
 *
 * For good, in a process that has one thread yet. From then on:
 * - no core file, no file written, no more memory or descriptors than @limits say;
 * - Landlock: no file, no TCP port; no signal to, and no abstract socket of, a process outside;
 * - seccomp: a system call that would open or look at a file fails with EACCES, which libraries know how to bear; any
 *   other that a decoder does not need (socket, fork, threads, exec, ptrace, memory that is code, …) kills the process.
 *
 * Sanitizers reserve terabytes of addresses and make calls of their own: under them the limit of memory and seccomp
 * are left out.
 *
 * Errors: AP_ERROR_CONFIG; the process must end then.
 */
gboolean ap_decoder_sandbox_enter (const ApDecoderSandboxLimits *limits, GError **error);
