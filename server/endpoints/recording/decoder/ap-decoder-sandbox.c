/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Landlock, seccomp and limits around a decoder's process. */
#include "endpoints/recording/decoder/ap-decoder-sandbox.h"

#include "base/ap-error.h"
#include "config.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel, which may be newer than the headers: landlock(7). */
typedef struct {
  guint64 files;  /* a bit for each right; those named are taken away */
  guint64 ports;  /* version 4: TCP */
  guint64 scopes; /* version 6: abstract sockets, signals */
} LandlockRules;

#define LANDLOCK_FILES_1 ((1u << 13) - 1)
#define LANDLOCK_FILES_2 ((1u << 14) - 1) /* and to link or move to another folder */
#define LANDLOCK_FILES_3 ((1u << 15) - 1) /* and to truncate */
#define LANDLOCK_FILES_5 ((1u << 16) - 1) /* and ioctl() of devices */
#define LANDLOCK_ALL     3u               /* of ports, and of scopes */

static gboolean
fail (GError **error, const char *what, int number)
{
  g_set_error (error, AP_ERROR, AP_ERROR_CONFIG, "the sandbox of decoders cannot be made here: %s: %s", what,
               g_strerror (number));
  return FALSE;
}

guint
ap_decoder_sandbox_get_landlock (void)
{
  long version = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  return version > 0 ? (guint)version : 0;
}

gboolean
ap_decoder_sandbox_check (GError **error)
{
  /* PR_SET_SECCOMP without a filter: EFAULT where there could be one. */
  if (prctl (PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, NULL, 0, 0) == 0 || errno == EFAULT)
    return TRUE;
  return fail (error, "seccomp", errno);
}

static gboolean
limit (int resource, guint64 most, GError **error)
{
  struct rlimit now;

  if (getrlimit ((__rlimit_resource_t)resource, &now) != 0)
    return fail (error, "getrlimit", errno);
  now.rlim_max = MIN (now.rlim_max, (rlim_t)most);
  now.rlim_cur = now.rlim_max;
  return setrlimit ((__rlimit_resource_t)resource, &now) == 0 || fail (error, "setrlimit", errno);
}

static gboolean
set_limits (const ApDecoderSandboxLimits *limits, GError **error)
{
#if !AP_SANITIZED /* they reserve far more */
  if (!limit (RLIMIT_AS, limits->memory_bytes, error))
    return FALSE;
#endif
  return limit (RLIMIT_CORE, 0, error) && limit (RLIMIT_FSIZE, 0, error) &&
         limit (RLIMIT_NOFILE, limits->descriptors, error);
}

static gboolean
set_landlock (GError **error)
{
  guint version = ap_decoder_sandbox_get_landlock ();
  LandlockRules rules = { 0 };
  int fd;
  gboolean set;

  if (version == 0)
    return TRUE;
  rules.files = version >= 5   ? LANDLOCK_FILES_5
                : version >= 3 ? LANDLOCK_FILES_3
                : version == 2 ? LANDLOCK_FILES_2
                               : LANDLOCK_FILES_1;
  rules.ports = version >= 4 ? LANDLOCK_ALL : 0;
  rules.scopes = version >= 6 ? LANDLOCK_ALL : 0;
  fd = (int)syscall (SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (fd < 0)
    return fail (error, "Landlock", errno);
  set = syscall (SYS_landlock_restrict_self, fd, 0) == 0 || fail (error, "Landlock", errno);
  close (fd);
  return set;
}

#if !AP_SANITIZED /* their own calls are not in the lists */
/* What glibc's memory and locks, GStreamer's clock and the sockets need. */
static const int allowed[] = {
  SCMP_SYS (brk),
  SCMP_SYS (clock_getres),
  SCMP_SYS (clock_gettime),
  SCMP_SYS (clock_gettime64),
  SCMP_SYS (close),
  SCMP_SYS (exit_group),
  SCMP_SYS (futex),
  SCMP_SYS (futex_time64),
  SCMP_SYS (getpid),
  SCMP_SYS (getppid),
  SCMP_SYS (getrandom),
  SCMP_SYS (gettid),
  SCMP_SYS (gettimeofday),
  SCMP_SYS (madvise),
  SCMP_SYS (mremap),
  SCMP_SYS (munmap),
  SCMP_SYS (poll),
  SCMP_SYS (ppoll),
  SCMP_SYS (read),
  SCMP_SYS (recv),
  SCMP_SYS (recvfrom),
  SCMP_SYS (recvmsg),
  SCMP_SYS (restart_syscall),
  SCMP_SYS (rt_sigprocmask),
  SCMP_SYS (rt_sigreturn),
  SCMP_SYS (sched_yield),
  SCMP_SYS (send),
  SCMP_SYS (sendmsg),
  SCMP_SYS (sendto),
  SCMP_SYS (write),
  SCMP_SYS (writev),
};

/* A library that looks for a file (a table of characters for a tag, the names of languages) goes on without it. */
static const int refused[] = {
  SCMP_SYS (access),        SCMP_SYS (faccessat),  SCMP_SYS (faccessat2),
  SCMP_SYS (fstat),         SCMP_SYS (fstatat64),  SCMP_SYS (ioctl),
  SCMP_SYS (lseek),         SCMP_SYS (lstat),      SCMP_SYS (newfstatat),
  SCMP_SYS (open),          SCMP_SYS (openat),     SCMP_SYS (openat2),
  SCMP_SYS (readlink),      SCMP_SYS (readlinkat), SCMP_SYS (stat),
  SCMP_SYS (statx),         SCMP_SYS (sysinfo),    SCMP_SYS (sched_getaffinity),
  SCMP_SYS (sched_getattr), SCMP_SYS (uname),
};

static int
add_calls (scmp_filter_ctx filter, guint32 action, const int *calls, gsize n)
{
  int result = 0;

  for (gsize i = 0; result == 0 && i < n; i++)
    result = seccomp_rule_add (filter, action, calls[i], 0);
  return result;
}

/* What is allowed with one argument only. */
static int
add_conditions (scmp_filter_ctx filter)
{
  const struct {
    int call;
    struct scmp_arg_cmp condition;
  } rules[] = {
    /* Memory, but no code. */
    { SCMP_SYS (mmap), SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
    { SCMP_SYS (mmap2), SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
    { SCMP_SYS (mprotect), SCMP_A2 (SCMP_CMP_MASKED_EQ, PROT_EXEC, 0) },
    /* abort(), so that the log tells it from a call that is not allowed. */
    { SCMP_SYS (tgkill), SCMP_A0 (SCMP_CMP_EQ, (scmp_datum_t)getpid ()) },
  };
  int result = 0;

  for (gsize i = 0; result == 0 && i < G_N_ELEMENTS (rules); i++)
    result = seccomp_rule_add (filter, SCMP_ACT_ALLOW, rules[i].call, 1, rules[i].condition);
  return result;
}

static int
add_rules (scmp_filter_ctx filter)
{
  int result = add_calls (filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS (allowed));

  if (result == 0)
    result = add_calls (filter, SCMP_ACT_ERRNO (EACCES), refused, G_N_ELEMENTS (refused));
  return result == 0 ? add_conditions (filter) : result;
}

static gboolean
set_seccomp (GError **error)
{
  scmp_filter_ctx filter = seccomp_init (SCMP_ACT_KILL_PROCESS);
  int result = filter != NULL ? 0 : -ENOMEM;

  if (result == 0)
    result = seccomp_attr_set (filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (result == 0)
    result = seccomp_attr_set (filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (result == 0)
    result = add_rules (filter);
  if (result == 0)
    result = seccomp_load (filter);
  seccomp_release (filter);
  return result == 0 || fail (error, "seccomp", -result);
}
#else
static gboolean
set_seccomp (GError **error)
{
  return TRUE;
}
#endif

gboolean
ap_decoder_sandbox_enter (const ApDecoderSandboxLimits *limits, GError **error)
{
  if (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail (error, "no_new_privs", errno);
  /* Landlock needs a descriptor, so it is first. */
  return set_landlock (error) && set_limits (limits, error) && set_seccomp (error);
}
