/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses, once, the path that all calls of the kernel take. */
#include "mulaw-kernel-path.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const MulawPath *path;
  bool (*runs) (void); /* NULL: on every CPU that runs this program */
} Candidate;

#ifdef MULAW_HAVE_AVX512VBMI
static bool
cpu_has_avx512vbmi (void)
{
  return __builtin_cpu_supports ("avx512vbmi") && __builtin_cpu_supports ("avx512bw");
}
#endif

#ifdef MULAW_HAVE_AVX2
static bool
cpu_has_avx2 (void)
{
  return __builtin_cpu_supports ("avx2");
}
#endif

/* Best first. The last one always runs. */
static const Candidate candidates[] = {
#ifdef MULAW_HAVE_AVX512VBMI
  { &mulaw_path_avx512vbmi, cpu_has_avx512vbmi },
#endif
#ifdef MULAW_HAVE_AVX2
  { &mulaw_path_avx2, cpu_has_avx2 },
#endif
#ifdef MULAW_HAVE_SSE2
  { &mulaw_path_sse2, NULL },
#endif
#ifdef MULAW_HAVE_NEON
  { &mulaw_path_neon, NULL },
#endif
  { &mulaw_path_c, NULL },
};

/* With @name NULL, the best. */
static const MulawPath *
find_path (const char *name)
{
  for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
    const Candidate *candidate = &candidates[i];

    if (name && strcmp (candidate->path->name, name) != 0)
      continue;
    if (!candidate->runs || candidate->runs ())
      return candidate->path;
  }
  return NULL;
}

const MulawPath *
mulaw_path_by_name (const char *name)
{
  return find_path (name);
}

/* Two threads that come first at once both find the same path, so no lock. */
const MulawPath *
mulaw_path_chosen (void)
{
  static const MulawPath *_Atomic chosen;
  const MulawPath *path = atomic_load_explicit (&chosen, memory_order_relaxed);

  if (!path) {
    const char *wanted = getenv ("MULAW_DEMO_ISA");

    path = wanted ? find_path (wanted) : NULL;
    if (!path)
      path = find_path (NULL);
    atomic_store_explicit (&chosen, path, memory_order_relaxed);
  }
  return path;
}

const char *
mulaw_kernel_isa (void)
{
  return mulaw_path_chosen ()->name;
}
