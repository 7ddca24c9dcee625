/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A server under test. One thread per server reads its output and waits for its end; whoever waits, waits on a GCond.
 */
#include "server-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test-wait.h"

/* No test needs a server for so long; one that hangs must not outlive the run. */
#define WATCHDOG_SECONDS 600

struct _ServerProcess {
  GPid pid;
  guint16 port;
  char *own_folder;
  GThread *watcher;
  int pid_fd;
  int wake_fds[2]; /* a byte tells the watcher to look at what is held again */

  GMutex lock; /* guards all below */
  GCond changed;
  GString *out;
  GString *err;
  int out_fd;
  int err_fd;
  gboolean hold_stdout;
  gboolean hold_stderr;
  gboolean ended;
  gboolean end_expected; /* somebody waited for it and knows the exit code */
  int exit_code;
};

static void
bind_to_cpus (const char *cpus)
{
  cpu_set_t set;
  char *end = NULL;

  CPU_ZERO (&set);
  for (const char *cpu = cpus; *cpu != '\0'; cpu = *end == ',' ? end + 1 : end)
    CPU_SET (strtoul (cpu, &end, 10), &set);
  sched_setaffinity (0, sizeof set, &set);
}

static void
set_up_child (gpointer data)
{
  const ServerSetup *setup = data;
  const struct rlimit descriptors = { setup->descriptors, setup->descriptors };
  const struct rlimit address_space = { setup->address_space, setup->address_space };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (setup->cpus != NULL)
    bind_to_cpus (setup->cpus);
  if (setup->descriptors > 0)
    setrlimit (RLIMIT_NOFILE, &descriptors);
  if (setup->address_space > 0)
    setrlimit (RLIMIT_AS, &address_space);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

/* Called with the lock held; the descriptor has something to read or is at its end. */
static void
take_output (int *fd, GString *text)
{
  char buffer[64 * 1024];
  gssize n = *fd >= 0 ? read (*fd, buffer, sizeof buffer) : 0;

  if (n > 0)
    g_string_append_len (text, buffer, n);
  else if (n == 0 || errno != EINTR)
    close_fd (fd);
}

/* Called with the lock held. */
static void
take_exit (ServerProcess *self)
{
  int status = 0;

  if (waitpid (self->pid, &status, 0) != self->pid)
    g_error ("waitpid: %s", g_strerror (errno));
  self->exit_code = WIFEXITED (status) ? WEXITSTATUS (status) : -WTERMSIG (status);
  self->ended = TRUE;
}

/* Where a test goes on for as long as it is told, so may its server. */
static gint64
watchdog_seconds (void)
{
  const char *soak = g_getenv ("AP_TEST_SOAK_SECONDS");

  return WATCHDOG_SECONDS + (soak != NULL ? g_ascii_strtoll (soak, NULL, 10) : 0);
}

static void
end_by_watchdog (ServerProcess *self)
{
  kill (self->pid, SIGKILL);
  g_error ("the server did not end within %" G_GINT64_FORMAT " seconds; its stderr:\n%s", watchdog_seconds (),
           self->err->str);
}

/* The end of the process counts only when its output has been read, unless nobody is to read it. */
static gpointer
watch (gpointer data)
{
  ServerProcess *self = data;
  gint64 deadline = g_get_monotonic_time () + watchdog_seconds () * G_USEC_PER_SEC;

  g_mutex_lock (&self->lock);
  while (!self->ended) {
    gboolean drained = (self->err_fd < 0 || self->hold_stderr) && (self->out_fd < 0 || self->hold_stdout);
    struct pollfd fds[] = {
      { .fd = self->hold_stderr ? -1 : self->err_fd, .events = POLLIN },
      { .fd = self->hold_stdout ? -1 : self->out_fd, .events = POLLIN },
      { .fd = self->wake_fds[0], .events = POLLIN },
      { .fd = drained ? self->pid_fd : -1, .events = POLLIN },
    };
    int left = (int)((deadline - g_get_monotonic_time ()) / 1000);

    g_mutex_unlock (&self->lock);
    if (left <= 0 || poll (fds, G_N_ELEMENTS (fds), left) == 0)
      end_by_watchdog (self);
    g_mutex_lock (&self->lock);

    if (fds[0].revents != 0)
      take_output (&self->err_fd, self->err);
    if (fds[1].revents != 0)
      take_output (&self->out_fd, self->out);
    if (fds[2].revents != 0 && read (self->wake_fds[0], &(char){ 0 }, 1) != 1)
      g_error ("read: %s", g_strerror (errno));
    if (fds[3].revents != 0)
      take_exit (self);
    g_cond_broadcast (&self->changed);
  }
  g_mutex_unlock (&self->lock);
  return NULL;
}

static const char *
program_of (const ServerSetup *setup)
{
  const char *program = setup->program != NULL ? setup->program : g_getenv ("AP_SERVER");

  if (program == NULL)
    g_error ("AP_SERVER must name the server to test");
  return program;
}

static GStrv
environment_of (const ServerSetup *setup)
{
  GStrv env = g_get_environ ();

  for (gsize i = 0; setup->env != NULL && setup->env[i] != NULL; i++) {
    g_auto (GStrv) pair = g_strsplit (setup->env[i], "=", 2);

    env = g_environ_setenv (env, pair[0], pair[1], TRUE);
  }
  return env;
}

static GStrv
arguments_of (const ServerSetup *setup)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, program_of (setup));
  for (gsize i = 0; setup->args != NULL && setup->args[i] != NULL; i++)
    g_strv_builder_add (builder, setup->args[i]);
  return g_strv_builder_end (builder);
}

static void
launch (ServerProcess *self, const ServerSetup *setup)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) arguments = arguments_of (setup);
  g_auto (GStrv) env = environment_of (setup);
  const char *folder = setup->folder != NULL ? setup->folder : self->own_folder;

  if (!g_spawn_async_with_pipes (folder, arguments, env, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES,
                                 set_up_child, (gpointer)setup, &self->pid, NULL, &self->out_fd, &self->err_fd, &error))
    g_error ("%s", error->message);
  self->pid_fd = pidfd_open (self->pid, 0);
  if (self->pid_fd < 0)
    g_error ("pidfd_open: %s", g_strerror (errno));
}

ServerProcess *
server_process_spawn (const ServerSetup *setup)
{
  g_autoptr (GError) error = NULL;
  ServerProcess *self = g_new0 (ServerProcess, 1);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  self->out = g_string_new (NULL);
  self->err = g_string_new (NULL);
  self->hold_stdout = setup->hold_stdout;
  self->own_folder = g_dir_make_tmp ("ap-test-XXXXXX", &error);
  if (self->own_folder == NULL || !g_unix_open_pipe (self->wake_fds, FD_CLOEXEC, &error))
    g_error ("%s", error->message);
  launch (self, setup);
  self->watcher = g_thread_new ("server-process", watch, self);
  return self;
}

ServerProcess *
server_process_start_with (const ServerSetup *setup)
{
  static const char *const always[] = { "--host", "127.0.0.1", "--port", "0" };
  g_autoptr (GPtrArray) args = g_ptr_array_new ();
  ServerSetup with_port = *setup;
  ServerProcess *self;

  for (gsize i = 0; i < G_N_ELEMENTS (always); i++)
    g_ptr_array_add (args, (gpointer)always[i]);
  for (gsize i = 0; setup->args != NULL && setup->args[i] != NULL; i++)
    g_ptr_array_add (args, (gpointer)setup->args[i]);
  g_ptr_array_add (args, NULL);
  with_port.args = (const char *const *)args->pdata;
  self = server_process_spawn (&with_port);
  server_process_wait_listening (self);
  return self;
}

/* Called with the lock held. Returns: FALSE, and the test has failed, when the time is up */
static gboolean
wait_for_change (ServerProcess *self, gint64 deadline, const char *what)
{
  if (g_cond_wait_until (&self->changed, &self->lock, deadline))
    return TRUE;
  g_test_fail_printf ("waited in vain for %s; stderr so far: %s", what, self->err->str);
  return FALSE;
}

static void
wait_text (ServerProcess *self, GString *output, const char *text)
{
  gint64 deadline = test_deadline ();

  g_mutex_lock (&self->lock);
  while (strstr (output->str, text) == NULL) {
    if (self->ended)
      g_test_fail_printf ("the server ended with %d without '%s': %s", self->exit_code, text, self->err->str);
    if (self->ended || !wait_for_change (self, deadline, text))
      break;
  }
  g_mutex_unlock (&self->lock);
}

void
server_process_wait_stdout (ServerProcess *self, const char *text)
{
  wait_text (self, self->out, text);
}

void
server_process_wait_stderr (ServerProcess *self, const char *text)
{
  wait_text (self, self->err, text);
}

/* Returns: the port of the line that says it; 0 while that line is not all there */
static guint16
read_port (ServerProcess *self)
{
  g_autoptr (GRegex) line = g_regex_new ("listening on http://[^\\s\"]*:(\\d+)[^\\d]", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *text = server_process_stderr (self);
  g_autofree char *port = NULL;

  if (!g_regex_match (line, text, 0, &match))
    return 0;
  port = g_match_info_fetch (match, 1);
  return (guint16)g_ascii_strtoull (port, NULL, 10);
}

static gboolean
has_ended (ServerProcess *self)
{
  gboolean ended;

  g_mutex_lock (&self->lock);
  ended = self->ended;
  g_mutex_unlock (&self->lock);
  return ended;
}

void
server_process_wait_listening (ServerProcess *self)
{
  server_process_wait_stderr (self, "listening on http://");
  if (!test_wait_until ((self->port = read_port (self)) != 0 || has_ended (self)))
    g_test_fail_printf ("the server does not say its port");
}

int
server_process_wait_exit (ServerProcess *self)
{
  gint64 deadline = test_deadline ();
  int exit_code;

  g_mutex_lock (&self->lock);
  while (!self->ended) {
    if (wait_for_change (self, deadline, "the server's end"))
      continue;
    kill (self->pid, SIGKILL);
    deadline = test_deadline ();
  }
  exit_code = self->exit_code;
  self->end_expected = TRUE;
  g_mutex_unlock (&self->lock);
  return exit_code;
}

void
server_process_signal (ServerProcess *self, int signal_number)
{
  g_mutex_lock (&self->lock);
  if (!self->ended)
    kill (self->pid, signal_number);
  g_mutex_unlock (&self->lock);
}

static void
wake_watcher (ServerProcess *self)
{
  if (write (self->wake_fds[1], "", 1) != 1)
    g_error ("write: %s", g_strerror (errno));
}

void
server_process_release_stdout (ServerProcess *self)
{
  g_mutex_lock (&self->lock);
  self->hold_stdout = FALSE;
  g_mutex_unlock (&self->lock);
  wake_watcher (self);
}

void
server_process_close_stdout (ServerProcess *self)
{
  g_mutex_lock (&self->lock);
  close_fd (&self->out_fd);
  g_mutex_unlock (&self->lock);
  wake_watcher (self);
}

void
server_process_hold_stderr (ServerProcess *self)
{
  g_mutex_lock (&self->lock);
  self->hold_stderr = TRUE;
  g_mutex_unlock (&self->lock);
  wake_watcher (self);
}

void
server_process_free (ServerProcess *self)
{
  server_process_signal (self, SIGKILL);
  g_thread_join (self->watcher);
  close_fd (&self->out_fd);
  close_fd (&self->err_fd);
  close_fd (&self->pid_fd);
  close_fd (&self->wake_fds[0]);
  close_fd (&self->wake_fds[1]);
  g_rmdir (self->own_folder);
  g_free (self->own_folder);
  g_string_free (self->out, TRUE);
  g_string_free (self->err, TRUE);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

void
server_process_stop (ServerProcess *self)
{
  if (!self->end_expected) {
    int exit_code;

    server_process_signal (self, SIGTERM);
    exit_code = server_process_wait_exit (self);
    if (exit_code != 0)
      g_test_fail_printf ("the server ended with %d: %s", exit_code, self->err->str);
  }
  server_process_free (self);
}

guint16
server_process_port (ServerProcess *self)
{
  return self->port;
}

GPid
server_process_pid (ServerProcess *self)
{
  return self->pid;
}

static char *
copy_text (ServerProcess *self, GString *text)
{
  char *copy;

  g_mutex_lock (&self->lock);
  copy = g_strndup (text->str, text->len);
  g_mutex_unlock (&self->lock);
  return copy;
}

char *
server_process_stdout (ServerProcess *self)
{
  return copy_text (self, self->out);
}

char *
server_process_stderr (ServerProcess *self)
{
  return copy_text (self, self->err);
}

/* Returns: the number after "\nName:" in /proc/PID/status */
static guint64
status_number (ServerProcess *self, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/status", self->pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    g_error ("%s: the server is gone; its stderr:\n%s", path, self->err->str);
  line = strstr (text, name);
  return line != NULL ? g_ascii_strtoull (line + strlen (name), NULL, 10) : 0;
}

gsize
server_process_rss (ServerProcess *self)
{
  return status_number (self, "\nVmRSS:\t") * 1024;
}

gsize
server_process_address_space (ServerProcess *self)
{
  return status_number (self, "\nVmSize:\t") * 1024;
}

guint
server_process_threads (ServerProcess *self)
{
  return (guint)status_number (self, "\nThreads:\t");
}

guint
server_process_fds (ServerProcess *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/fd", self->pid);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  guint count = 0;

  if (folder == NULL)
    g_error ("%s: the server is gone; its stderr:\n%s", path, self->err->str);
  while (g_dir_read_name (folder) != NULL)
    count++;
  return count;
}

gint64
server_process_cpu_ns (ServerProcess *self)
{
  struct timespec time;
  clockid_t clock;

  if (clock_getcpuclockid (self->pid, &clock) != 0 || clock_gettime (clock, &time) != 0)
    g_error ("no CPU clock of process %d", self->pid);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}
