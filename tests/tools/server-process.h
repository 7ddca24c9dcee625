/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server under test: started on a port of its own choosing, watched, measured, stopped. What cannot be (a program
 * that does not start, a wait past its deadline) ends the test program with the server's output. Call from one thread.
 */
#pragma once

#include <glib.h>

typedef struct _ServerProcess ServerProcess;

/**
 * ServerSetup:
 * @program: its path; NULL for the one that the environment variable AP_SERVER names
 * @args: (nullable): NULL-terminated options
 * @env: (nullable): NULL-terminated "NAME=value", on top of the test's own environment
 * @folder: (nullable): working folder; NULL for an empty one, so that no stray .env is read
 * @hold_stdout: nobody reads the server's stdout until server_process_release_stdout()
 * @cpus: (nullable): a list such as "0" or "0,2" that the server is bound to
 * @descriptors: the most that the server may have open; @address_space: bytes (`ulimit -v`); 0: as the test
 */
typedef struct {
  const char *program;
  const char *const *args;
  const char *const *env;
  const char *folder;
  gboolean hold_stdout;
  const char *cpus;
  gsize descriptors, address_space;
} ServerSetup;

/* Starts the program with exactly the given options and returns at once. */
ServerProcess *server_process_spawn (const ServerSetup *setup);

/* Starts the program with --host 127.0.0.1 --port 0 and the given options and waits until it listens. */
ServerProcess *server_process_start_with (const ServerSetup *setup);

/* The same for AP_SERVER with just options: server_process_start ("--workers", "1") */
#define server_process_start(...)                                                                                      \
  server_process_start_with (&(ServerSetup){ .args = (const char *const[]){ __VA_ARGS__ __VA_OPT__ (, ) NULL } })

/* Waits for the line that says where the server listens. */
void server_process_wait_listening (ServerProcess *self);

/* A server that does not end is killed, and the test fails. Returns: the exit code, or minus the number of the signal
 * that ended it */
int server_process_wait_exit (ServerProcess *self);
void server_process_signal (ServerProcess *self, int signal_number);

/* Ends the server if it still runs, without asking, and frees everything. */
void server_process_free (ServerProcess *self);

/* Ends the server with SIGTERM, unless its end was waited for before; its exit code must be 0. Frees everything. */
void server_process_stop (ServerProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ServerProcess, server_process_stop)

guint16 server_process_port (ServerProcess *self);
GPid server_process_pid (ServerProcess *self);

/* What was written so far. Returns: (transfer full): text; what the server wrote before it ended is all there after
 * server_process_wait_exit() */
char *server_process_stdout (ServerProcess *self);
char *server_process_stderr (ServerProcess *self);

/* Waits until the text occurs in the output. */
void server_process_wait_stdout (ServerProcess *self, const char *text);
void server_process_wait_stderr (ServerProcess *self, const char *text);

/* Starts to read a stdout that was held; closes the reading end of stdout for good. */
void server_process_release_stdout (ServerProcess *self);
void server_process_close_stdout (ServerProcess *self);

/* From now on nobody reads the server's stderr. */
void server_process_hold_stderr (ServerProcess *self);

/* Of the running server: resident and mapped bytes, threads, open descriptors; CPU time of all its threads, in ns. */
gsize server_process_rss (ServerProcess *self);
gsize server_process_address_space (ServerProcess *self);
guint server_process_threads (ServerProcess *self);
guint server_process_fds (ServerProcess *self);
gint64 server_process_cpu_ns (ServerProcess *self);
