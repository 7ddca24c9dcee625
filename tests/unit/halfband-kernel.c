/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The filter for a factor of two against its formula. */
#include "halfband-kernel.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#define MOST 200 /* samples of the lower rate: more than a step, and no multiple of anything */
#define BETA 7.2

/* The modified Bessel function of order zero. */
static double
bessel (double x)
{
  double term = 1, sum = 1;

  for (int k = 1; term > 1e-15 * sum; k++) {
    term *= (x / 2 / k) * (x / 2 / k);
    sum += term;
  }
  return sum;
}

/* In units of which 16384 are one. What lies half a sample behind the first of two is the sum of them and of those
 * around, each times its tap. */
#define ONE 16384
static void
make_taps (gint64 taps[HALFBAND_TAPS])
{
  double exact[HALFBAND_TAPS], sum = 0;
  gint64 rounded = 0;

  for (int k = 0; k < HALFBAND_TAPS; k++) {
    double at = k - (HALFBAND_TAPS - 1) / 2.0, of_half = at / (HALFBAND_TAPS / 2.0);

    exact[k] = sin (G_PI * at) / (G_PI * at) * bessel (BETA * sqrt (1 - of_half * of_half));
    sum += exact[k];
  }
  for (int k = 0; k < HALFBAND_TAPS; k++)
    rounded += taps[k] = lrint (exact[k] / sum * ONE);
  taps[HALFBAND_TAPS / 2] += (ONE - rounded) / 2; /* it is even: they are pairs */
  taps[HALFBAND_TAPS / 2 - 1] += (ONE - rounded) / 2;
}

/* @sum / @one, rounded, and limited. */
static gint
sample_of (gint64 sum, gint64 one)
{
  gint64 sample = (sum + one / 2 - (sum + one / 2 < 0 ? one - 1 : 0)) / one;

  return (gint)CLAMP (sample, G_MININT16, G_MAXINT16);
}

static gint16 *
make_input (GRand *random, gsize n, gboolean extreme)
{
  gint16 *in = g_new (gint16, n); /* no more: a sanitizer sees reads beyond */

  for (gsize i = 0; i < n; i++)
    in[i] = extreme ? (gint16)(g_rand_boolean (random) ? G_MAXINT16 : G_MININT16)
                    : (gint16)g_rand_int_range (random, G_MININT16, G_MAXINT16 + 1);
  return in;
}

static void
check_up (GRand *random, gsize n, gboolean extreme)
{
  g_autofree gint16 *in = make_input (random, HALFBAND_UP_BEFORE + n + HALFBAND_UP_BEHIND, extreme);
  gint16 out[2 * MOST + 1];
  gint64 taps[HALFBAND_TAPS];

  make_taps (taps);
  out[2 * n] = 4711;
  halfband_up (out, in, n);
  for (gsize i = 0; i < n; i++) {
    gint64 between = 0;

    for (gsize k = 0; k < HALFBAND_TAPS; k++)
      between += taps[k] * in[i + k];
    g_assert_cmpint (out[2 * i], ==, in[i + HALFBAND_UP_BEFORE]);
    g_assert_cmpint (out[2 * i + 1], ==, sample_of (between, ONE));
  }
  g_assert_cmpint (out[2 * n], ==, 4711);
}

static void
check_down (GRand *random, gsize n, gboolean extreme)
{
  gsize n_in = n > 0 ? HALFBAND_DOWN_BEFORE + 2 * n - 1 + HALFBAND_DOWN_BEHIND : 0;
  g_autofree gint16 *in = make_input (random, n_in, extreme);
  gint16 out[MOST + 1];
  gint64 taps[HALFBAND_TAPS];

  make_taps (taps);
  out[n] = 4711;
  halfband_down (out, in, n);
  for (gsize i = 0; i < n; i++) {
    gint64 sum = (gint64)in[2 * i + HALFBAND_DOWN_BEFORE] * ONE;

    for (gsize k = 0; k < HALFBAND_TAPS; k++)
      sum += taps[k] * in[2 * (i + k)];
    g_assert_cmpint (out[i], ==, sample_of (sum, 2 * ONE));
  }
  g_assert_cmpint (out[n], ==, 4711);
}

/* Noise, and the loudest there is: nothing wraps around. */
static void
test_any_length (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (16000);

  for (gsize n = 0; n <= MOST; n++) {
    check_up (random, n, n % 2 == 0);
    check_down (random, n, n % 2 == 0);
  }
}

/* The signs of the taps, at full scale: no sum is larger. */
static void
test_worst_case (void)
{
  gint64 taps[HALFBAND_TAPS];
  gint16 up[HALFBAND_TAPS], down[2 * HALFBAND_TAPS - 1];
  gint16 out[2];

  make_taps (taps);
  for (int sign = -1; sign <= 1; sign += 2) {
    memset (down, 0, sizeof down);
    for (gsize k = 0; k < HALFBAND_TAPS; k++)
      up[k] = down[2 * k] = taps[k] * sign > 0 ? G_MAXINT16 : G_MININT16;
    down[HALFBAND_DOWN_BEFORE] = sign > 0 ? G_MAXINT16 : G_MININT16;
    halfband_up (out, up, 1);
    g_assert_cmpint (out[1], ==, sign > 0 ? G_MAXINT16 : G_MININT16);
    halfband_down (out, down, 1);
    g_assert_cmpint (out[0], ==, sign > 0 ? G_MAXINT16 : G_MININT16);
  }
}

/* A constant has no tone of the new rate in it. */
static void
test_constants_stay (void)
{
  static const gint16 constants[] = { 0, 1, -1, 1000, -32124, G_MAXINT16, G_MININT16 };
  gint16 in[2 * MOST + 2 * HALFBAND_TAPS], out[2 * MOST];

  for (gsize c = 0; c < G_N_ELEMENTS (constants); c++) {
    for (gsize i = 0; i < G_N_ELEMENTS (in); i++)
      in[i] = constants[c];
    halfband_up (out, in, MOST);
    for (gsize i = 0; i < 2 * MOST; i++)
      g_assert_cmpint (out[i], ==, constants[c]);
    halfband_down (out, in, MOST);
    for (gsize i = 0; i < MOST; i++)
      g_assert_cmpint (out[i], ==, constants[c]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/halfband/any-length", test_any_length);
  g_test_add_func ("/halfband/worst-case", test_worst_case);
  g_test_add_func ("/halfband/constants", test_constants_stay);
  return g_test_run ();
}
