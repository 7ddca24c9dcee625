/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernels on arrays, every path that this CPU runs.
 *
 * GStreamer's law cannot be called alone: its functions are static in its plugin. Its cost for each sample is taken
 * from its elements as Debian ships them, as the difference between buffers of 16,384 and of 8,192 samples:
 * what an element does for each buffer is in both, and cancels out. */
#include "bench-mulaw.h"

#include "mulaw-kernel-path.h"

#include <string.h>

#define ROTATION 8192 /* samples in all the frames that take turns; they fit in the first cache */
#define WORK     (1 << 20)
#define LARGE    16384

typedef struct {
  const MulawPath *path; /* NULL: memcpy of the PCM bytes */
  gboolean encode;
  gsize n, total;
  guint repeats; /* so many that the clock and cold caches weigh nothing */
  gint16 *samples;
  guint8 *codes;
} Kernel;

static void
run_kernel (gpointer data)
{
  const Kernel *kernel = data;

  for (guint repeat = 0; repeat < kernel->repeats; repeat++)
    for (gsize i = 0; i + kernel->n <= kernel->total; i += kernel->n) {
      if (!kernel->path)
        memcpy (kernel->samples + kernel->total + i, kernel->samples + i, 2 * kernel->n);
      else if (kernel->encode)
        kernel->path->encode[MULAW_TIES_ITU](kernel->codes + i, kernel->samples + i, kernel->n);
      else
        kernel->path->decode (kernel->samples + i, kernel->codes + i, kernel->n);
    }
}

static void
free_kernel (gpointer data)
{
  Kernel *kernel = data;

  g_free (kernel->samples);
  g_free (kernel->codes);
  g_free (kernel);
}

static BenchCase *
kernel_case (const MulawPath *path, gboolean encode, gsize n)
{
  Kernel *kernel = g_new0 (Kernel, 1);

  kernel->path = path;
  kernel->encode = encode;
  kernel->n = n;
  kernel->total = MAX (ROTATION, n) / n * n;
  kernel->repeats = (guint)(1 + WORK / kernel->total);
  kernel->samples = bench_speech (2 * kernel->total);
  kernel->codes = g_new0 (guint8, kernel->total);
  pcm16_to_mulaw (kernel->codes, kernel->samples, kernel->total, MULAW_TIES_ITU, FALSE);
  return bench_case_new (g_strdup (path ? path->name : "memcpy"), run_kernel, kernel, free_kernel,
                         (gdouble)kernel->repeats * (gdouble)kernel->total);
}

/* --- the table --- */

static const gsize sizes[] = { 160, 960, 1 << 20 };

/* How many times faster than GStreamer's law, at 160 and at 960 samples; 0: no target. */
static const struct {
  const gchar *path;
  gdouble encode[G_N_ELEMENTS (sizes)], decode[G_N_ELEMENTS (sizes)];
} rows[] = {
  { "c", { 0 }, { 0 } },
  { "sse2", { 8, 8, 0 }, { 5, 5, 0 } },
  { "avx2", { 16, 18, 0 }, { 16, 18, 0 } },
  { "avx512vbmi", { 16, 18, 0 }, { 16, 18, 0 } },
  { "neon", { 0 }, { 0 } },
  { "memcpy", { 0 }, { 0 } },
};

enum { N_ROWS = G_N_ELEMENTS (rows), N_SIZES = G_N_ELEMENTS (sizes), MEMCPY = N_ROWS - 1 };

/* The best path decodes at no less than this share of the speed of memcpy. */
#define DECODE_OF_MEMCPY 0.6

typedef struct {
  gboolean encode;
  GPtrArray *cases; /* owns */
  BenchCase *cells[N_ROWS][N_SIZES];
  BenchCase *large, *half;
} Table;

static BenchCase *
add_case (Table *table, BenchCase *added)
{
  if (added)
    g_ptr_array_add (table->cases, added);
  return added;
}

static void
fill_table (Table *table, gboolean encode)
{
  table->encode = encode;
  table->cases = g_ptr_array_new_with_free_func ((GDestroyNotify)bench_case_free);
  for (guint row = 0; row < N_ROWS; row++) {
    const MulawPath *path = mulaw_path_by_name (rows[row].path);

    for (guint size = 0; size < N_SIZES && (path || row == MEMCPY); size++)
      table->cells[row][size] = add_case (table, kernel_case (path, encode, sizes[size]));
  }
  table->large = add_case (table, bench_gstreamer_case (encode, LARGE));
  table->half = add_case (table, bench_gstreamer_case (encode, LARGE / 2));
}

static guint
print_row (const Table *table, guint row, gdouble law)
{
  const gdouble *targets = table->encode ? rows[row].encode : rows[row].decode;
  guint missed = 0;

  g_print ("%-12s", rows[row].path);
  for (guint size = 0; size < N_SIZES; size++) {
    gdouble ratio = law / bench_median (table->cells[row][size]);
    gboolean misses = ratio < targets[size];

    g_print (" %7.1f", ratio);
    if (targets[size] > 0)
      g_print (" (>= %2.0f)%s", targets[size], misses ? "!" : " ");
    else
      g_print ("%9s", "");
    missed += misses;
  }
  g_print ("\n");
  return missed;
}

static guint
print_against_memcpy (const Table *table)
{
  guint best = 0, missed = 0;

  while (!g_str_equal (rows[best].path, mulaw_kernel_isa ()))
    best++;
  g_print ("%s at the speed of memcpy times", rows[best].path);
  for (guint size = 0; size < N_SIZES; size++) {
    gdouble share = bench_median (table->cells[MEMCPY][size]) / bench_median (table->cells[best][size]);
    gboolean misses = !table->encode && sizes[size] < 1000 && share < DECODE_OF_MEMCPY;

    g_print (" %.2f%s", share, misses ? "!" : "");
    missed += misses;
  }
  if (!table->encode)
    g_print (" (>= %.1f at 160 and 960)", DECODE_OF_MEMCPY);
  g_print ("\n");
  return missed;
}

static guint
print_table (const Table *table)
{
  gdouble law;
  guint missed = 0;

  g_print ("\nKernels, %s: times faster than the law in GStreamer's element\n%-12s %7d %8s %7d %8s %7d samples\n",
           table->encode ? "encode" : "decode", "", (int)sizes[0], "", (int)sizes[1], "", (int)sizes[2]);
  if (!table->large || !table->half) {
    g_print ("skipped: GStreamer's mulaw plugin is not installed\n");
    return 0;
  }
  law = 2 * bench_median (table->large) - bench_median (table->half);
  for (guint row = 0; row < N_ROWS; row++)
    if (table->cells[row][0])
      missed += print_row (table, row, law);
  g_print ("the law itself: %.3f ns a sample\n", law);
  return missed + print_against_memcpy (table);
}

guint
bench_kernels (guint n_rounds)
{
  guint missed = 0;

  for (gint encode = TRUE; encode >= FALSE; encode--) {
    Table table = { 0 };

    fill_table (&table, encode);
    bench_measure (table.cases, n_rounds);
    missed += print_table (&table);
    g_ptr_array_unref (table.cases);
  }
  return missed;
}
