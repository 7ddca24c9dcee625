/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A decoder in another process, whose part this test plays: well, and as one that has been taken over. Whatever it
 * says, the call returns, samples come in whole frames, and no descriptor is left. */
#include "endpoints/recording/decoder/ap-decoder-process.h"

#include "base/ap-error.h"
#include "endpoints/recording/decoder/ap-decoder-descriptor.h"
#include "endpoints/recording/decoder/ap-decoder-wire.h"
#include "test-wait.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHANNELS 2
#define FRAME    (CHANNELS * sizeof (gint16))
#define LARGE    (3 * 1024 * 1024)

/* ---- the process's part, on a thread ---- */

typedef void (*Part) (int socket);

/* FALSE: the server has closed it. */
static gboolean
read_exactly (int socket, void *data, gsize length)
{
  gsize there = 0;

  while (there < length) {
    ssize_t got = recv (socket, (guint8 *)data + there, length - there, MSG_WAITALL);

    if (got <= 0)
      return FALSE;
    there += (gsize)got;
  }
  return TRUE;
}

static gboolean
say (int socket, const void *data, gsize length)
{
  const guint8 *bytes = data;

  while (length > 0) {
    ssize_t sent = send (socket, bytes, length, MSG_NOSIGNAL);

    if (sent <= 0)
      return FALSE;
    bytes += sent;
    length -= (gsize)sent;
  }
  return TRUE;
}

static gboolean
say_header (int socket, guint32 type, guint32 length)
{
  ApDecoderWireHeader header = { type, length };

  return say (socket, &header, sizeof header);
}

static gboolean
hear (int socket, ApDecoderWireHeader *header, guint8 *data)
{
  return read_exactly (socket, header, sizeof *header) && read_exactly (socket, data, header->length);
}

static gboolean
answer_open (int socket)
{
  ApDecoderWireHeader header;
  ApDecoderWireSpec spec;

  return read_exactly (socket, &header, sizeof header) && header.type == AP_DECODER_WIRE_OPEN &&
         read_exactly (socket, &spec, sizeof spec) && spec.container == AP_CONTAINER_MP3 && spec.channels == CHANNELS &&
         say_header (socket, AP_DECODER_WIRE_DONE, 0);
}

static void
until_closed (int socket)
{
  guint8 byte;

  while (recv (socket, &byte, 1, 0) > 0)
    continue;
}

/* Open, and fed a first time. */
static gboolean
hear_first (int socket)
{
  ApDecoderWireHeader header;
  g_autofree guint8 *data = g_malloc (AP_DECODER_WIRE_MAX);

  return answer_open (socket) && hear (socket, &header, data);
}

/* Says each feed back four times before it reads on. */
static void
be_good (int socket)
{
  g_autofree guint8 *data = g_malloc (AP_DECODER_WIRE_MAX);
  ApDecoderWireHeader header;

  if (!answer_open (socket))
    return;
  while (hear (socket, &header, data)) {
    for (guint i = 0; i < 4 && header.length > 0; i++)
      if (!say_header (socket, AP_DECODER_WIRE_PCM, header.length) || !say (socket, data, header.length))
        return;
    say_header (socket, AP_DECODER_WIRE_DONE, 0);
  }
}

static void
leave_at_once (int socket)
{
}

static void
leave_in_feed (int socket)
{
  guint8 some[1024];

  if (answer_open (socket))
    read_exactly (socket, some, sizeof some);
}

static void
say_nothing (int socket)
{
  until_closed (socket);
}

static void
say_half (int socket)
{
  guint8 half[12] = { AP_DECODER_WIRE_PCM, 0, 0, 0, 16 };

  if (hear_first (socket) && say (socket, half, sizeof half))
    until_closed (socket);
}

static void
say_half_and_leave (int socket)
{
  guint8 half[12] = { AP_DECODER_WIRE_PCM, 0, 0, 0, 16 };
  if (hear_first (socket))
    say (socket, half, sizeof half);
}

static void
say_odd_length (int socket)
{
  if (hear_first (socket) && say_header (socket, AP_DECODER_WIRE_PCM, FRAME + 1))
    until_closed (socket);
}

static void
say_huge_length (int socket)
{
  if (hear_first (socket) && say_header (socket, AP_DECODER_WIRE_PCM, 0xfffffffc))
    until_closed (socket);
}

static void
say_wrong_type (int socket)
{
  if (hear_first (socket) && say_header (socket, AP_DECODER_WIRE_FEED, 0))
    until_closed (socket);
}

static void
speak_unasked (int socket)
{
  static const guint32 words[] = { AP_DECODER_WIRE_DONE, 0, AP_DECODER_WIRE_PCM, FRAME, 0x12345678 };
  if (hear_first (socket) && say (socket, words, sizeof words))
    until_closed (socket);
}

static void
never_end (int socket)
{
  guint8 samples[4096] = { 0 };

  if (!hear_first (socket))
    return;
  while (say_header (socket, AP_DECODER_WIRE_PCM, sizeof samples) && say (socket, samples, sizeof samples))
    continue;
}

/* A frame now and then, so that it is never silent for long. */
static void
trickle (int socket)
{
  static const guint32 words[] = { AP_DECODER_WIRE_PCM, FRAME, 0 };
  struct pollfd closed = { socket, POLLRDHUP, 0 };

  if (!hear_first (socket))
    return;
  while (say (socket, words, sizeof words) && poll (&closed, 1, 5) == 0)
    continue;
}

/* Time of this very process. */
static void
compute_for_ever (int socket)
{
  struct pollfd closed = { socket, POLLRDHUP, 0 };

  if (!hear_first (socket))
    return;
  while (poll (&closed, 1, 0) == 0)
    continue;
}

/* A quarter of what one answer may take, before each. */
static void
compute_for_others (int socket)
{
  g_autofree guint8 *data = g_malloc (AP_DECODER_WIRE_MAX);
  ApDecoderWireHeader header;
  struct timespec time = { 0, 0 };

  if (!answer_open (socket))
    return;
  for (glong until_ms = 100; hear (socket, &header, data); until_ms += 100) {
    while (time.tv_sec * 1000 + time.tv_nsec / 1000000 < until_ms)
      clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
    say_header (socket, AP_DECODER_WIRE_DONE, 0);
  }
}

/* And leaves. */
static void
send_descriptors (int socket)
{
  static const guint32 words[] = { AP_DECODER_WIRE_PCM, FRAME, 0, AP_DECODER_WIRE_DONE, 0 };
  if (hear_first (socket))
    ap_decoder_descriptor_send (socket, words, sizeof words, STDIN_FILENO);
}

static void
fail (int socket)
{
  static const char words[] = "\6\0\0\0\7\0\0\0\0\0\0\0a\nb";
  /* And leaves, with most of the feed unread. */
  if (hear_first (socket))
    say (socket, words, sizeof words - 1);
}

static void
refuse_to_open (int socket)
{
  static const char words[] = "\6\0\0\0\6\0\0\0\1\0\0\0no";

  say (socket, words, sizeof words - 1);
  until_closed (socket);
}

/* ---- the server's part ---- */

typedef struct {
  Part part;
  int socket;
  GThread *thread;
  guint ends;
  gboolean killed;
  gsize samples; /* bytes */
  guint64 sum;   /* of them */
  gsize most;    /* the call back stops it over so many */
  GError *error; /* of the call that failed */
  gboolean opened;
  gboolean shared; /* its process */
} Play;

static gpointer
play_part (gpointer data)
{
  Play *play = data;

  play->part (play->socket);
  close (play->socket);
  return NULL;
}

static int
on_end (gpointer keeper, gboolean kill)
{
  Play *play = keeper;

  play->ends++;
  play->killed = kill;
  return -1;
}

static gboolean
on_pcm (gpointer owner, const guint8 *data, gsize length, GError **error)
{
  Play *play = owner;

  g_assert_cmpuint (length % FRAME, ==, 0);
  g_assert_cmpuint (length, >, 0);
  play->samples += length;
  for (gsize i = 0; i < length; i++)
    play->sum += data[i];
  if (play->samples <= play->most)
    return TRUE;
  g_set_error_literal (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_QUOTA, "enough");
  return FALSE;
}

static guint
count_descriptors (void)
{
  g_autoptr (GDir) folder = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (folder) != NULL)
    n++;
  return n;
}

/* Opens, feeds @length bytes, finishes, frees. */
static void
run (Play *play, gint64 wall_us, gint64 cpu_us, gsize length)
{
  static const ApDecoderSpec spec = { AP_CONTAINER_MP3, 8000, CHANNELS };
  g_autofree guint8 *data = g_malloc (length);
  int pair[2];
  ApDecoder *decoder;
  ApDecoderPeer peer;

  for (gsize i = 0; i < length; i++)
    data[i] = (guint8)(i % 251);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  play->socket = pair[1];
  play->thread = g_thread_new ("part", play_part, play);
  peer = (ApDecoderPeer){ pair[0], cpu_us > 0 ? getpid () : 0, play->shared, cpu_us, wall_us, play, on_end };
  decoder = ap_decoder_process_new (&peer, &spec, on_pcm, play, &play->error);
  play->opened = decoder != NULL;
  if (decoder != NULL && ap_decoder_feed (decoder, data, length, &play->error))
    ap_decoder_finish (decoder, &play->error);
  ap_decoder_free (decoder);
  g_thread_join (play->thread);
  g_assert_cmpuint (play->ends, ==, 1);
}

typedef struct {
  const char *name;
  Part part;
  gint64 wall_ms; /* 0: long */
  gsize most;     /* 0: no end */
  gsize samples;  /* bytes that come all the same; G_MAXSIZE: does not matter */
  int code;       /* of AP_RECORDING_ERROR */
  gboolean killed;
} Case;

static const Case cases[] = {
  { "leave-at-once", leave_at_once, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "leave-in-feed", leave_in_feed, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "say-nothing", say_nothing, 50, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "say-half", say_half, 50, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "say-half-and-leave", say_half_and_leave, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "odd-length", say_odd_length, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "huge-length", say_huge_length, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "wrong-type", say_wrong_type, 0, 0, 0, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "never-end", never_end, 200, 0, G_MAXSIZE, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "trickle", trickle, 100, 0, G_MAXSIZE, AP_RECORDING_ERROR_DECODER_DIED, TRUE },
  { "stopped", never_end, 0, 100000, G_MAXSIZE, AP_RECORDING_ERROR_QUOTA, FALSE },
  { "fail", fail, 0, 0, 0, AP_RECORDING_ERROR_UNDECODABLE, FALSE },
};

static void
test_case (gconstpointer data)
{
  const Case *item = data;
  Play play = { .part = item->part, .most = item->most > 0 ? item->most : G_MAXSIZE };
  guint descriptors = count_descriptors ();

  run (&play, item->wall_ms > 0 ? item->wall_ms * 1000 : 60 * G_USEC_PER_SEC, 0, LARGE);
  g_assert_error (play.error, AP_RECORDING_ERROR, item->code);
  g_test_message ("%s", play.error->message);
  g_assert_cmpint (play.killed, ==, item->killed);
  if (item->samples != G_MAXSIZE)
    g_assert_cmpuint (play.samples, ==, item->samples);
  if (item->most > 0)
    g_assert_cmpuint (play.samples, <=, item->most + AP_DECODER_WIRE_MAX);
  g_clear_error (&play.error);
  g_assert_cmpuint (count_descriptors (), ==, descriptors);
}

/* More than the sockets hold goes both ways at once. */
static void
test_good (void)
{
  Play play = { .part = be_good, .most = G_MAXSIZE };
  guint64 sum = 0;

  run (&play, 60 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, LARGE);
  g_assert_no_error (play.error);
  for (gsize i = 0; i < LARGE; i++)
    sum += i % 251;
  g_assert_cmpuint (play.samples, ==, 4 * LARGE);
  g_assert_cmpuint (play.sum, ==, 4 * sum);
  g_assert_false (play.killed);
}

static void
test_small (void)
{
  Play play = { .part = be_good, .most = G_MAXSIZE };

  run (&play, 60 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, FRAME);
  g_assert_no_error (play.error);
  g_assert_cmpuint (play.samples, ==, 4 * FRAME);
}

static void
test_empty (void)
{
  Play play = { .part = be_good, .most = G_MAXSIZE };

  run (&play, 60 * G_USEC_PER_SEC, 60 * G_USEC_PER_SEC, 0);
  g_assert_no_error (play.error);
  g_assert_cmpuint (play.samples, ==, 0);
}

static void
test_unasked (void)
{
  Play play = { .part = speak_unasked, .most = G_MAXSIZE };

  run (&play, 60 * G_USEC_PER_SEC, 0, FRAME);
  g_assert_error (play.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  g_assert_true (play.killed);
  g_assert_cmpuint (play.samples, ==, 0);
  g_clear_error (&play.error);
}

static void
test_computing (void)
{
  Play play = { .part = compute_for_ever, .most = G_MAXSIZE };

  run (&play, 60 * G_USEC_PER_SEC, 100 * 1000, FRAME);
  g_assert_error (play.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED);
  g_assert_nonnull (strstr (play.error->message, "too long to compute"));
  g_assert_true (play.killed);
  g_clear_error (&play.error);
}

/* What other decoders of its process take is not held against one. */
static void
test_sharing (gconstpointer shared)
{
  Play play = { .part = compute_for_others, .most = G_MAXSIZE, .shared = GPOINTER_TO_INT (shared) };

  run (&play, 60 * G_USEC_PER_SEC, 400 * 1000, 10 * AP_DECODER_WIRE_MAX);
  g_assert_cmpint (play.error == NULL, ==, play.shared);
  g_assert_cmpint (play.killed, ==, !play.shared);
  g_clear_error (&play.error);
}

static void
test_descriptors (void)
{
  Play play = { .part = send_descriptors, .most = G_MAXSIZE };
  guint descriptors = count_descriptors ();

  run (&play, 60 * G_USEC_PER_SEC, 0, FRAME);
  g_assert_error (play.error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_DECODER_DIED); /* in finish */
  g_assert_cmpuint (play.samples, ==, FRAME);
  g_clear_error (&play.error);
  g_assert_cmpuint (count_descriptors (), ==, descriptors);
}

static void
test_refused (void)
{
  Play play = { .part = refuse_to_open, .most = G_MAXSIZE };

  run (&play, 60 * G_USEC_PER_SEC, 0, FRAME);
  g_assert_error (play.error, AP_ERROR, AP_ERROR_CONFIG);
  g_assert_cmpstr (play.error->message, ==, "no");
  g_assert_false (play.opened);
  g_clear_error (&play.error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/decoder-process/good", test_good);
  g_test_add_func ("/decoder-process/small", test_small);
  g_test_add_func ("/decoder-process/empty", test_empty);
  g_test_add_func ("/decoder-process/unasked", test_unasked);
  g_test_add_func ("/decoder-process/computing", test_computing);
  g_test_add_data_func ("/decoder-process/alone", GINT_TO_POINTER (FALSE), test_sharing);
  g_test_add_data_func ("/decoder-process/sharing", GINT_TO_POINTER (TRUE), test_sharing);
  g_test_add_func ("/decoder-process/descriptors", test_descriptors);
  g_test_add_func ("/decoder-process/refused", test_refused);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *path = g_strdup_printf ("/decoder-process/%s", cases[i].name);

    g_test_add_data_func (path, &cases[i], test_case);
  }
  return g_test_run ();
}
