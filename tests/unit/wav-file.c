/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The WAV file: its header, what is committed and what is not, checkpoints, and full disks. */
#include "endpoints/recording/files/ap-wav-file.h"

#include "endpoints/recording/ap-recording-types.h"
#include "scratch.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define ID  "0a1b2c3d-4e5f-4071-8293-a4b5c6d7e8f9"
#define WAV ID ".wav"
#define GIB (G_GUINT64_CONSTANT (1) << 30)
#define MIB (1024 * 1024)

static void
write_samples (ApWavFile *file, char letter, gsize length)
{
  g_autofree char *samples = g_strnfill (length, letter);
  g_autoptr (GError) error = NULL;

  ap_wav_file_write (file, (const guint8 *)samples, length, &error);
  g_assert_no_error (error);
}

static ApWavFile *
create (Scratch *scratch)
{
  g_autoptr (GError) error = NULL;
  ApWavFile *file = ap_wav_file_create (scratch->fd, ID, 16000, 2, &error);

  g_assert_no_error (error);
  return file;
}

static ApWavFile *
reopen (Scratch *scratch, guint64 frames)
{
  g_autoptr (GError) error = NULL;
  ApWavFile *file = ap_wav_file_open (scratch->fd, ID, 16000, 2, frames, &error);

  g_assert_no_error (error);
  return file;
}

static void
checkpoint (ApWavFile *file)
{
  g_autoptr (GError) error = NULL;

  ap_wav_file_checkpoint (file, &error);
  g_assert_no_error (error);
}

static void
finish (ApWavFile *file)
{
  g_autoptr (GError) error = NULL;

  ap_wav_file_finish (file, &error);
  g_assert_no_error (error);
}

static guint64
told_bytes (Scratch *scratch)
{
  guint8 header[AP_WAV_HEADER_LENGTH];
  guint64 bytes;
  guint rate, channels;
  int fd = openat (scratch->fd, WAV, O_RDONLY | O_CLOEXEC);

  g_assert_cmpint (read (fd, header, sizeof header), ==, sizeof header);
  close (fd);
  g_assert_true (ap_wav_header_read (header, sizeof header, &rate, &channels, &bytes));
  g_assert_cmpuint (rate, ==, 16000);
  g_assert_cmpuint (channels, ==, 2);
  return bytes;
}

static gint64
file_length (Scratch *scratch)
{
  struct stat status;

  g_assert_cmpint (fstatat (scratch->fd, WAV, &status, AT_SYMLINK_NOFOLLOW), ==, 0);
  return status.st_size;
}

static void
assert_samples (Scratch *scratch, const char *expected)
{
  g_autoptr (GByteArray) bytes = scratch_get (scratch, WAV);

  g_assert_cmpmem (bytes->data + AP_WAV_HEADER_LENGTH, bytes->len - AP_WAV_HEADER_LENGTH, expected, strlen (expected));
}

/* ---- The header ---------------------------------------------------------------------------------------------------
 */

static void
test_header_riff (void)
{
  static const guint8 expected[] = "RIFF\x4c\x03\x02\x01WAVEJUNK\x1c\0\0\0"
                                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                   "fmt \x10\0\0\0\1\0\2\0\x44\xac\0\0\x10\xb1\2\0\4\0\x10\0data\4\3\2\1";
  guint8 header[AP_WAV_HEADER_LENGTH];

  ap_wav_header_write (header, 44100, 2, 0x01020304);
  g_assert_cmpmem (header, sizeof header, expected, sizeof expected - 1);
}

static void
test_header_rf64 (void)
{
  static const guint8 expected[] = "RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0"
                                   "\x4c\0\0\0\2\0\0\0\4\0\0\0\2\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0"
                                   "fmt \x10\0\0\0\1\0\1\0\x80\x3e\0\0\0\x7d\0\0\2\0\x10\0data\xff\xff\xff\xff";
  guint8 header[AP_WAV_HEADER_LENGTH];

  ap_wav_header_write (header, 16000, 1, 8 * GIB + 4);
  g_assert_cmpmem (header, sizeof header, expected, sizeof expected - 1);
}

/* On both sides of where 32 bits end, what was written is read. */
static void
test_header_read (void)
{
  const guint64 sizes[] = { 0, 2, 4 * GIB - 74, 4 * GIB - 72, 4 * GIB - 2, 4 * GIB, 4 * GIB + 2, 100 * GIB };
  guint8 header[AP_WAV_HEADER_LENGTH];

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    guint rate, channels;
    guint64 bytes;

    ap_wav_header_write (header, 8000, 1, sizes[i]);
    g_assert_cmpint (memcmp (header, "RF64", 4) == 0, ==, (sizes[i] > 4 * GIB - 74));
    g_assert_true (ap_wav_header_read (header, sizeof header, &rate, &channels, &bytes));
    g_assert_cmpuint (rate, ==, 8000);
    g_assert_cmpuint (channels, ==, 1);
    g_assert_cmpuint (bytes, ==, sizes[i]);
    g_assert_false (ap_wav_header_read (header, sizeof header - 1, &rate, &channels, &bytes));
  }
}

/* A bit that is wrong makes another value of a field, or no header. */
static void
test_header_flipped_bits (void)
{
  guint8 header[AP_WAV_HEADER_LENGTH];
  guint rate, channels;
  guint64 bytes;

  ap_wav_header_write (header, 8000, 1, 1000);
  for (guint bit = 0; bit < sizeof header * 8; bit++) {
    header[bit / 8] ^= (guint8)(1 << bit % 8);
    g_assert_false (ap_wav_header_read (header, sizeof header, &rate, &channels, &bytes));
    header[bit / 8] ^= (guint8)(1 << bit % 8);
  }
}

/* ---- Life ---------------------------------------------------------------------------------------------------------
 */

static void
test_commit (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);

  g_assert_cmpint (file_length (scratch), ==, AP_WAV_HEADER_LENGTH);
  write_samples (file, 'a', 8);
  g_assert_cmpuint (ap_wav_file_get_frames (file), ==, 0);
  ap_wav_file_commit (file);
  g_assert_cmpuint (ap_wav_file_get_frames (file), ==, 2);
  write_samples (file, 'b', 12);
  ap_wav_file_roll_back (file);
  write_samples (file, 'c', 4);
  ap_wav_file_commit (file);
  write_samples (file, 'd', 16);
  g_assert_cmpuint (ap_wav_file_get_frames (file), ==, 3);
  g_assert_false (ap_wav_file_write (file, (const guint8 *)"123", 3, NULL)); /* no frame */
  finish (file);
  assert_samples (scratch, "aaaaaaaacccc");
  g_assert_cmpuint (told_bytes (scratch), ==, 12);
}

static void
test_checkpoint (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);

  g_assert_cmpuint (told_bytes (scratch), ==, 0);
  write_samples (file, 'a', 400);
  ap_wav_file_commit (file);
  write_samples (file, 'b', 400);
  g_assert_cmpuint (told_bytes (scratch), ==, 0);
  checkpoint (file);
  g_assert_cmpuint (told_bytes (scratch), ==, 400);
  ap_wav_file_commit (file);
  checkpoint (file);
  checkpoint (file);
  g_assert_cmpuint (told_bytes (scratch), ==, 800);
  g_assert_cmpint (file_length (scratch), ==, AP_WAV_HEADER_LENGTH + 800);
}

/* Much that is rolled back is given back at once. */
static void
test_roll_back_much (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);

  write_samples (file, 'a', 4);
  ap_wav_file_commit (file);
  write_samples (file, 'b', 20 << 20);
  g_assert_cmpint (file_length (scratch), >, 20 << 20);
  ap_wav_file_roll_back (file);
  g_assert_cmpint (file_length (scratch), <, 2 << 20);
  write_samples (file, 'c', 4);
  ap_wav_file_commit (file);
  finish (file);
  assert_samples (scratch, "aaaacccc");
}

static void
test_open (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);
  g_autoptr (GError) error = NULL;

  write_samples (file, 'a', 12);
  ap_wav_file_commit (file);
  checkpoint (file);
  g_clear_pointer (&file, ap_wav_file_free);

  file = reopen (scratch, 1);
  g_assert_cmpuint (ap_wav_file_get_frames (file), ==, 1);
  g_assert_cmpuint (told_bytes (scratch), ==, 12); /* what could be played still can */
  write_samples (file, 'b', 4);
  ap_wav_file_commit (file);
  finish (file);
  g_assert_cmpuint (told_bytes (scratch), ==, 8);
  assert_samples (scratch, "aaaabbbb");
  g_assert_null (ap_wav_file_open (scratch->fd, ID, 16000, 2, 3, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_STORAGE);
}

static void
test_open_anew (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = NULL;
  g_autoptr (GError) error = NULL;
  struct stat status;

  g_assert_null (ap_wav_file_open (scratch->fd, ID, 16000, 2, 1, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NOT_FOUND);
  g_assert_null (ap_wav_file_open (scratch->fd, "..", 16000, 2, 0, NULL));
  file = reopen (scratch, 0);
  g_assert_cmpuint (told_bytes (scratch), ==, 0);
  g_assert_cmpint (fstatat (scratch->fd, WAV, &status, 0), ==, 0);
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
  g_assert_null (ap_wav_file_create (scratch->fd, ID, 16000, 2, NULL)); /* never over another */
  g_clear_pointer (&file, ap_wav_file_free);
  scratch_put (scratch, WAV, "RIFF", 4); /* a crash while it was made */
  file = reopen (scratch, 0);
  g_assert_cmpuint (told_bytes (scratch), ==, 0);
}

/* What is tried and taken back while a file is made anew is no reason to cut what can be played. */
static void
test_roll_back_anew (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);

  for (guint i = 0; i < 5; i++)
    write_samples (file, 'a', MIB);
  ap_wav_file_commit (file);
  checkpoint (file);
  g_clear_pointer (&file, ap_wav_file_free);
  file = reopen (scratch, 0);
  for (guint i = 0; i < 3; i++)
    write_samples (file, 'a', MIB);
  ap_wav_file_roll_back (file);
  g_assert_cmpuint (told_bytes (scratch), ==, 5 * MIB);
  g_assert_cmpint (file_length (scratch), ==, AP_WAV_HEADER_LENGTH + 5 * MIB);
}

/* Past what 32 bits can tell, without writing all that comes before. */
static void
test_past_4_gib (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);
  const guint64 bytes = 4 * GIB - 80;
  guint8 start[12];
  int fd = openat (scratch->fd, WAV, O_RDWR | O_CLOEXEC);

  g_clear_pointer (&file, ap_wav_file_free);
  g_assert_cmpint (ftruncate (fd, AP_WAV_HEADER_LENGTH + (off_t)bytes), ==, 0);
  file = reopen (scratch, bytes / 4);
  checkpoint (file);
  g_assert_cmpuint (told_bytes (scratch), ==, bytes);
  g_assert_cmpint (pread (fd, start, 12, 0), ==, 12);
  g_assert_cmpmem (start, 4, "RIFF", 4);
  write_samples (file, 'x', 8);
  ap_wav_file_commit (file);
  checkpoint (file);
  g_assert_cmpuint (told_bytes (scratch), ==, bytes + 8);
  g_assert_cmpint (pread (fd, start, 12, 0), ==, 12);
  g_assert_cmpmem (start, 12, "RF64\xff\xff\xff\xffWAVE", 12);
  g_assert_cmpuint (ap_wav_file_get_frames (file), ==, bytes / 4 + 2);
  finish (file);
  g_assert_cmpint (file_length (scratch), ==, AP_WAV_HEADER_LENGTH + (gint64)bytes + 8);
  g_assert_cmpint (pread (fd, start, 8, AP_WAV_HEADER_LENGTH + (off_t)bytes), ==, 8);
  g_assert_cmpmem (start, 8, "xxxxxxxx", 8);
  close (fd);
}

typedef struct {
  ApWavFile *file;
  gint stop; /* atomic */
} Checkpoints;

static gpointer
checkpoint_always (gpointer data)
{
  Checkpoints *checkpoints = data;
  guint64 frames = 0;

  while (!g_atomic_int_get (&checkpoints->stop)) {
    checkpoint (checkpoints->file);
    g_assert_cmpuint (ap_wav_file_get_frames (checkpoints->file), >=, frames);
    frames = ap_wav_file_get_frames (checkpoints->file);
  }
  return NULL;
}

/* Checkpoints on another thread: none of them undoes the end. */
static void
test_checkpoint_beside (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);
  Checkpoints checkpoints = { file };
  GThread *thread = g_thread_new ("checkpoints", checkpoint_always, &checkpoints);

  for (guint i = 0; i < 200; i++) {
    write_samples (file, 'a', 400);
    if (i % 3 == 0)
      ap_wav_file_roll_back (file);
    else
      ap_wav_file_commit (file);
  }
  finish (file);
  g_atomic_int_set (&checkpoints.stop, 1);
  g_thread_join (thread);
  g_assert_cmpuint (told_bytes (scratch), ==, 133 * 400);
  g_assert_cmpint (file_length (scratch), ==, AP_WAV_HEADER_LENGTH + 133 * 400);
}

/* ---- Full disks ---------------------------------------------------------------------------------------------------
 */

static void
test_short_write (Scratch *scratch, gconstpointer data)
{
  g_autoptr (ApWavFile) file = create (scratch);
  g_autoptr (GError) error = NULL;
  static const guint8 samples[10000];
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  write_samples (file, 'a', 8);
  ap_wav_file_commit (file);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &(struct rlimit){ 5000, limit.rlim_max }), ==, 0);
  g_assert_false (ap_wav_file_write (file, samples, sizeof samples, &error));
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE);
  ap_wav_file_roll_back (file);
  write_samples (file, 'b', 4);
  ap_wav_file_commit (file);
  finish (file);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  assert_samples (scratch, "aaaaaaaabbbb");
}

/* The tail and the header find their place all the same. */
static void
test_full_disk (void)
{
  static const guint8 samples[100000];
  g_autoptr (ApWavFile) file = NULL;
  g_autoptr (GError) error = NULL;
  Scratch scratch;
  guint64 frames;

  if (!scratch_set_up_small (&scratch, "4m")) {
    g_test_skip ("may not mount");
    return;
  }
  file = create (&scratch);
  while (ap_wav_file_write (file, samples, sizeof samples, &error))
    ap_wav_file_commit (file);
  g_assert_error (error, AP_RECORDING_ERROR, AP_RECORDING_ERROR_NO_SPACE);
  ap_wav_file_roll_back (file);
  frames = ap_wav_file_get_frames (file);
  g_assert_cmpuint (frames, >, 2000000 / 4);

  scratch_fill (&scratch);
  checkpoint (file);
  g_assert_cmpuint (told_bytes (&scratch), ==, frames * 4);
  g_assert_null (ap_wav_file_create (scratch.fd, "ffffffff-4e5f-4071-8293-a4b5c6d7e8f9", 16000, 2, NULL));
  g_assert_cmpint (faccessat (scratch.fd, "ffffffff-4e5f-4071-8293-a4b5c6d7e8f9.wav", F_OK, 0), <, 0);
  ap_wav_file_use_reserve (file);
  for (guint i = 0; i < 10; i++)
    write_samples (file, 't', sizeof samples);
  ap_wav_file_commit (file);
  finish (file);
  g_assert_cmpuint (told_bytes (&scratch), ==, frames * 4 + 10 * sizeof samples);
  g_clear_pointer (&file, ap_wav_file_free);
  scratch_tear_down (&scratch, NULL);
}

#define ADD(name, test) g_test_add ("/wav-file/" name, Scratch, NULL, scratch_set_up, test, scratch_tear_down)

int
main (int argc, char **argv)
{
  signal (SIGXFSZ, SIG_IGN);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wav-file/header/riff", test_header_riff);
  g_test_add_func ("/wav-file/header/rf64", test_header_rf64);
  g_test_add_func ("/wav-file/header/read", test_header_read);
  g_test_add_func ("/wav-file/header/flipped-bits", test_header_flipped_bits);
  ADD ("commit", test_commit);
  ADD ("checkpoint", test_checkpoint);
  ADD ("checkpoint/beside", test_checkpoint_beside);
  ADD ("roll-back-much", test_roll_back_much);
  ADD ("roll-back-anew", test_roll_back_anew);
  ADD ("open", test_open);
  ADD ("open/anew", test_open_anew);
  ADD ("past-4-gib", test_past_4_gib);
  ADD ("short-write", test_short_write);
  g_test_add_func ("/wav-file/full-disk", test_full_disk);
  return g_test_run ();
}
