/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel against the decision values of G.711, for every input, on the path that MULAW_DEMO_ISA names. Plain C and
 * TAP, so that it also runs cross-compiled, where there is no GLib. */
#include "mulaw-kernel-path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_INPUTS 65536

static unsigned failures;

#define CHECK(condition, ...)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf ("# %s:%d: %s: ", __FILE__, __LINE__, #condition);                                                        \
      printf (__VA_ARGS__);                                                                                            \
      printf ("\n");                                                                                                   \
      return false;                                                                                                    \
    }                                                                                                                  \
  } while (0)

/* --- what G.711 says, written from its tables and not from the kernel's formulas --- */

/* Decision values of tables 2a/2b, in the 14-bit terms of the recommendation: 0, 1, 3, ... 31, 35, ... 95, ... 8159. */
static int decision[129];
static int16_t all_inputs[N_INPUTS];
static uint8_t expected_codes[2][N_INPUTS]; /* by tie rule */
static int16_t expected_samples[256];

static void
fill_decision_values (void)
{
  int n = 0;

  decision[n++] = 0;
  decision[n++] = 1;
  for (int width = 2; width <= 256; width *= 2) {
    int steps = width == 2 ? 15 : 16;

    for (int i = 0; i < steps; i++, n++)
      decision[n] = decision[n - 1] + width;
  }
}

/* The character signal of a 16-bit sample. A positive one on a decision value belongs to the interval above it. */
static uint8_t
code_by_table (int sample, MulawTieRule tie_rule)
{
  bool tie_goes_up = sample >= 0 || tie_rule == MULAW_TIES_SIGN_MAGNITUDE;
  int magnitude = abs (sample);
  int interval = 0;

  while (interval < 127 && magnitude >= 4 * decision[interval + 1] + (tie_goes_up ? 0 : 1))
    interval++;
  return (uint8_t)((sample < 0 ? 0x7f : 0xff) - interval);
}

static int16_t
sample_by_table (uint8_t code)
{
  int interval = 127 - (code & 0x7f);
  int magnitude = interval == 0 ? 0 : 2 * (decision[interval] + decision[interval + 1]);

  return (int16_t)(code & 0x80 ? magnitude : -magnitude);
}

static void
fill_expectations (void)
{
  fill_decision_values ();
  for (int i = 0; i < N_INPUTS; i++) {
    all_inputs[i] = (int16_t)(i - 32768);
    expected_codes[MULAW_TIES_ITU][i] = code_by_table (i - 32768, MULAW_TIES_ITU);
    expected_codes[MULAW_TIES_SIGN_MAGNITUDE][i] = code_by_table (i - 32768, MULAW_TIES_SIGN_MAGNITUDE);
  }
  for (int i = 0; i < 256; i++)
    expected_samples[i] = sample_by_table ((uint8_t)i);
}

static uint32_t
crc32_of (const uint8_t *bytes, size_t n)
{
  uint32_t crc = UINT32_MAX;

  for (size_t i = 0; i < n; i++) {
    crc ^= bytes[i];
    for (int bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (crc & 1 ? UINT32_C (0xedb88320) : 0);
  }
  return ~crc;
}

static uint8_t
expected_code (int16_t sample, MulawTieRule tie_rule)
{
  return expected_codes[tie_rule][sample + 32768];
}

/* --- memory that faults when touched before or after --- */

typedef struct {
  uint8_t *pages;
  size_t page, size;
} Fenced;

static Fenced
fenced_new (size_t at_least)
{
  Fenced fenced = { NULL, (size_t)sysconf (_SC_PAGESIZE), 0 };
  size_t n_pages = (at_least + fenced.page - 1) / fenced.page;

  fenced.size = n_pages * fenced.page;
  fenced.pages = mmap (NULL, fenced.size + 2 * fenced.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (fenced.pages == MAP_FAILED || mprotect (fenced.pages, fenced.page, PROT_NONE) != 0 ||
      mprotect (fenced.pages + fenced.page + fenced.size, fenced.page, PROT_NONE) != 0) {
    printf ("Bail out! no memory with fences\n");
    exit (EXIT_FAILURE);
  }
  return fenced;
}

static void
fenced_free (Fenced fenced)
{
  munmap (fenced.pages, fenced.size + 2 * fenced.page);
}

static uint8_t *
fenced_start (Fenced fenced)
{
  return fenced.pages + fenced.page;
}

static uint8_t *
fenced_end (Fenced fenced)
{
  return fenced.pages + fenced.page + fenced.size;
}

/* --- the tests --- */

static bool
oracle_agrees_with_published_points (void)
{
  static const struct {
    int sample;
    uint8_t itu, sign_magnitude;
  } points[] = {
    { 0, 0xff, 0xff },      { -1, 0x7f, 0x7f },     { -3, 0x7f, 0x7f },    { -4, 0x7f, 0x7e },
    { -5, 0x7e, 0x7e },     { -8, 0x7e, 0x7e },     { -12, 0x7e, 0x7d },   { 124, 0xef, 0xef },
    { -124, 0x70, 0x6f },   { -125, 0x6f, 0x6f },   { 31611, 0x81, 0x81 }, { 31612, 0x80, 0x80 },
    { -31612, 0x01, 0x00 }, { -31613, 0x00, 0x00 }, { 32767, 0x80, 0x80 }, { -32768, 0x00, 0x00 },
  };

  CHECK (decision[128] == 8159, "the last decision value is %d", decision[128]);
  for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
    CHECK (code_by_table (points[i].sample, MULAW_TIES_ITU) == points[i].itu, "%d", points[i].sample);
    CHECK (code_by_table (points[i].sample, MULAW_TIES_SIGN_MAGNITUDE) == points[i].sign_magnitude, "%d",
           points[i].sample);
  }
  return true;
}

static bool
encode_is_exact (MulawTieRule tie_rule, uint32_t crc)
{
  static uint8_t codes[N_INPUTS];

  pcm16_to_mulaw (codes, all_inputs, N_INPUTS, tie_rule, false);
  for (int i = 0; i < N_INPUTS; i++)
    CHECK (codes[i] == expected_codes[tie_rule][i], "%d gives %02X, not %02X", i - 32768, codes[i],
           expected_codes[tie_rule][i]);
  CHECK (crc32_of (codes, N_INPUTS) == crc, "%08" PRIX32, crc32_of (codes, N_INPUTS));
  return true;
}

/* The CRC is of the codes that ITU-T G.191 gives for -32768 .. 32767. */
static bool
encode_itu_is_exact (void)
{
  return encode_is_exact (MULAW_TIES_ITU, UINT32_C (0x6399d432));
}

/* The CRC is of the codes that GStreamer's mulawenc gives. */
static bool
encode_sign_magnitude_is_exact (void)
{
  return encode_is_exact (MULAW_TIES_SIGN_MAGNITUDE, UINT32_C (0xeb8edaa8));
}

static bool
tie_rules_differ_in_127_inputs (void)
{
  static uint8_t codes[2][N_INPUTS];
  int n = 0;

  for (int rule = 0; rule < 2; rule++)
    pcm16_to_mulaw (codes[rule], all_inputs, N_INPUTS, (MulawTieRule)rule, false);
  for (int i = 0; i < N_INPUTS; i++) {
    if (codes[0][i] == codes[1][i])
      continue;
    n++;
    CHECK (i < 32768 && codes[0][i] == codes[1][i] + 1, "%d: %02X %02X", i - 32768, codes[0][i], codes[1][i]);
  }
  CHECK (n == 127, "%d", n);
  return true;
}

static bool
all_zero_is_suppressed (void)
{
  static uint8_t codes[N_INPUTS];

  for (int rule = 0; rule < 2; rule++) {
    pcm16_to_mulaw (codes, all_inputs, N_INPUTS, (MulawTieRule)rule, true);
    for (int i = 0; i < N_INPUTS; i++) {
      uint8_t plain = expected_codes[rule][i];

      CHECK (codes[i] == (plain == 0x00 ? 0x02 : plain), "%d gives %02X", i - 32768, codes[i]);
    }
  }
  return true;
}

static bool
decode_is_exact (void)
{
  uint8_t codes[256], little_endian[512];
  int16_t samples[256];

  for (int i = 0; i < 256; i++)
    codes[i] = (uint8_t)i;
  mulaw_to_pcm16 (samples, codes, 256);
  for (int i = 0; i < 256; i++) {
    CHECK (samples[i] == expected_samples[i], "%02X gives %d, not %d", i, samples[i], expected_samples[i]);
    little_endian[2 * i] = (uint8_t)(samples[i] & 0xff);
    little_endian[2 * i + 1] = (uint8_t)(samples[i] >> 8 & 0xff);
  }
  CHECK (crc32_of (little_endian, 512) == UINT32_C (0x0c847a9f), "%08" PRIX32, crc32_of (little_endian, 512));
  return true;
}

static bool
codes_survive_a_round_trip (void)
{
  uint8_t codes[256], again[256];
  int16_t samples[256];

  for (int i = 0; i < 256; i++)
    codes[i] = (uint8_t)i;
  mulaw_to_pcm16 (samples, codes, 256);
  for (int rule = 0; rule < 2; rule++) {
    pcm16_to_mulaw (again, samples, 256, (MulawTieRule)rule, false);
    for (int i = 0; i < 256; i++)
      CHECK (again[i] == (i == 0x7f ? 0xff : i), "%02X becomes %02X", i, again[i]);
  }
  return true;
}

/* Silence, full scale and the middle come back within 2 % of full scale, and full scale within 2 % of itself. */
static bool
samples_survive_a_round_trip (void)
{
  static const int16_t samples[] = { 0, 0, 0, 32767, -32768, 8000, -8000, 16000, -16000 };
  enum { N = sizeof samples / sizeof *samples };
  uint8_t codes[N];
  int16_t decoded[N];

  pcm16_to_mulaw (codes, samples, N, MULAW_TIES_ITU, false);
  mulaw_to_pcm16 (decoded, codes, N);
  for (int i = 0; i < N; i++) {
    CHECK (abs (decoded[i] - samples[i]) <= 32768 * 2 / 100, "%d becomes %d", samples[i], decoded[i]);
    CHECK (samples[i] != 0 || decoded[i] == 0, "silence becomes %d", decoded[i]);
  }
  return true;
}

/* 65,536 samples in an order that puts each next to many others, so that lanes that leak into each other show. */
static void
fill_scrambled (int16_t *samples, size_t n)
{
  uint32_t state = 1;

  for (size_t i = 0; i < n; i++) {
    state = state * UINT32_C (1664525) + UINT32_C (1013904223);
    samples[i] = (int16_t)(state >> 16);
  }
}

/* One call at addresses that end with a page that faults, or begin after one. Bytes on the other side must stay. */
static bool
one_length (Fenced in, Fenced out, const int16_t *samples, size_t n, bool at_end, size_t shift)
{
  uint8_t *pcm = at_end ? fenced_end (in) - 2 * n - shift : fenced_start (in) + shift;
  uint8_t *codes = at_end ? fenced_end (out) - n - shift : fenced_start (out) + shift;

  memcpy (pcm, samples, 2 * n);
  memset (fenced_start (out), 0xa5, out.size);
  for (int rule = 0; rule < 2; rule++) {
    pcm16_to_mulaw (codes, pcm, n, (MulawTieRule)rule, false);
    for (size_t i = 0; i < n; i++)
      CHECK (codes[i] == expected_code (samples[i], (MulawTieRule)rule), "sample %zu of %zu, shift %zu", i, n, shift);
  }
  for (uint8_t *p = fenced_start (out); p < fenced_end (out); p++)
    CHECK ((p >= codes && p < codes + n) || *p == 0xa5, "wrote outside, %zu samples, shift %zu", n, shift);

  memset (fenced_start (in), 0xa5, in.size);
  mulaw_to_pcm16 (pcm, codes, n);
  for (size_t i = 0; i < n; i++) {
    int16_t sample;

    memcpy (&sample, pcm + 2 * i, 2);
    CHECK (sample == expected_samples[codes[i]], "code %zu of %zu, shift %zu", i, n, shift);
  }
  for (uint8_t *p = fenced_start (in); p < fenced_end (in); p++)
    CHECK ((p >= pcm && p < pcm + 2 * n) || *p == 0xa5, "wrote outside, %zu codes, shift %zu", n, shift);
  return true;
}

static bool
every_length_and_alignment (void)
{
  int16_t samples[300];
  Fenced in = fenced_new (sizeof samples + 8), out = fenced_new (300 + 8);
  bool passed = true;

  fill_scrambled (samples, 300);
  for (size_t n = 0; passed && n <= 300; n++)
    for (size_t shift = 0; passed && shift < 8; shift++)
      passed = one_length (in, out, samples, n, shift & 1, shift >> 1);
  fenced_free (in);
  fenced_free (out);
  return passed;
}

/* Longer than any 16-bit counter, and not a multiple of a vector. */
static bool
many_samples (void)
{
  enum { N = (1 << 20) + 77 };
  int16_t *samples = malloc (N * sizeof *samples), *decoded = malloc (N * sizeof *decoded);
  uint8_t *codes = malloc (N);
  size_t wrong = 0;

  fill_scrambled (samples, N);
  pcm16_to_mulaw (codes, samples, N, MULAW_TIES_ITU, false);
  mulaw_to_pcm16 (decoded, codes, N);
  for (size_t i = 0; i < N; i++)
    wrong += codes[i] != expected_code (samples[i], MULAW_TIES_ITU) || decoded[i] != expected_samples[codes[i]];
  free (samples);
  free (decoded);
  free (codes);
  CHECK (wrong == 0, "%zu", wrong);
  return true;
}

/* An unknown name, or one that this CPU cannot run, falls back to the best. */
static bool
chosen_path_is_the_named_one (void)
{
  const char *wanted = getenv ("MULAW_DEMO_ISA");
  const MulawPath *named = wanted ? mulaw_path_by_name (wanted) : NULL;

  CHECK (mulaw_path_by_name ("z80") == NULL, "found");
  CHECK (mulaw_path_by_name (mulaw_kernel_isa ()) == mulaw_path_chosen (), "%s", mulaw_kernel_isa ());
  CHECK (!named || strcmp (mulaw_kernel_isa (), wanted) == 0, "%s", mulaw_kernel_isa ());
  CHECK (named || mulaw_path_chosen () == mulaw_path_by_name (NULL), "%s", mulaw_kernel_isa ());
  return true;
}

static const struct {
  const char *name;
  bool (*run) (void);
} tests[] = {
  { "oracle agrees with published points", oracle_agrees_with_published_points },
  { "chosen path is the named one", chosen_path_is_the_named_one },
  { "encode, ITU: all 65536 inputs", encode_itu_is_exact },
  { "encode, sign-magnitude: all 65536 inputs", encode_sign_magnitude_is_exact },
  { "tie rules differ in 127 inputs, by one step", tie_rules_differ_in_127_inputs },
  { "all-zero code is suppressed", all_zero_is_suppressed },
  { "decode: all 256 codes", decode_is_exact },
  { "codes survive a round trip", codes_survive_a_round_trip },
  { "samples survive a round trip", samples_survive_a_round_trip },
  { "every length and alignment, nothing touched outside", every_length_and_alignment },
  { "many samples", many_samples },
};

int
main (void)
{
  const size_t n_tests = sizeof tests / sizeof *tests;
  const char *wanted = getenv ("MULAW_DEMO_ISA");

  if (wanted && strcmp (wanted, "unknown") != 0 && !mulaw_path_by_name (wanted)) {
    printf ("1..0 # SKIP no %s here\n", wanted);
    return EXIT_SUCCESS;
  }
  printf ("1..%zu\n# path: %s\n", n_tests, mulaw_kernel_isa ());
  fill_expectations ();
  for (size_t i = 0; i < n_tests; i++) {
    bool passed = tests[i].run ();

    failures += !passed;
    printf ("%s %zu - %s\n", passed ? "ok" : "not ok", i + 1, tests[i].name);
  }
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
