/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The process that decoders' processes are forked from. */
#include "endpoints/recording/decoder/ap-decoder-mother.h"

#include "config.h"
#include "endpoints/recording/decoder/ap-decoder-chain.h"
#include "endpoints/recording/decoder/ap-decoder-child.h"
#include "endpoints/recording/decoder/ap-decoder-descriptor.h"
#include "endpoints/recording/decoder/ap-decoder-sandbox.h"

#include <errno.h>
#include <gst/gst.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* Of addresses: libraries take 200 MiB of them. A file that a decoder must have whole (MP4 with its table at the end)
 * is bounded by this, too. */
#define SESSION_MEMORY (1024ull * 1024 * 1024)
#define POOL_MEMORY    (4 * SESSION_MEMORY)
/* Decoders of a process of the pool, each with a descriptor. */
#define POOL_DESCRIPTORS 16384

typedef struct {
  pid_t pid;
  guint64 serial;
  guint users; /* OPENs without their END */
  int channel; /* to a process of the pool; -1 */
  int status;  /* -1: it runs */
} Child;

typedef struct {
  gboolean pool;
  pid_t pid;
  guint64 last_serial;
  GHashTable *children; /* by serial; owns them. Those that have ended stay while they have users */
} Mother;

static void
child_free (gpointer data)
{
  Child *child = data;

  if (child->channel >= 0)
    close (child->channel);
  g_free (child);
}

/* ---- the child's side of fork ---- */

static GLogWriterOutput
say_nothing (GLogLevelFlags level, const GLogField *fields, gsize n, gpointer data)
{
  return G_LOG_WRITER_HANDLED;
}

/* What is left: three descriptors of /dev/null, and the socket in the place of the mother's own. */
static void
keep_only (int socket)
{
#if !AP_SANITIZED /* their reports are to be seen */
  dup2 (STDIN_FILENO, STDERR_FILENO);
#endif
  dup2 (socket, AP_DECODER_MOTHER_FD);
  closefrom (AP_DECODER_MOTHER_FD + 1);
}

static void G_GNUC_NORETURN
be_child (const Mother *mother, int socket)
{
  ApDecoderSandboxLimits limits = { mother->pool ? POOL_MEMORY : SESSION_MEMORY,
                                    mother->pool ? POOL_DESCRIPTORS : AP_DECODER_MOTHER_FD + 1 };

  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () != mother->pid)
    _exit (EX_UNAVAILABLE);
  keep_only (socket);
  g_log_set_writer_func (say_nothing, NULL, NULL);
  if (!ap_decoder_sandbox_enter (&limits, NULL))
    _exit (EX_CONFIG);
  if (mother->pool)
    ap_decoder_child_serve_pool (AP_DECODER_MOTHER_FD);
  else
    ap_decoder_child_serve_one (AP_DECODER_MOTHER_FD);
  _exit (EXIT_SUCCESS);
}

/* ---- children ---- */

/* @socket: the child's; stays the caller's. NULL with errno. */
static Child *
add_child (Mother *mother, int socket)
{
  Child *child;
  pid_t pid = fork ();

  if (pid == 0)
    be_child (mother, socket);
  if (pid < 0)
    return NULL;
  child = g_new0 (Child, 1);
  child->pid = pid;
  child->serial = ++mother->last_serial;
  child->channel = -1;
  child->status = -1;
  g_hash_table_insert (mother->children, &child->serial, child);
  return child;
}

static Child *
add_pool_child (Mother *mother)
{
  int pair[2];
  Child *child;

  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return NULL;
  child = add_child (mother, pair[1]);
  close (pair[1]);
  if (child != NULL)
    child->channel = pair[0];
  else
    close (pair[0]);
  return child;
}

/* One for each core; those that have died are made anew here. Returns the one with the least to do. */
static Child *
choose_pool_child (Mother *mother)
{
  GHashTableIter iterator;
  gpointer item;
  guint running = 0;
  Child *best = NULL;

  g_hash_table_iter_init (&iterator, mother->children);
  while (g_hash_table_iter_next (&iterator, NULL, &item)) {
    Child *child = item;

    if (child->status != -1)
      continue;
    running++;
    if (best == NULL || child->users < best->users)
      best = child;
  }
  while (running++ < g_get_num_processors ()) {
    Child *child = add_pool_child (mother);

    best = child != NULL && (best == NULL || best->users > 0) ? child : best;
  }
  return best;
}

static void
bury (Mother *mother, Child *child, int status)
{
  child->status = status;
  if (child->users == 0)
    g_hash_table_remove (mother->children, &child->serial);
}

static void
kill_child (Mother *mother, Child *child)
{
  int status;

  kill (child->pid, SIGKILL);
  while (waitpid (child->pid, &status, 0) < 0 && errno == EINTR)
    continue;
  bury (mother, child, status);
}

static gboolean
has_pid (gpointer key, gpointer value, gpointer data)
{
  const Child *child = value;

  return child->status == -1 && child->pid == *(const pid_t *)data;
}

static void
reap (Mother *mother, int signals)
{
  struct signalfd_siginfo info;
  int status;
  pid_t pid;

  if (read (signals, &info, sizeof info) < 0)
    return;
  while ((pid = waitpid (-1, &status, WNOHANG)) > 0) {
    Child *child = g_hash_table_find (mother->children, has_pid, &pid);

    if (child != NULL)
      bury (mother, child, status);
  }
}

/* ---- requests ---- */

static ApDecoderMotherReply
open_one (Mother *mother, int socket)
{
  static const guint8 byte = 0;
  Child *child;

  if (socket < 0) /* there was no number for it here; a child without one would have ours */
    return (ApDecoderMotherReply){ .pid = -EMFILE };
  child = mother->pool ? choose_pool_child (mother) : add_child (mother, socket);
  if (child == NULL)
    return (ApDecoderMotherReply){ .pid = -errno };
  if (mother->pool && !ap_decoder_descriptor_send (child->channel, &byte, sizeof byte, socket))
    return (ApDecoderMotherReply){ .pid = -errno };
  child->users++;
  return (ApDecoderMotherReply){ child->pid, -1, child->serial };
}

static ApDecoderMotherReply
end_one (Mother *mother, const ApDecoderMotherRequest *request)
{
  Child *child = g_hash_table_lookup (mother->children, &request->serial);
  ApDecoderMotherReply reply = { .status = -1 };

  if (child == NULL)
    return reply;
  if (child->status == -1 && (request->kill || !mother->pool))
    kill_child (mother, child);
  reply.status = child->status;
  if (--child->users == 0 && child->status != -1)
    g_hash_table_remove (mother->children, &child->serial);
  return reply;
}

/* Returns FALSE when the server has gone. */
static gboolean
serve_request (Mother *mother)
{
  ApDecoderMotherRequest request;
  ApDecoderMotherReply reply;
  int socket;

  if (!ap_decoder_descriptor_receive (AP_DECODER_MOTHER_FD, &request, sizeof request, &socket))
    return FALSE;
  reply = request.ask == AP_DECODER_MOTHER_OPEN ? open_one (mother, socket) : end_one (mother, &request);
  if (socket >= 0)
    close (socket);
  return ap_decoder_descriptor_send (AP_DECODER_MOTHER_FD, &reply, sizeof reply, -1);
}

static void
serve (Mother *mother, int signals)
{
  struct pollfd polls[] = { { AP_DECODER_MOTHER_FD, POLLIN, 0 }, { signals, POLLIN, 0 } };

  do {
    while (poll (polls, G_N_ELEMENTS (polls), -1) < 0 && errno == EINTR)
      continue;
    if (polls[1].revents != 0)
      reap (mother, signals);
  } while (polls[0].revents == 0 || serve_request (mother));
}

static void
kill_all (Mother *mother)
{
  g_autoptr (GList) children = g_hash_table_get_values (mother->children);

  for (GList *item = children; item != NULL; item = item->next) {
    Child *child = item->data;

    if (child->status == -1)
      kill_child (mother, child);
  }
}

/* ---- the start ---- */

static gboolean
ignore_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  return TRUE;
}

/* A frame of silence at 16 kHz, or a file of two pages: its first bytes, and how long it is; the others are 0. */
static const struct {
  ApContainer container;
  gsize length;
  guint8 bytes[78];
} silences[] = {
  { AP_CONTAINER_MP3, 36, { 0xff, 0xf3, 0x18, 0xc0 } },
  { AP_CONTAINER_ADTS, 11, { 0xff, 0xf1, 0x60, 0x40, 0x01, 0x7f, 0xfc, 0x00, 0x00, 0x00, 0x07 } },
  { AP_CONTAINER_OGG, 78, { 0x4f, 0x67, 0x67, 0x53, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x49, 0x2a, 0xf6, 0xa0,
                            0x01, 0x13, 0x4f, 0x70, 0x75, 0x73, 0x48, 0x65, 0x61, 0x64, 0x01, 0x01, 0x38,
                            0x01, 0x80, 0x3e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4f, 0x67, 0x67, 0x53, 0x00,
                            0x04, 0xc0, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                            0x01, 0x00, 0x00, 0x00, 0xcc, 0x45, 0x4e, 0xf7, 0x01, 0x03, 0xf8, 0xff, 0xfe } },
};

/* Decoders that make tables with the first frame make them here, once. */
static void
feed_silence (ApDecoder *decoder, ApContainer container)
{
  for (gsize i = 0; i < G_N_ELEMENTS (silences); i++) {
    guint8 frame[sizeof silences[i].bytes] = { 0 };

    memcpy (frame, silences[i].bytes, sizeof silences[i].bytes);
    for (guint n = 0; n < 16 && container == silences[i].container; n++)
      ap_decoder_feed (decoder, frame, silences[i].length, NULL);
  }
}

/* Loads the plugins, so that a child needs no file. What is not installed fails where it is asked for. */
static void
warm_up (void)
{
  for (guint container = AP_CONTAINER_MP3; container <= AP_CONTAINER_WEBM; container++) {
    ApDecoderSpec spec = { (ApContainer)container, 16000, 1 };
    g_autoptr (ApDecoder) decoder = ap_decoder_chain_new (&spec, ignore_pcm, NULL, NULL);

    if (decoder == NULL)
      continue;
    feed_silence (decoder, spec.container);
    ap_decoder_finish (decoder, NULL);
  }
}

static int
block_child_signal (void)
{
  sigset_t set;

  sigemptyset (&set);
  sigaddset (&set, SIGCHLD);
  sigprocmask (SIG_BLOCK, &set, NULL);
  return signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
ap_decoder_mother_main (int argc, char **argv)
{
  g_autoptr (GHashTable) children = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, child_free);
  Mother mother = { .pool = argc > 3 && g_str_equal (argv[3], "pool"), .pid = getpid (), .children = children };
  ApDecoderMotherReply ready = { getpid (), (gint32)ap_decoder_sandbox_get_landlock (), 0 };
  int signals;

  signal (SIGPIPE, SIG_IGN);
  if (!gst_init_check (NULL, NULL, NULL))
    return EXIT_FAILURE;
  warm_up ();
  signals = block_child_signal ();
  if (signals < 0)
    return EXIT_FAILURE;
  if (mother.pool)
    choose_pool_child (&mother);
  if (ap_decoder_descriptor_send (AP_DECODER_MOTHER_FD, &ready, sizeof ready, -1))
    serve (&mother, signals);
  kill_all (&mother);
  close (signals);
  return EXIT_SUCCESS;
}
