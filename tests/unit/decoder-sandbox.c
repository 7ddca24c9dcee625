/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a process in the sandbox can no longer do. Each try is made by a process of its own, which first shows that it
 * could do it before. */
#include "endpoints/recording/decoder/ap-decoder-sandbox.h"

#include "base/ap-error.h"
#include "config.h"
#include "endpoints/recording/decoder/ap-decoder-launcher.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MEMORY (512ull * 1024 * 1024)

/* Exit statuses of a try. */
enum { COULD = 10, COULD_NOT, COULD_NOT_BEFORE, NO_SANDBOX };

static gboolean
open_to_read (void)
{
  int fd = open ("/etc/passwd", O_RDONLY | O_CLOEXEC);

  return fd >= 0 && close (fd) == 0;
}

static gboolean
open_to_write (void)
{
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);

  return fd >= 0 && close (fd) == 0;
}

static gboolean
look_at_file (void)
{
  struct stat status;

  return stat ("/etc/passwd", &status) == 0;
}

static gboolean
make_internet_socket (void)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  return fd >= 0 && close (fd) == 0;
}

static gboolean
make_unix_socket (void)
{
  int pair[2];

  return socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 && close (pair[0]) == 0 && close (pair[1]) == 0;
}

static gboolean
make_process (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    _exit (0);
  return pid > 0 && waitpid (pid, NULL, 0) == pid;
}

static gboolean
spawn_process (void)
{
  static const char *const argv[] = { "true", NULL };
  pid_t pid;

  return posix_spawnp (&pid, "true", NULL, NULL, (char *const *)argv, NULL) == 0 && waitpid (pid, NULL, 0) == pid;
}

static gpointer
do_nothing (gpointer data)
{
  return data;
}

static gboolean
make_thread (void)
{
  GThread *thread = g_thread_try_new ("try", do_nothing, NULL, NULL);

  if (thread != NULL)
    g_thread_join (thread);
  return thread != NULL;
}

/* A program that has begun cannot say that it has. */
static gboolean
run_program (void)
{
  static const char *const argv[] = { "true", NULL };

  execv ("/no/such/program", (char *const *)argv);
  return errno == ENOENT;
}

static gboolean
send_signal (void)
{
  return kill (getppid (), 0) == 0;
}

static gboolean
make_code (void)
{
  void *memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED && munmap (memory, 4096) == 0;
}

static gboolean
turn_into_code (void)
{
  void *memory = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  return memory != MAP_FAILED && mprotect (memory, 4096, PROT_READ | PROT_EXEC) == 0 && munmap (memory, 4096) == 0;
}

static gboolean
have_more_limits (void)
{
  struct rlimit limit;

  return getrlimit (RLIMIT_NOFILE, &limit) == 0 && setrlimit (RLIMIT_NOFILE, &limit) == 0;
}

static gboolean
look_into_others (void)
{
  errno = 0;
  ptrace (PTRACE_PEEKDATA, getppid (), NULL, NULL);
  return errno == ESRCH; /* not attached, but allowed to ask */
}

static gboolean
have_much_memory (void)
{
  void *memory = mmap (NULL, 2 * MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

  return memory != MAP_FAILED && munmap (memory, 2 * MEMORY) == 0;
}

/* What a decoder needs goes on. */
static gboolean
compute (void)
{
  g_autofree char *block = g_malloc0 (16 * 1024 * 1024);
  g_autofree char *small = g_strdup_printf ("%f %d", g_get_monotonic_time () / 1e6, getpid ());

  block = g_realloc (block, 64 * 1024 * 1024);
  memset (block, 1, 64 * 1024 * 1024);
  return block[4711] == 1 && small[0] != '\0' && write (STDERR_FILENO, "", 0) == 0;
}

typedef struct {
  const char *name;
  gboolean (*attempt) (void);
  int signal; /* that ends it; 0: it can no longer, and goes on */
  gboolean can;
  gboolean always; /* also under sanitizers, without seccomp and a limit of memory */
} Try;

static const Try tries[] = {
  { "open-to-read", open_to_read, 0, FALSE, TRUE },
  { "open-to-write", open_to_write, 0, FALSE, TRUE },
  { "look-at-file", look_at_file, 0, FALSE, FALSE },
  { "internet-socket", make_internet_socket, SIGSYS, FALSE, FALSE },
  { "unix-socket", make_unix_socket, SIGSYS, FALSE, FALSE },
  { "process", make_process, SIGSYS, FALSE, FALSE },
  { "spawned-process", spawn_process, SIGSYS, FALSE, FALSE },
  { "thread", make_thread, SIGSYS, FALSE, FALSE },
  { "program", run_program, SIGSYS, FALSE, FALSE },
  { "signal", send_signal, SIGSYS, FALSE, FALSE },
  { "code", make_code, SIGSYS, FALSE, FALSE },
  { "turn-into-code", turn_into_code, SIGSYS, FALSE, FALSE },
  { "limits", have_more_limits, SIGSYS, FALSE, FALSE },
  { "look-into-others", look_into_others, SIGSYS, FALSE, FALSE },
  { "memory", have_much_memory, 0, FALSE, FALSE },
  { "compute", compute, 0, TRUE, TRUE },
};

static int
run_try (const Try *item)
{
  ApDecoderSandboxLimits limits = { MEMORY, 64 };

  if (!item->attempt ())
    return COULD_NOT_BEFORE;
  if (!ap_decoder_sandbox_enter (&limits, NULL))
    return NO_SANDBOX;
  return item->attempt () ? COULD : COULD_NOT;
}

static void
test_try (gconstpointer data)
{
  const Try *item = data;
  int status;
  pid_t pid;

  if (AP_SANITIZED && !item->always) {
    g_test_skip ("under sanitizers there is no seccomp");
    return;
  }
  pid = fork ();
  if (pid == 0)
    _exit (run_try (item));
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (item->signal != 0) {
    g_assert_true (WIFSIGNALED (status));
    g_assert_cmpint (WTERMSIG (status), ==, item->signal);
  } else {
    g_assert_true (WIFEXITED (status));
    g_assert_cmpint (WEXITSTATUS (status), ==, item->can ? COULD : COULD_NOT);
  }
}

/* Landlock is a second wall behind seccomp: where seccomp is left out, the tries above show it. */
static void
test_check (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ap_decoder_sandbox_check (&error));
  g_assert_no_error (error);
  g_test_message ("Landlock %u", ap_decoder_sandbox_get_landlock ());
}

static gboolean
take_nothing (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  return TRUE;
}

/* A system that filters no calls: what needs no sandbox goes on. */
static void
test_without_seccomp (void)
{
  static const ApDecoderSpec flac = { AP_CONTAINER_FLAC, 8000, 1 }, pcm = { AP_CONTAINER_PCM, 8000, 1 };
  ApDecoderLauncher *launcher;
  scmp_filter_ctx filter;
  g_autoptr (GError) error = NULL;
  g_autoptr (ApDecoder) decoder = NULL;

  if (!g_test_subprocess ()) {
    g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
    g_test_trap_assert_passed ();
    return;
  }
  filter = seccomp_init (SCMP_ACT_ALLOW);
  g_assert_cmpint (
      seccomp_rule_add (filter, SCMP_ACT_ERRNO (EINVAL), SCMP_SYS (prctl), 1, SCMP_A0 (SCMP_CMP_EQ, PR_SET_SECCOMP)),
      ==, 0);
  g_assert_cmpint (seccomp_load (filter), ==, 0);
  seccomp_release (filter);
  g_test_expect_message ("recording", G_LOG_LEVEL_WARNING, "compressed audio is refused: *");
  launcher = ap_decoder_launcher_new (AP_SANDBOX_SESSION);
  g_test_assert_expected_messages ();
  g_assert_null (ap_decoder_launcher_open (launcher, &flac, take_nothing, NULL, &error));
  g_assert_error (error, AP_ERROR, AP_ERROR_CONFIG); /* no fault of the chunk: a recovery leaves it alone */
  g_clear_error (&error);
  decoder = ap_decoder_launcher_open (launcher, &pcm, take_nothing, NULL, &error);
  g_assert_no_error (error);
  ap_decoder_launcher_free (launcher);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decoder-sandbox/check", test_check);
  g_test_add_func ("/decoder-sandbox/without-seccomp", test_without_seccomp);
  for (gsize i = 0; i < G_N_ELEMENTS (tries); i++) {
    g_autofree char *path = g_strdup_printf ("/decoder-sandbox/%s", tries[i].name);

    g_test_add_data_func (path, &tries[i], test_try);
  }
  return g_test_run ();
}
