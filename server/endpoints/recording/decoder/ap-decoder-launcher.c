/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The server's side of decoders' processes: starts the one that they are forked from, and asks it for them. */
#define G_LOG_DOMAIN "recording"

#include "endpoints/recording/decoder/ap-decoder-launcher.h"

#include "base/ap-error.h"
#include "base/ap-log.h"
#include "endpoints/recording/decoder/ap-decoder-chain.h"
#include "endpoints/recording/decoder/ap-decoder-descriptor.h"
#include "endpoints/recording/decoder/ap-decoder-mother.h"
#include "endpoints/recording/decoder/ap-decoder-process.h"
#include "endpoints/recording/decoder/ap-decoder-sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A call decodes at most a message of a client. */
#define CALL_CPU_SECONDS  30
#define CALL_WALL_SECONDS 120
/* To read GStreamer's list of plugins, or even to make it; and to fork. */
#define START_SECONDS  60
#define ANSWER_SECONDS 10

struct _ApDecoderLauncher {
  ApSandbox mode;
  GError *unavailable; /* why there can be no sandbox; NULL: there can */
  GMutex lock;         /* guards the rest, and is held from a request to its answer */
  pid_t mother;        /* 0: none */
  int socket;          /* to it */
  guint generation;    /* counts mothers: the serials of one mean nothing to the next */
  gboolean told;       /* that there is no Landlock */
  gboolean stopped;
};

/* What a decoder keeps to end its process with. */
typedef struct {
  ApDecoderLauncher *launcher;
  guint generation;
  guint64 serial;
} Keeper;

/* ---- the mother ---- */

/* Of the environment, what libraries look at: it may hold secrets of the server, and a decoder that has been taken over
 * can read its own. GStreamer's debug lines would go nowhere. ORC makes code at run time, which the sandbox forbids. */
static char **
make_environment (void)
{
  static const char *const kept[] = { "ASAN_", "G_",      "GST_",  "HOME=",  "LD_", "LSAN_",
                                      "PATH=", "TMPDIR=", "TSAN_", "UBSAN_", "XDG_" };
  g_auto (GStrv) all = g_get_environ ();
  GPtrArray *some = g_ptr_array_new ();

  for (guint i = 0; all[i] != NULL; i++)
    for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
      if (g_str_has_prefix (all[i], kept[k]) && !g_str_has_prefix (all[i], "GST_DEBUG"))
        g_ptr_array_add (some, g_strdup (all[i]));
  g_ptr_array_add (some, g_strdup ("ORC_CODE=backup"));
  g_ptr_array_add (some, NULL);
  return (char **)g_ptr_array_free (some, FALSE);
}

/* Signals to the terminal's group, or to all of a service, are for the server, which needs its decoders until the last
 * recording has been finished: the mother and its children never get them. */
static void
set_attributes (posix_spawnattr_t *attributes)
{
  sigset_t blocked;

  sigemptyset (&blocked);
  sigaddset (&blocked, SIGHUP);
  sigaddset (&blocked, SIGINT);
  sigaddset (&blocked, SIGQUIT);
  sigaddset (&blocked, SIGTERM);
  posix_spawnattr_setsigmask (attributes, &blocked);
  posix_spawnattr_setpgroup (attributes, 0);
  posix_spawnattr_setflags (attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

/* It has stderr, for what libraries say at its start, and its socket; nothing else of ours. */
static int
spawn (const char *mode, int socket, pid_t *pid)
{
  const char *const argv[] = { "audio-pipeline-server", "--helper", "recording", mode, NULL };
  g_auto (GStrv) environment = make_environment ();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int result;

  posix_spawn_file_actions_init (&actions);
  posix_spawn_file_actions_addopen (&actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
  posix_spawn_file_actions_adddup2 (&actions, STDIN_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2 (&actions, socket, AP_DECODER_MOTHER_FD);
  posix_spawn_file_actions_addclosefrom_np (&actions, AP_DECODER_MOTHER_FD + 1);
  posix_spawnattr_init (&attributes);
  set_attributes (&attributes);
  result = posix_spawn (pid, "/proc/self/exe", &actions, &attributes, (char *const *)argv, environment);
  posix_spawnattr_destroy (&attributes);
  posix_spawn_file_actions_destroy (&actions);
  return result;
}

/* It and its children are a group of processes. Where this is the first process of a container, children that it has
 * left are ours, and nobody else would take their end. */
static void
lose_mother (ApDecoderLauncher *launcher)
{
  int why = errno;

  if (launcher->mother == 0)
    return;
  close (launcher->socket);
  kill (-launcher->mother, SIGKILL);
  while (waitpid (-launcher->mother, NULL, 0) > 0 || errno == EINTR)
    continue;
  launcher->mother = 0;
  errno = why;
}

/* errno: 0: it has ended. */
static gboolean
receive (ApDecoderLauncher *launcher, ApDecoderMotherReply *reply, guint seconds)
{
  gint64 until = g_get_monotonic_time () + (gint64)seconds * G_USEC_PER_SEC;
  struct pollfd readable = { launcher->socket, POLLIN, 0 };
  int n;

  do
    n = poll (&readable, 1, (int)(MAX (until - g_get_monotonic_time (), 0) / 1000));
  while (n < 0 && errno == EINTR);
  if (n > 0)
    return ap_decoder_descriptor_receive (launcher->socket, reply, sizeof *reply, NULL);
  errno = n == 0 ? ETIMEDOUT : errno;
  return FALSE;
}

static gboolean
start_mother (ApDecoderLauncher *launcher)
{
  int pair[2];
  int result;
  ApDecoderMotherReply ready;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return FALSE;
  result = spawn (launcher->mode == AP_SANDBOX_POOL ? "pool" : "session", pair[1], &launcher->mother);
  close (pair[1]);
  if (result != 0) {
    close (pair[0]);
    launcher->mother = 0;
    errno = result;
    return FALSE;
  }
  launcher->socket = pair[0];
  launcher->generation++;
  if (!receive (launcher, &ready, START_SECONDS)) {
    lose_mother (launcher);
    return FALSE;
  }
  if (ready.status == 0 && !launcher->told)
    ap_warning ("this kernel has no Landlock, or does not let us use it: decoders run under seccomp alone");
  launcher->told |= ready.status == 0;
  ap_info ("decoders run in processes of their own, under seccomp and Landlock %d", ready.status);
  return TRUE;
}

/* Of the mother that is there. */
static gboolean
ask (ApDecoderLauncher *launcher, const ApDecoderMotherRequest *request, int fd, ApDecoderMotherReply *reply)
{
  if (ap_decoder_descriptor_send (launcher->socket, request, sizeof *request, fd) &&
      receive (launcher, reply, ANSWER_SECONDS))
    return TRUE;
  ap_warning ("the process that decoders come from has ended; its decoders are lost");
  lose_mother (launcher);
  return FALSE;
}

/* ---- decoders ---- */

static int
end_process (gpointer data, gboolean kill)
{
  g_autofree Keeper *keeper = data;
  ApDecoderLauncher *launcher = keeper->launcher;
  ApDecoderMotherRequest request = { AP_DECODER_MOTHER_END, (guint32)kill, keeper->serial };
  ApDecoderMotherReply reply;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&launcher->lock);

  if (launcher->mother != 0 && launcher->generation == keeper->generation && ask (launcher, &request, -1, &reply))
    return reply.status;
  return -1;
}

/* With a new mother, where the old one turns out to be dead. */
static gboolean
ask_to_open (ApDecoderLauncher *launcher, int fd, ApDecoderMotherReply *reply)
{
  static const ApDecoderMotherRequest request = { .ask = AP_DECODER_MOTHER_OPEN };

  for (guint attempt = 0; attempt < 2; attempt++) {
    if (launcher->mother == 0 && !start_mother (launcher))
      return FALSE;
    if (!ask (launcher, &request, fd, reply))
      continue;
    if (reply->pid > 0)
      return TRUE;
    errno = -reply->pid;
    return FALSE;
  }
  return FALSE;
}

/* The system's fault, and nobody's chunk has anything to do with it. */
static void
set_unavailable (GError **error, const char *what)
{
  g_set_error (error, AP_ERROR, AP_ERROR_UNAVAILABLE, "no %s for a decoder: %s", what,
               errno != 0 ? g_strerror (errno) : "it ended at once");
}

static gboolean
open_process (ApDecoderLauncher *launcher, int fd, ApDecoderPeer *peer, GError **error)
{
  ApDecoderMotherReply reply;
  Keeper *keeper;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&launcher->lock);

  if (launcher->stopped) {
    g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_CLOSED, "the server ends");
    return FALSE;
  }
  if (!ask_to_open (launcher, fd, &reply)) {
    set_unavailable (error, "process");
    return FALSE;
  }
  keeper = g_new (Keeper, 1);
  *keeper = (Keeper){ launcher, launcher->generation, reply.serial };
  peer->pid = reply.pid;
  peer->keeper = keeper;
  return TRUE;
}

ApDecoder *
ap_decoder_launcher_open (ApDecoderLauncher *launcher, const ApDecoderSpec *spec, ApDecoderPcm pcm, gpointer owner,
                          GError **error)
{
  ApDecoderPeer peer = { .shared = launcher->mode == AP_SANDBOX_POOL,
                         .cpu_us = CALL_CPU_SECONDS * G_USEC_PER_SEC,
                         .wall_us = CALL_WALL_SECONDS * G_USEC_PER_SEC,
                         .end = end_process };
  int pair[2];
  gboolean opened;

  if (launcher->mode == AP_SANDBOX_OFF || spec->container == AP_CONTAINER_PCM || spec->container == AP_CONTAINER_WAV)
    return ap_decoder_chain_new (spec, pcm, owner, error);
  if (launcher->unavailable != NULL) {
    g_set_error (error, AP_ERROR, AP_ERROR_CONFIG,
                 "this server takes raw samples and WAV only: its system cannot lock decoders in");
    return NULL;
  }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    set_unavailable (error, "socket");
    return NULL;
  }
  opened = open_process (launcher, pair[1], &peer, error);
  close (pair[1]);
  if (!opened) {
    close (pair[0]);
    return NULL;
  }
  peer.socket = pair[0];
  return ap_decoder_process_new (&peer, spec, pcm, owner, error);
}

/* ---- the launcher ---- */

ApDecoderLauncher *
ap_decoder_launcher_new (ApSandbox mode)
{
  ApDecoderLauncher *launcher = g_new0 (ApDecoderLauncher, 1);

  launcher->mode = mode;
  g_mutex_init (&launcher->lock);
  if (mode != AP_SANDBOX_OFF && !ap_decoder_sandbox_check (&launcher->unavailable))
    ap_warning ("compressed audio is refused: %s", launcher->unavailable->message);
  return launcher;
}

void
ap_decoder_launcher_stop (ApDecoderLauncher *launcher)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&launcher->lock);

  launcher->stopped = TRUE;
  lose_mother (launcher);
}

/* The mother ends its children, and then itself, when nothing more can come. */
void
ap_decoder_launcher_free (ApDecoderLauncher *launcher)
{
  ApDecoderMotherReply none;

  if (launcher->mother != 0) {
    shutdown (launcher->socket, SHUT_WR);
    receive (launcher, &none, ANSWER_SECONDS);
    lose_mother (launcher);
  }
  g_clear_error (&launcher->unavailable);
  g_mutex_clear (&launcher->lock);
  g_free (launcher);
}

pid_t
ap_decoder_launcher_get_pid (ApDecoderLauncher *launcher)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&launcher->lock);

  return launcher->mother;
}
