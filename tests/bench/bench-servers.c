/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The echo servers that are measured; add one here. What the build did not find has no macro. */
#include "bench-servers.h"

#ifndef AUDIO_SERVER
#define AUDIO_SERVER NULL
#endif
#ifndef LWS_ECHO
#define LWS_ECHO NULL
#endif
#ifndef GORILLA_ECHO
#define GORILLA_ECHO NULL
#endif
#ifndef NODE
#define NODE         NULL
#define NODE_WS_ECHO NULL
#endif
#ifndef PYTHON
#define PYTHON       NULL
#define FASTAPI_ECHO NULL
#endif

#define SERVER(...) "--host=127.0.0.1", "--port=0", __VA_ARGS__, NULL
#define CODEC       "--pipeline=mulawenc_demo ! mulawdec_demo"

static const BenchProgram programs[BENCH_N_SERVERS] = {
  [BENCH_EPOLL] = { "epoll-echo", EPOLL_ECHO, { NULL }, { "0", NULL }, TRUE },
  [BENCH_SERVER] = { "server",
                     AUDIO_SERVER,
                     { SERVER ("--workers=1", "--no-log-frames") },
                     { SERVER ("--workers=0", "--no-log-frames") },
                     TRUE },
  [BENCH_SERVER_LOGGED] = { "server, frames logged", AUDIO_SERVER, { SERVER ("--workers=1") } },
  [BENCH_SERVER_DIRECT] = { "server, direct",
                            AUDIO_SERVER,
                            { SERVER ("--workers=1", "--no-log-frames", CODEC, "--pipeline-mode=direct") } },
  [BENCH_SERVER_QUEUED] = { "server, queued",
                            AUDIO_SERVER,
                            { SERVER ("--workers=1", "--no-log-frames", CODEC, "--pipeline-mode=queued") } },
  [BENCH_SOUP] = { "soup-echo", SOUP_ECHO },
  [BENCH_LWS] = { "libwebsockets", LWS_ECHO },
  [BENCH_GORILLA] = { "Go gorilla", GORILLA_ECHO, { NULL }, { NULL }, TRUE },
  [BENCH_NODE] = { "Node ws", NODE, { NODE_WS_ECHO, NULL } },
  [BENCH_FASTAPI] = { "FastAPI + uvicorn", PYTHON, { FASTAPI_ECHO, NULL } },
};

const BenchProgram *
bench_program (BenchServer server)
{
  return &programs[server];
}

ServerProcess *
bench_server_start (BenchServer server, const char *cpus, gboolean all_cores)
{
  static const char *const env[] = { "NODE_PATH=/usr/share/nodejs", NULL };
  const BenchProgram *program = &programs[server];
  ServerProcess *process = server_process_spawn (&(ServerSetup){
      .program = program->program,
      .args = all_cores ? program->all_cores : program->one_core,
      .env = env,
      .cpus = all_cores ? NULL : cpus,
  });

  server_process_wait_listening (process);
  return process;
}
