/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of Twilio, paced. */
#include "load-calls.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "latency.h"
#include "load-wire.h"

#define PERIOD_NS   (20 * G_GINT64_CONSTANT (1000000))
#define WARM_UP_NS  (G_GINT64_CONSTANT (1000000000))
#define FRAME_BYTES 160
#define VOICES      64                                   /* different frames */
#define HOME_NS     (3 * G_GINT64_CONSTANT (1000000000)) /* longer than anything waits at the server */
/* To fall asleep and wake up costs more than a frame. So that is done no more often than this; frames that are due
 * meanwhile wait, and what they wait is part of how late their echoes are. */
#define NAP_NS (200 * G_GINT64_CONSTANT (1000))
/* Of so many echoes of a call, the audio of one is looked at; of all the others, everything around it. */
#define LOOK_AT_ONE_OF 32

#define PAYLOAD_CHARS 216
#define ID_CHARS      34
#define ID_FORMAT     "MZ%032x"

/* The server's words around the audio, with the four bytes before a message of this length. */
#define ECHO_HEAD     "{\"event\":\"media\",\"streamSid\":\"" ID_FORMAT "\",\"media\":{\"payload\":\""
#define ECHO_TAIL     "\"}}"
#define ECHO_LENGTH   (ECHO_HEAD_LEN - WIRE_ECHO_HEAD + PAYLOAD_CHARS + sizeof ECHO_TAIL - 1)
#define ECHO_HEAD_LEN (WIRE_ECHO_HEAD + sizeof ECHO_HEAD - sizeof ID_FORMAT + ID_CHARS)
#define ECHO_WIRE_LEN (WIRE_ECHO_HEAD + ECHO_LENGTH)
#define IN_BYTES      (2 * ECHO_WIRE_LEN)

typedef struct {
  int fd;
  guint number;
  guint32 said, heard;
  guint32 ahead;   /* frames by which the server has made up for a stall of ours with silence */
  char *id;        /* the stream's */
  char *echo_head; /* of each message of the server */
  guint8 *in;      /* of a message; its beginning */
  gsize in_len;
} Caller;

struct _CallLoad {
  ServerProcess *server;
  guint calls;
  Caller *callers;
  gint64 wall; /* ns, of the clock on the wall, when the monotonic one began */
  char *voices[VOICES];
  gint64 start; /* when turn 0 was due */
  guint64 turn; /* of all calls, one after the other */
  gsize rss_before;
  guint threads_before;
  double set_up_us;

  /* Of the time that is measured. */
  gboolean counting;
  guint64 frames, late_reads;
  Latency lateness, behind;
  Latency all_behind; /* and of the time before */
};

/* ---- words ---- */

/* Returns: bytes of the head; a mask of zeros is one, and takes the server as long. */
static gsize
put_head (guint8 *out, gsize length)
{
  const guint8 head[8] = { 0x81, 0x80 | 126, (guint8)(length >> 8), (guint8)length };
  const guint8 short_head[6] = { 0x81, 0x80 | (guint8)length };

  memcpy (out, length > 125 ? head : short_head, length > 125 ? sizeof head : sizeof short_head);
  return length > 125 ? sizeof head : sizeof short_head;
}

static void
send_text (Caller *caller, const char *text)
{
  guint8 message[1024];
  gsize length = strlen (text), head = put_head (message, length);

  memcpy (message + head, text, length);
  wire_send (caller->fd, message, head + length);
}

static void
say_start (Caller *caller)
{
  g_autofree char *text = g_strdup_printf (
      "{\"event\":\"start\",\"sequenceNumber\":\"1\",\"start\":{\"accountSid\":\"AC%032x\",\"streamSid\":\"MZ%032x\","
      "\"callSid\":\"CA%032x\",\"tracks\":[\"inbound\"],\"mediaFormat\":{\"encoding\":\"audio/x-mulaw\","
      "\"sampleRate\":8000,\"channels\":1},\"customParameters\":{}},\"streamSid\":\"MZ%032x\"}",
      1u, caller->number, caller->number, caller->number);

  send_text (caller, "{\"event\":\"connected\",\"protocol\":\"Call\",\"version\":\"1.0.0\"}");
  send_text (caller, text);
}

static guint8 *
put (guint8 *at, const char *text, gsize length)
{
  memcpy (at, text, length);
  return at + length;
}

#define PUT(at, literal) put (at, literal, sizeof literal - 1)

static guint8 *
put_number (guint8 *at, guint32 number)
{
  char digits[10];
  gsize first = sizeof digits;

  do
    digits[--first] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  return put (at, digits + first, sizeof digits - first);
}

/* Frame @n, by hand: a format's words would cost more than all the rest of a turn. */
static gsize
write_frame (const CallLoad *load, const Caller *caller, guint32 n, guint8 *message)
{
  guint8 *at = PUT (message + WIRE_FRAME_HEAD, "{\"event\":\"media\",\"sequenceNumber\":\"");
  gsize length;

  at = PUT (put_number (at, n + 2), "\",\"media\":{\"track\":\"inbound\",\"chunk\":\"");
  at = PUT (put_number (at, n + 1), "\",\"timestamp\":\"");
  at = PUT (put_number (at, n * 20 + 155), "\",\"payload\":\"");
  at = put (at, load->voices[(caller->number * 7 + n) % VOICES], PAYLOAD_CHARS);
  at = PUT (put (PUT (at, "\"},\"streamSid\":\""), caller->id, ID_CHARS), "\"}");
  length = (gsize)(at - message) - WIRE_FRAME_HEAD;
  return put_head (message, length) + length;
}

/* Returns: whether the socket took it */
static gboolean
say_frame (CallLoad *load, Caller *caller)
{
  guint8 message[1024];
  gsize all = write_frame (load, caller, caller->said, message);
  gssize sent = send (caller->fd, message, all, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (sent < 0 && errno != EAGAIN)
    g_error ("call %u: %s", caller->number, g_strerror (errno));
  caller->said++;
  return sent == (gssize)all;
}

/* ---- set-up ---- */

static void
ask_for_start (Caller *caller)
{
  const guint8 ping[] = { 0x89, 0x80, 0, 0, 0, 0 };

  wire_send (caller->fd, ping, sizeof ping);
}

/* The server has done all that was asked before when it answers a ping. */
static void
wait_for_start (Caller *caller)
{
  guint8 pong[2];

  wire_receive (caller->fd, pong, sizeof pong);
  if (pong[0] != 0x8a)
    g_error ("call %u: the server does not answer a ping", caller->number);
}

static void
caller_init (Caller *caller, guint number, guint16 port)
{
  caller->number = number;
  caller->fd = wire_start (port, "/ws");
  /* When an echo came is what the kernel says: nobody has to wait for it. */
  if (setsockopt (caller->fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){ 1 }, sizeof (int)) != 0)
    g_error ("this system does not tell when bytes came: %s", g_strerror (errno));
  caller->id = g_strdup_printf (ID_FORMAT, number);
  caller->echo_head =
      g_strdup_printf ("\x81\x7e%c%c" ECHO_HEAD, (int)(ECHO_LENGTH >> 8), (int)(ECHO_LENGTH & 0xff), number);
  caller->in = g_malloc (ECHO_WIRE_LEN);
}

static void
caller_clear (Caller *caller)
{
  close (caller->fd);
  g_free (caller->id);
  g_free (caller->echo_head);
  g_free (caller->in);
}

/* What the server keeps from its first call on is not the others' cost. */
static void
warm_up (CallLoad *load)
{
  Caller first = { 0 };

  caller_init (&first, 0, server_process_port (load->server));
  wire_finish (first.fd);
  say_start (&first);
  for (guint i = 0; i < 5; i++)
    say_frame (load, &first);
  wire_receive (first.fd, first.in, ECHO_WIRE_LEN);
  caller_clear (&first);
}

/* Noise of voice's level. */
static void
make_voices (CallLoad *load)
{
  for (guint i = 0; i < VOICES; i++) {
    guint8 frame[FRAME_BYTES];

    for (guint k = 0; k < FRAME_BYTES; k++)
      frame[k] = (guint8)((g_random_int () & 0x80) | g_random_int_range (0x20, 0x70));
    load->voices[i] = g_base64_encode (frame, sizeof frame);
  }
}

CallLoad *
call_load_open (ServerProcess *server, guint calls)
{
  CallLoad *load = g_new0 (CallLoad, 1);
  gint64 start;

  prctl (PR_SET_TIMERSLACK, 1000);
  load->server = server;
  load->calls = calls;
  load->callers = g_new0 (Caller, calls);
  make_voices (load);
  warm_up (load);
  load->rss_before = server_process_rss (server);
  load->threads_before = server_process_threads (server);
  start = wire_now_ns ();
  for (guint i = 0; i < calls; i++)
    caller_init (&load->callers[i], i, server_process_port (server));
  for (guint i = 0; i < calls; i++) {
    wire_finish (load->callers[i].fd);
    say_start (&load->callers[i]);
    ask_for_start (&load->callers[i]);
  }
  for (guint i = 0; i < calls; i++)
    wait_for_start (&load->callers[i]);
  load->set_up_us = (double)(wire_now_ns () - start) / 1e3 / calls;
  return load;
}

void
call_load_close (CallLoad *load)
{
  for (guint i = 0; i < load->calls; i++)
    caller_clear (&load->callers[i]);
  for (guint i = 0; i < VOICES; i++)
    g_free (load->voices[i]);
  g_free (load->callers);
  g_free (load);
}

/* ---- echoes ---- */

static gint64
due_of_turn (const CallLoad *load, guint64 turn)
{
  return load->start + (gint64)((double)turn * PERIOD_NS / load->calls);
}

/* Everything around the audio; and of some, that it is as much as went in, and not silent. */
static gboolean
is_echo (const Caller *caller, const guint8 *echo)
{
  const char *payload = (const char *)echo + ECHO_HEAD_LEN;
  char audio[PAYLOAD_CHARS + 1] = "";
  gsize length;

  if (memcmp (echo, caller->echo_head, ECHO_HEAD_LEN) != 0 ||
      memcmp (payload + PAYLOAD_CHARS, ECHO_TAIL, sizeof ECHO_TAIL - 1) != 0)
    return FALSE;
  if ((caller->heard + caller->number) % LOOK_AT_ONE_OF != 0)
    return TRUE;
  memcpy (audio, payload, PAYLOAD_CHARS);
  g_base64_decode_inplace (audio, &length);
  return length == FRAME_BYTES && memcmp (audio, audio + 1, FRAME_BYTES - 1) != 0;
}

/* Echo n is complete with frame n + 1, because the filters hold back a part of each; unless silence has been put in. */
static void
take_echo (CallLoad *load, Caller *caller, const guint8 *echo, gint64 now)
{
  guint64 frame;

  if (!is_echo (caller, echo))
    g_error ("call %u: this is no echo: %.*s", caller->number, (int)ECHO_LENGTH, echo + WIRE_ECHO_HEAD);
  if (caller->heard + 1 >= caller->said + caller->ahead)
    caller->ahead++;
  frame = caller->heard++ + 1 - caller->ahead;
  if (!load->counting)
    return;
  load->frames++;
  latency_add (&load->lateness, now - due_of_turn (load, frame * load->calls + caller->number));
}

/* When the last of the bytes came, in monotonic time. */
static gint64
came_at (const CallLoad *load, struct msghdr *message)
{
  struct cmsghdr *note = CMSG_FIRSTHDR (message);
  struct timespec time;

  if (note == NULL || note->cmsg_type != SCM_TIMESTAMPNS)
    return wire_now_ns ();
  memcpy (&time, CMSG_DATA (note), sizeof time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec - load->wall;
}

/* Takes what has come. A read that is filled may have left something. All callers read into the same memory, which so
 * stays in the processor's cache. */
static void
hear (CallLoad *load, Caller *caller)
{
  guint8 in[IN_BYTES];
  char notes[128];
  gsize at, wanted;
  gssize n;

  do {
    struct iovec piece = { in + caller->in_len, wanted = sizeof in - caller->in_len };
    struct msghdr message = {
      .msg_iov = &piece, .msg_iovlen = 1, .msg_control = notes, .msg_controllen = sizeof notes
    };
    gint64 now;

    n = recvmsg (caller->fd, &message, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
      return;
    if (n <= 0)
      g_error ("call %u ended: %s", caller->number, n < 0 ? g_strerror (errno) : "by the server");
    now = came_at (load, &message);
    memcpy (in, caller->in, caller->in_len);
    caller->in_len += (gsize)n;
    for (at = 0; caller->in_len - at >= ECHO_WIRE_LEN; at += ECHO_WIRE_LEN)
      take_echo (load, caller, in + at, now);
    caller->in_len -= at;
    memcpy (caller->in, in + at, caller->in_len);
  } while ((gsize)n == wanted);
}

/* ---- pace ---- */

static void
say_what_is_due (CallLoad *load)
{
  gint64 now = wire_now_ns ();

  /* Not all at once, when it is much: echoes come meanwhile. */
  for (guint i = 0; i < 256 && load->late_reads == 0; i++, load->turn++) {
    Caller *caller = &load->callers[load->turn % load->calls];
    gint64 due = due_of_turn (load, load->turn);

    if (due > now)
      break;

    hear (load, caller);
    latency_add (&load->all_behind, now - due);
    if (load->counting)
      latency_add (&load->behind, wire_now_ns () - due);
    if (!say_frame (load, caller))
      load->late_reads++;
  }
}

static void
sleep_until (gint64 at)
{
  struct timespec time = { at / 1000000000, at % 1000000000 };

  while (clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR)
    continue;
}

static void
talk_until (CallLoad *load, gint64 end)
{
  gint64 at = 0;

  while (wire_now_ns () < end && load->late_reads == 0) {
    say_what_is_due (load);
    at = MAX (due_of_turn (load, load->turn), at + NAP_NS);
    sleep_until (at);
  }
}

/* After a stall the server drops what would be late for good, and who counts echoes cannot tell which. So nobody speaks
 * until all that comes has come, and the count begins anew. */
static void
let_all_come_home (CallLoad *load)
{
  sleep_until (wire_now_ns () + HOME_NS);
  for (guint i = 0; i < load->calls; i++) {
    Caller *caller = &load->callers[i];

    hear (load, caller);
    caller->heard = caller->said;
    caller->ahead = 1;
  }
  load->start = wire_now_ns () - (gint64)((double)load->turn * PERIOD_NS / load->calls);
}

static gint64
thread_cpu_ns (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * G_GINT64_CONSTANT (1000000000) + time.tv_nsec;
}

void
call_load_talk (CallLoad *load, double seconds, CallLoadResult *result)
{
  gint64 seconds_ns = (gint64)(seconds * 1e9);
  struct timespec wall;
  gint64 from, cpu, own_cpu;

  if (load->start != 0)
    let_all_come_home (load);
  from = wire_now_ns ();
  if (load->start == 0)
    load->start = from;
  clock_gettime (CLOCK_REALTIME, &wall);
  load->wall = wall.tv_sec * G_GINT64_CONSTANT (1000000000) + wall.tv_nsec - wire_now_ns ();
  load->frames = 0;
  memset (&load->lateness, 0, sizeof load->lateness);
  memset (&load->behind, 0, sizeof load->behind);
  memset (&load->all_behind, 0, sizeof load->all_behind);
  talk_until (load, from + WARM_UP_NS);
  load->counting = TRUE;
  cpu = server_process_cpu_ns (load->server);
  own_cpu = thread_cpu_ns ();
  talk_until (load, from + WARM_UP_NS + seconds_ns);
  own_cpu = thread_cpu_ns () - own_cpu;
  cpu = server_process_cpu_ns (load->server) - cpu;
  load->counting = FALSE;
  *result = (CallLoadResult){
    .p50 = latency_percentile (&load->lateness, 50) / 1e6,
    .p99 = latency_percentile (&load->lateness, 99) / 1e6,
    .p999 = latency_percentile (&load->lateness, 99.9) / 1e6,
    .max = latency_percentile (&load->lateness, 100) / 1e6,
    .late_reads = (double)load->late_reads,
    .sender_p99 = latency_percentile (&load->behind, 99) / 1e6,
    .sender_max = latency_percentile (&load->all_behind, 100) / 1e6,
    .cpu_per_frame = (double)cpu / 1e3 / (double)MAX (load->frames, 1),
    .cpu_percent = (double)cpu / (double)seconds_ns * 100,
    .own_cpu_per_frame = (double)own_cpu / 1e3 / (double)MAX (load->frames, 1),
    .kib = ((double)server_process_rss (load->server) - (double)load->rss_before) / 1024 / load->calls,
    .threads = (double)server_process_threads (load->server) - load->threads_before,
    .set_up_us = load->set_up_us,
  };
}
