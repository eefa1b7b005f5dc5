/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlModelDocument: what follows from the current graph (plan, problems, items) and what is selected. The editing verbs
 * are in model-edit.c. */

#include "config.h"

#include "app/model-document-private.h"
#include "app/node-item-private.h"
#include "engine/train/check-data.h"

struct _HlModelDocument
{
  GObject parent;
  HlProjectState *state;
  HlDataset *dataset;    /* NULL: not known yet */
  HlPlan *plan;
  GPtrArray *problems;
  GListStore *nodes;
  guint n_selected;
  HlCommitFunc commit;
  gpointer project;      /* not owned; NULL once detached */
};

G_DEFINE_TYPE (HlModelDocument, hl_model_document, G_TYPE_OBJECT)

enum { PROP_GRAPH = 1, PROP_PLAN, PROP_NODES, PROP_PROBLEMS, PROP_N_SELECTED, N_PROPS };
static GParamSpec *props[N_PROPS];
enum { CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
hl_model_document_finalize (GObject *object)
{
  HlModelDocument *self = HL_MODEL_DOCUMENT (object);

  g_clear_object (&self->nodes);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  g_clear_pointer (&self->plan, hl_plan_unref);
  g_clear_pointer (&self->state, hl_project_state_unref);
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  G_OBJECT_CLASS (hl_model_document_parent_class)->finalize (object);
}

static void
hl_model_document_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlModelDocument *self = HL_MODEL_DOCUMENT (object);

  switch (id)
    {
    case PROP_GRAPH: g_value_set_pointer (value, hl_model_document_get_graph (self)); break;
    case PROP_PLAN: g_value_set_pointer (value, self->plan); break;
    case PROP_NODES: g_value_set_object (value, self->nodes); break;
    case PROP_PROBLEMS: g_value_set_pointer (value, self->problems); break;
    case PROP_N_SELECTED: g_value_set_uint (value, self->n_selected); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_model_document_class_init (HlModelDocumentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = hl_model_document_finalize;
  object_class->get_property = hl_model_document_get_property;
  props[PROP_GRAPH] = g_param_spec_pointer ("graph", NULL, NULL, flags);
  props[PROP_PLAN] = g_param_spec_pointer ("plan", NULL, NULL, flags);
  props[PROP_NODES] = g_param_spec_object ("nodes", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  props[PROP_PROBLEMS] = g_param_spec_pointer ("problems", NULL, NULL, flags);
  props[PROP_N_SELECTED] = g_param_spec_uint ("n-selected", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[CHANGED]
      = g_signal_new ("changed", HL_TYPE_MODEL_DOCUMENT, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
hl_model_document_init (HlModelDocument *self)
{
  self->nodes = g_list_store_new (HL_TYPE_NODE_ITEM);
}

HlModelDocument *
hl_model_document_new (HlProjectState *state, HlCommitFunc commit, gpointer project)
{
  HlModelDocument *self = g_object_new (HL_TYPE_MODEL_DOCUMENT, NULL);

  self->commit = commit;
  self->project = project;
  hl_model_document_sync (self, state);
  return self;
}

void
hl_model_document_detach (HlModelDocument *self)
{
  self->project = NULL;
}

void
hl_model_document_commit (HlModelDocument *self, const char *label, const char *merge_key, HlGraph *graph)
{
  if (self->project)
    self->commit (self->project, label, merge_key, hl_project_state_with_graph (self->state, graph));
  else
    hl_graph_unref (graph);
}

/* ---- Items ---- */

static void
count_selected (HlModelDocument *self)
{
  guint n = 0;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i++)
    {
      g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);

      n += hl_node_item_get_selected (item);
    }
  if (n == self->n_selected)
    return;
  self->n_selected = n;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_N_SELECTED]);
}

static guint32
id_at (HlModelDocument *self, guint i)
{
  g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);

  return item ? hl_node_item_get_id (item) : 0;
}

/* Where the item of a node stands, from `first` on; G_MAXUINT when nowhere. */
static guint
find_place (HlModelDocument *self, guint32 node, guint first)
{
  for (guint i = first; i < g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i++)
    if (id_at (self, i) == node)
      return i;
  return G_MAXUINT;
}

static void
place_item (HlModelDocument *self, guint i, guint32 node)
{
  HlGraph *graph = hl_model_document_get_graph (self);
  guint place = find_place (self, node, i);
  g_autoptr (HlNodeItem) item = NULL;

  if (place == i)
    {
      item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);
      hl_node_item_update (item, graph, self->plan, self->problems);
      return;
    }
  if (place != G_MAXUINT)
    {
      item = g_list_model_get_item (G_LIST_MODEL (self->nodes), place);
      g_list_store_remove (self->nodes, place);
    }
  else
    {
      item = hl_node_item_new (node);
      g_signal_connect_swapped (item, "notify::selected", G_CALLBACK (count_selected), self);
    }
  hl_node_item_update (item, graph, self->plan, self->problems);
  g_list_store_insert (self->nodes, i, item);
}

static void
sync_items (HlModelDocument *self)
{
  HlGraph *graph = hl_model_document_get_graph (self);

  for (guint i = g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i-- > 0;)
    if (!hl_graph_find_node (graph, id_at (self, i)))
      {
        g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);

        g_signal_handlers_disconnect_by_func (item, count_selected, self);
        g_list_store_remove (self->nodes, i);
      }
  for (guint i = 0; i < hl_graph_get_n_nodes (graph); i++)
    place_item (self, i, hl_graph_get_node (graph, i)->id);
  count_selected (self);
}

/* Plan and problems depend on the graph, the loss, the batch size and the samples' range, on nothing else of the project. */
static HlNormalize
get_normalize (const HlProjectState *state)
{
  return hl_project_state_get_data (state)->normalize;
}

static gboolean
looks_the_same (const HlProjectState *a, const HlProjectState *b)
{
  const HlRecipe *x = hl_project_state_get_recipe (a), *y = hl_project_state_get_recipe (b);

  return hl_project_state_get_graph (a) == hl_project_state_get_graph (b) && x->batch == y->batch
         && hl_choice_equal (x->loss, y->loss) && get_normalize (a) == get_normalize (b);
}

static void
update (HlModelDocument *self)
{
  HlGraph *graph = hl_project_state_get_graph (self->state);
  const HlRecipe *recipe = hl_project_state_get_recipe (self->state);
  HlPlanOptions options = { .batch = MAX (recipe->batch, 1), .lanes = 16, .compute_units = 1, .training = TRUE };

  g_clear_pointer (&self->plan, hl_plan_unref);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  self->plan = hl_plan_new_partial (graph, &options);
  self->problems = hl_graph_check (graph, recipe->loss->klass->name);
  if (self->dataset)
    hl_check_data (self->plan, recipe->loss, self->dataset, get_normalize (self->state), self->problems);
  sync_items (self);
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GRAPH]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PLAN]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROBLEMS]);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, signals[CHANGED], 0);
}

void
hl_model_document_sync (HlModelDocument *self, HlProjectState *state)
{
  g_autoptr (HlProjectState) old = g_steal_pointer (&self->state);

  self->state = hl_project_state_ref (state);
  if (!old || !looks_the_same (old, state))
    update (self);
}

void
hl_model_document_set_dataset (HlModelDocument *self, HlDataset *dataset)
{
  if (dataset == self->dataset)
    return;
  g_clear_pointer (&self->dataset, hl_dataset_unref);
  self->dataset = dataset ? hl_dataset_ref (dataset) : NULL;
  update (self);
}

HlGraph *
hl_model_document_get_graph (HlModelDocument *self)
{
  return hl_project_state_get_graph (self->state);
}

HlPlan *
hl_model_document_get_plan (HlModelDocument *self)
{
  return self->plan;
}

GListModel *
hl_model_document_get_nodes (HlModelDocument *self)
{
  return G_LIST_MODEL (self->nodes);
}

GPtrArray *
hl_model_document_get_problems (HlModelDocument *self)
{
  return self->problems;
}

HlNodeItem *
hl_model_document_find_item (HlModelDocument *self, guint32 node)
{
  guint place = find_place (self, node, 0);
  g_autoptr (HlNodeItem) item = NULL;

  if (place == G_MAXUINT)
    return NULL;
  item = g_list_model_get_item (G_LIST_MODEL (self->nodes), place);
  return item;   /* the list keeps it alive */
}

/* ---- Selection ---- */

guint32 *
hl_model_document_get_selection (HlModelDocument *self, guint *n)
{
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (guint32));

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i++)
    {
      g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);
      guint32 id = hl_node_item_get_id (item);

      if (hl_node_item_get_selected (item))
        g_array_append_val (ids, id);
    }
  *n = ids->len;
  return (guint32 *) g_array_free (ids, FALSE);
}

void
hl_model_document_select (HlModelDocument *self, guint32 node, gboolean extend)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i++)
    {
      g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);

      if (hl_node_item_get_id (item) == node)
        hl_node_item_set_selected (item, TRUE);
      else if (!extend)
        hl_node_item_set_selected (item, FALSE);
    }
}

void
hl_model_document_select_all (HlModelDocument *self)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->nodes)); i++)
    {
      g_autoptr (HlNodeItem) item = g_list_model_get_item (G_LIST_MODEL (self->nodes), i);

      hl_node_item_set_selected (item, TRUE);
    }
}
