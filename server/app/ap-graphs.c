/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define G_LOG_DOMAIN "app"

#include "app/ap-graphs.h"

#include "base/ap-invoke.h"
#include "base/ap-limits.h"
#include "base/ap-log.h"
#include "media/ap-pipeline-graph.h"

#include <unistd.h>

typedef struct {
  char *path;
  char *dot;
} Graph;

struct _ApGraphs {
  gatomicrefcount refs;
  char *folder;

  GMutex lock; /* guards all below; not held while a graph is drawn */
  GArray *graphs;
  guint asked;
};

static void
clear_graph (gpointer data)
{
  g_free (((Graph *)data)->path);
  g_free (((Graph *)data)->dot);
}

ApGraphs *
ap_graphs_new (const char *folder)
{
  ApGraphs *graphs = g_new0 (ApGraphs, 1);

  g_atomic_ref_count_init (&graphs->refs);
  g_mutex_init (&graphs->lock);
  graphs->folder = g_canonicalize_filename (folder, NULL);
  graphs->graphs = g_array_new (FALSE, FALSE, sizeof (Graph));
  g_array_set_clear_func (graphs->graphs, clear_graph);
  return graphs;
}

ApGraphs *
ap_graphs_ref (ApGraphs *graphs)
{
  g_atomic_ref_count_inc (&graphs->refs);
  return graphs;
}

/* On the main thread, the only one that may wait for a disk. */
static gboolean
write_all (gpointer data)
{
  ApGraphs *graphs = data;
  g_autoptr (GError) error = NULL;
  guint written = 0;

  for (guint i = 0; i < graphs->graphs->len && error == NULL; i++) {
    const Graph *graph = &g_array_index (graphs->graphs, Graph, i);

    written += g_file_set_contents (graph->path, graph->dot, -1, &error);
  }
  if (error != NULL)
    ap_warning ("cannot write a pipeline's graph: %s", error->message);
  ap_event (G_LOG_LEVEL_MESSAGE, "wrote the graphs of pipelines", AP_LOG_NUMBER ("written", written),
            AP_LOG_NUMBER ("pipelines", graphs->asked), AP_LOG_TEXT ("folder", graphs->folder));
  g_array_unref (graphs->graphs);
  g_mutex_clear (&graphs->lock);
  g_free (graphs->folder);
  g_free (graphs);
  return G_SOURCE_REMOVE;
}

void
ap_graphs_unref (ApGraphs *graphs)
{
  if (g_atomic_ref_count_dec (&graphs->refs))
    ap_invoke (g_main_context_default (), write_all, graphs, NULL);
}

static gboolean
has_room (ApGraphs *graphs)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&graphs->lock);

  return graphs->asked++ < AP_GRAPHS;
}

void
ap_graphs_add (ApGraphs *graphs, const char *name, ApPipeline *pipeline)
{
  g_autofree char *file = g_strdup_printf ("audio-pipeline-%d-%s.dot", (int)getpid (), name);
  Graph graph;

  if (!has_room (graphs))
    return;
  graph.dot = ap_pipeline_to_dot (pipeline);
  if (graph.dot == NULL)
    return;
  graph.path = g_build_filename (graphs->folder, file, NULL);
  g_mutex_lock (&graphs->lock);
  g_array_append_val (graphs->graphs, graph);
  g_mutex_unlock (&graphs->lock);
}
