/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Recordings, paced. */
#include "load-recordings.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"
#include "load-wire.h"

#define PERIOD_NS  (G_GINT64_CONSTANT (1000000000) / RECORDING_CHUNKS_PER_SECOND)
#define WARM_UP_NS G_GINT64_CONSTANT (1000000000)
#define IN_BYTES   4096
#define ON_THE_WAY 256 /* chunks of one recording */

typedef struct {
  int fd;
  guint sent, answered;
  gint64 due[ON_THE_WAY]; /* ns, of chunk n at n % ON_THE_WAY */
  guint8 in[IN_BYTES];
  gsize in_len;
} Recorder;

struct _RecordingLoad {
  ServerProcess *server;
  Recorder *recorders;
  guint count;
  GBytes *file;
  guint pieces; /* of the file */
  int set;
  gint64 start;
  guint64 turn; /* of all recorders, one after the other */
  double kib_before;
  gboolean counting;
  guint64 chunks;
  Latency latency, behind;
};

/* ---- the server and its children ---- */

/* 0: there is none any more. */
static int
parent_of (const char *pid)
{
  g_autofree char *path = g_build_filename ("/proc", pid, "stat", NULL);
  g_autofree char *text = NULL;
  int parent = 0;

  if (g_file_get_contents (path, &text, NULL, NULL))
    sscanf (strrchr (text, ')'), ") %*c %d", &parent);
  return parent;
}

static gboolean
contains (GArray *pids, int pid)
{
  for (guint i = 0; i < pids->len; i++)
    if (g_array_index (pids, int, i) == pid)
      return TRUE;
  return FALSE;
}

/* The process numbers of the server and of all that come from it: /proc names parents before their children, but for a
 * wrap of numbers, which only a bench would be wrong about. */
static GArray *
family_of (ServerProcess *server)
{
  GArray *family = g_array_new (FALSE, FALSE, sizeof (int));
  g_autoptr (GDir) processes = g_dir_open ("/proc", 0, NULL);
  int self = server_process_pid (server);
  const char *name;

  g_array_append_val (family, self);
  while ((name = g_dir_read_name (processes)) != NULL) {
    int pid = (int)g_ascii_strtoll (name, NULL, 10);

    if (pid > 0 && contains (family, parent_of (name)))
      g_array_append_val (family, pid);
  }
  return family;
}

static gint64
cpu_ns_of (int pid)
{
  struct timespec time = { 0 };
  clockid_t clock;

  if (clock_getcpuclockid (pid, &clock) == 0)
    clock_gettime (clock, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

/* What is shared counts as a share. */
static double
kib_of (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/smaps_rollup", pid);
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents (path, &text, NULL, NULL) || (line = strstr (text, "\nPss:")) == NULL)
    return 0;
  return g_ascii_strtod (line + strlen ("\nPss:"), NULL);
}

static void
measure_family (ServerProcess *server, gint64 *cpu_ns, double *kib)
{
  g_autoptr (GArray) family = family_of (server);

  *cpu_ns = 0;
  *kib = 0;
  for (guint i = 0; i < family->len; i++) {
    *cpu_ns += cpu_ns_of (g_array_index (family, int, i));
    *kib += kib_of (g_array_index (family, int, i));
  }
}

/* ---- chunks ---- */

/* A piece of the file: they have the same length, but for a byte. */
static void
send_chunk (RecordingLoad *load, Recorder *recorder)
{
  gsize length, from, to;
  const guint8 *file = g_bytes_get_data (load->file, &length);
  guint piece = recorder->sent++ % load->pieces;
  guint8 head[8] = { 0x82, 0x80 | 126 };

  from = length * piece / load->pieces;
  to = length * (piece + 1) / load->pieces;
  g_assert (to - from >= 126 && to - from < 65536);
  head[2] = (guint8)((to - from) >> 8);
  head[3] = (guint8)(to - from);
  wire_send (recorder->fd, head, sizeof head);
  wire_send (recorder->fd, file + from, to - from);
}

static void
take_answer (RecordingLoad *load, Recorder *recorder, const char *text, gsize length, gint64 now)
{
  if (g_strstr_len (text, (gssize)length, "Chunk processed successfully") == NULL)
    g_error ("chunk %u is answered by %.*s", recorder->answered + 1, (int)length, text);
  if (load->counting) {
    latency_add (&load->latency, now - recorder->due[recorder->answered % ON_THE_WAY]);
    load->chunks++;
  }
  recorder->answered++;
}

/* Returns: the length of the text message at the start, with its head to @head; 0: it is not all there */
static gsize
message_length (const Recorder *recorder, gsize *head)
{
  const guint8 *in = recorder->in;
  gsize length;

  if (recorder->in_len < 4)
    return 0;
  if (in[0] != 0x81 || in[1] > 126)
    g_error ("this is no answer: %02x %02x", in[0], in[1]);
  *head = in[1] == 126 ? 4 : 2;
  length = *head + (in[1] == 126 ? ((gsize)in[2] << 8 | in[3]) : in[1]);
  return length <= recorder->in_len ? length : 0;
}

static void
receive_some (RecordingLoad *load, Recorder *recorder)
{
  gssize n = recv (recorder->fd, recorder->in + recorder->in_len, IN_BYTES - recorder->in_len, 0);

  if (n <= 0)
    g_error ("a recording ended: %s; the server says:\n%s", n < 0 ? g_strerror (errno) : "by the server",
             server_process_stderr (load->server));
  recorder->in_len += (gsize)n;
}

static void
drop_message (Recorder *recorder, gsize length)
{
  recorder->in_len -= length;
  memmove (recorder->in, recorder->in + length, recorder->in_len);
}

static void
receive_greeting (RecordingLoad *load, Recorder *recorder)
{
  gsize length, head;

  while ((length = message_length (recorder, &head)) == 0)
    receive_some (load, recorder);
  drop_message (recorder, length);
}

static void
receive (RecordingLoad *load, Recorder *recorder)
{
  gsize length, head;
  gint64 now;

  receive_some (load, recorder);
  now = wire_now_ns ();
  while ((length = message_length (recorder, &head)) > 0) {
    take_answer (load, recorder, (char *)recorder->in + head, length - head, now);
    drop_message (recorder, length);
  }
}

static void
receive_for (RecordingLoad *load, gint64 timeout_ns)
{
  struct epoll_event events[64];
  struct timespec timeout = { .tv_nsec = timeout_ns };
  int count = epoll_pwait2 (load->set, events, G_N_ELEMENTS (events), &timeout, NULL);

  for (int i = 0; i < count; i++)
    receive (load, events[i].data.ptr);
}

/* ---- set-up ---- */

RecordingLoad *
recording_load_open (ServerProcess *server, const char *query, GBytes *file, guint file_seconds, guint recordings)
{
  g_autofree char *path = g_strconcat ("/api/ws/audio?", query, NULL);
  RecordingLoad *load = g_new0 (RecordingLoad, 1);
  gint64 cpu;

  prctl (PR_SET_TIMERSLACK, 1000);
  load->server = server;
  load->count = recordings;
  load->recorders = g_new0 (Recorder, recordings);
  load->file = g_bytes_ref (file);
  load->pieces = file_seconds * RECORDING_CHUNKS_PER_SECOND;
  load->set = epoll_create1 (EPOLL_CLOEXEC);
  measure_family (server, &cpu, &load->kib_before);
  for (guint i = 0; i < recordings; i++)
    load->recorders[i].fd = wire_start (server_process_port (server), path);
  for (guint i = 0; i < recordings; i++) {
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = &load->recorders[i] };

    wire_finish (load->recorders[i].fd);
    receive_greeting (load, &load->recorders[i]);
    epoll_ctl (load->set, EPOLL_CTL_ADD, load->recorders[i].fd, &event);
  }
  return load;
}

void
recording_load_close (RecordingLoad *load)
{
  for (guint i = 0; i < load->count; i++)
    close (load->recorders[i].fd);
  close (load->set);
  g_bytes_unref (load->file);
  g_free (load->recorders);
  g_free (load);
}

/* ---- pace ---- */

static gint64
due_of_turn (const RecordingLoad *load)
{
  return load->start + (gint64)(load->turn * (guint64)PERIOD_NS / load->count);
}

static void
send_what_is_due (RecordingLoad *load)
{
  for (guint i = 0; i < 64; i++, load->turn++) {
    Recorder *recorder = &load->recorders[load->turn % load->count];
    gint64 due = due_of_turn (load), now = wire_now_ns ();

    if (due > now)
      return;
    if (recorder->sent - recorder->answered >= ON_THE_WAY)
      g_error ("%d chunks of a recording wait for their answer", ON_THE_WAY);
    recorder->due[recorder->sent % ON_THE_WAY] = due;
    if (load->counting)
      latency_add (&load->behind, now - due);
    send_chunk (load, recorder);
  }
}

static void
send_until (RecordingLoad *load, gint64 end)
{
  while (wire_now_ns () < end) {
    send_what_is_due (load);
    receive_for (load, CLAMP (due_of_turn (load) - wire_now_ns (), 0, PERIOD_NS));
  }
}

void
recording_load_send (RecordingLoad *load, double seconds, RecordingLoadResult *result)
{
  gint64 from = wire_now_ns (), cpu_before, cpu;
  double kib;

  load->start = from;
  load->turn = 0;
  load->chunks = 0;
  memset (&load->latency, 0, sizeof load->latency);
  memset (&load->behind, 0, sizeof load->behind);
  send_until (load, from + WARM_UP_NS);
  load->counting = TRUE;
  measure_family (load->server, &cpu_before, &kib);
  send_until (load, from + WARM_UP_NS + (gint64)(seconds * 1e9));
  measure_family (load->server, &cpu, &kib);
  load->counting = FALSE;
  *result = (RecordingLoadResult){
    .p50 = latency_percentile (&load->latency, 50) / 1e6,
    .p95 = latency_percentile (&load->latency, 95) / 1e6,
    .p99 = latency_percentile (&load->latency, 99) / 1e6,
    .sender_p99 = latency_percentile (&load->behind, 99) / 1e6,
    .cpu_per_chunk = (double)(cpu - cpu_before) / 1e3 / (double)MAX (load->chunks, 1),
    .kib = (kib - load->kib_before) / load->count,
  };
  result->times_realtime = 1e6 / RECORDING_CHUNKS_PER_SECOND / result->cpu_per_chunk;
}
