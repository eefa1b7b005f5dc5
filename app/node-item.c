/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlNodeItem: compares what it showed with what is, and notifies the difference. */

#include "config.h"

#include "app/node-item-private.h"

typedef struct
{
  char *title, *subtitle, *shape_text;
  const char *group;
  double x, y;
  guint64 parameters, multiply_adds;
  gboolean frozen;
} Face;

struct _HlNodeItem
{
  GObject parent;
  guint32 id;
  HlGraph *graph;
  HlPlan *plan;
  GPtrArray *problems;
  const HlProblem *problem;   /* borrowed from problems */
  Face face;
  gboolean selected;
};

G_DEFINE_TYPE (HlNodeItem, hl_node_item, G_TYPE_OBJECT)

enum
{
  PROP_ID = 1,
  PROP_TITLE,
  PROP_SUBTITLE,
  PROP_GROUP,
  PROP_X,
  PROP_Y,
  PROP_SHAPE_TEXT,
  PROP_PARAMETERS,
  PROP_MULTIPLY_ADDS,
  PROP_PROBLEM_TEXT,
  PROP_PROBLEM_SEVERITY,
  PROP_FIX_TEXT,
  PROP_FROZEN,
  PROP_SELECTED,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

static void
face_clear (Face *self)
{
  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->shape_text);
}

static void
hl_node_item_finalize (GObject *object)
{
  HlNodeItem *self = HL_NODE_ITEM (object);

  face_clear (&self->face);
  g_clear_pointer (&self->graph, hl_graph_unref);
  g_clear_pointer (&self->plan, hl_plan_unref);
  g_clear_pointer (&self->problems, g_ptr_array_unref);
  G_OBJECT_CLASS (hl_node_item_parent_class)->finalize (object);
}

static void
hl_node_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlNodeItem *self = HL_NODE_ITEM (object);

  switch (id)
    {
    case PROP_ID: g_value_set_uint (value, self->id); break;
    case PROP_TITLE: g_value_set_string (value, self->face.title); break;
    case PROP_SUBTITLE: g_value_set_string (value, self->face.subtitle); break;
    case PROP_GROUP: g_value_set_static_string (value, self->face.group); break;
    case PROP_X: g_value_set_double (value, self->face.x); break;
    case PROP_Y: g_value_set_double (value, self->face.y); break;
    case PROP_SHAPE_TEXT: g_value_set_string (value, self->face.shape_text); break;
    case PROP_PARAMETERS: g_value_set_uint64 (value, self->face.parameters); break;
    case PROP_MULTIPLY_ADDS: g_value_set_uint64 (value, self->face.multiply_adds); break;
    case PROP_PROBLEM_TEXT: g_value_set_string (value, self->problem ? self->problem->text : NULL); break;
    case PROP_PROBLEM_SEVERITY: g_value_set_int (value, self->problem ? (int) self->problem->severity : -1); break;
    case PROP_FIX_TEXT: g_value_set_string (value, self->problem ? self->problem->fix : NULL); break;
    case PROP_FROZEN: g_value_set_boolean (value, self->face.frozen); break;
    case PROP_SELECTED: g_value_set_boolean (value, self->selected); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_node_item_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  if (id == PROP_SELECTED)
    hl_node_item_set_selected (HL_NODE_ITEM (object), g_value_get_boolean (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
hl_node_item_class_init (HlNodeItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = hl_node_item_finalize;
  object_class->get_property = hl_node_item_get_property;
  object_class->set_property = hl_node_item_set_property;
  props[PROP_ID] = g_param_spec_uint ("id", NULL, NULL, 0, G_MAXUINT32, 0, flags);
  props[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  props[PROP_SUBTITLE] = g_param_spec_string ("subtitle", NULL, NULL, NULL, flags);
  props[PROP_GROUP] = g_param_spec_string ("group", NULL, NULL, NULL, flags);
  props[PROP_X] = g_param_spec_double ("x", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_Y] = g_param_spec_double ("y", NULL, NULL, -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags);
  props[PROP_SHAPE_TEXT] = g_param_spec_string ("shape-text", NULL, NULL, NULL, flags);
  props[PROP_PARAMETERS] = g_param_spec_uint64 ("parameters", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  props[PROP_MULTIPLY_ADDS] = g_param_spec_uint64 ("multiply-adds", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  props[PROP_PROBLEM_TEXT] = g_param_spec_string ("problem-text", NULL, NULL, NULL, flags);
  props[PROP_PROBLEM_SEVERITY] = g_param_spec_int ("problem-severity", NULL, NULL, -1, HL_SEVERITY_ERROR, -1, flags);
  props[PROP_FIX_TEXT] = g_param_spec_string ("fix-text", NULL, NULL, NULL, flags);
  props[PROP_FROZEN] = g_param_spec_boolean ("frozen", NULL, NULL, FALSE, flags);
  props[PROP_SELECTED] = g_param_spec_boolean ("selected", NULL, NULL, FALSE, flags | G_PARAM_WRITABLE);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
hl_node_item_init (HlNodeItem *self)
{
}

HlNodeItem *
hl_node_item_new (guint32 id)
{
  HlNodeItem *self = g_object_new (HL_TYPE_NODE_ITEM, NULL);

  self->id = id;
  return self;
}

static void
make_face (Face *face, const HlNode *node, HlPlan *plan)
{
  const HlPlanStep *step = hl_plan_find_step (plan, node->id);
  HlShape shape;

  face->title = g_strdup (node->name);
  face->subtitle = node->klass->describe ? node->klass->describe (node->params) : g_strdup ("");
  face->group = node->klass->base.group;
  face->x = node->x;
  face->y = node->y;
  face->shape_text = hl_plan_get_shape (plan, node->id, &shape) ? hl_shape_to_string (&shape) : g_strdup ("");
  face->parameters = hl_plan_get_node_parameter_count (plan, node->id);
  face->frozen = node->frozen && step && step->layer.n_weights > 0;
  face->multiply_adds = step ? step->layer.multiply_adds : 0;
}

static void
notify_face (HlNodeItem *self, const Face *old, const Face *new)
{
  GObject *object = G_OBJECT (self);

  if (g_strcmp0 (old->title, new->title) != 0)
    g_object_notify_by_pspec (object, props[PROP_TITLE]);
  if (g_strcmp0 (old->subtitle, new->subtitle) != 0)
    g_object_notify_by_pspec (object, props[PROP_SUBTITLE]);
  if (g_strcmp0 (old->group, new->group) != 0)
    g_object_notify_by_pspec (object, props[PROP_GROUP]);
  if (old->x != new->x)
    g_object_notify_by_pspec (object, props[PROP_X]);
  if (old->y != new->y)
    g_object_notify_by_pspec (object, props[PROP_Y]);
  if (g_strcmp0 (old->shape_text, new->shape_text) != 0)
    g_object_notify_by_pspec (object, props[PROP_SHAPE_TEXT]);
  if (old->parameters != new->parameters)
    g_object_notify_by_pspec (object, props[PROP_PARAMETERS]);
  if (old->multiply_adds != new->multiply_adds)
    g_object_notify_by_pspec (object, props[PROP_MULTIPLY_ADDS]);
  if (old->frozen != new->frozen)
    g_object_notify_by_pspec (object, props[PROP_FROZEN]);
}

static void
notify_problem (HlNodeItem *self, const HlProblem *old, const HlProblem *new)
{
  GObject *object = G_OBJECT (self);

  if (g_strcmp0 (old ? old->text : NULL, new ? new->text : NULL) != 0)
    g_object_notify_by_pspec (object, props[PROP_PROBLEM_TEXT]);
  if ((old ? (int) old->severity : -1) != (new ? (int) new->severity : -1))
    g_object_notify_by_pspec (object, props[PROP_PROBLEM_SEVERITY]);
  if (g_strcmp0 (old ? old->fix : NULL, new ? new->fix : NULL) != 0)
    g_object_notify_by_pspec (object, props[PROP_FIX_TEXT]);
}

static const HlProblem *
find_gravest (GPtrArray *problems, guint32 node)
{
  const HlProblem *gravest = NULL;

  for (guint i = 0; i < problems->len; i++)
    {
      const HlProblem *problem = g_ptr_array_index (problems, i);

      if (problem->node == node && (!gravest || problem->severity > gravest->severity))
        gravest = problem;
    }
  return gravest;
}

void
hl_node_item_update (HlNodeItem *self, HlGraph *graph, HlPlan *plan, GPtrArray *problems)
{
  const HlNode *node = hl_graph_find_node (graph, self->id);
  G_GNUC_UNUSED g_autoptr (GPtrArray) old_problems = g_steal_pointer (&self->problems);   /* outlives the comparison */
  const HlProblem *old_problem = self->problem;
  Face old_face = self->face;

  g_return_if_fail (node);
  g_clear_pointer (&self->graph, hl_graph_unref);
  g_clear_pointer (&self->plan, hl_plan_unref);
  self->graph = hl_graph_ref (graph);
  self->plan = hl_plan_ref (plan);
  self->problems = g_ptr_array_ref (problems);
  self->problem = find_gravest (problems, self->id);
  make_face (&self->face, node, plan);
  g_object_freeze_notify (G_OBJECT (self));
  notify_face (self, &old_face, &self->face);
  notify_problem (self, old_problem, self->problem);
  g_object_thaw_notify (G_OBJECT (self));
  face_clear (&old_face);
}

guint32
hl_node_item_get_id (HlNodeItem *self)
{
  return self->id;
}

const HlNode *
hl_node_item_get_node (HlNodeItem *self)
{
  return hl_graph_find_node (self->graph, self->id);
}

gboolean
hl_node_item_get_shape (HlNodeItem *self, HlShape *shape)
{
  return hl_plan_get_shape (self->plan, self->id, shape);
}

const HlProblem *
hl_node_item_get_problem (HlNodeItem *self)
{
  return self->problem;
}

const char *
hl_node_item_get_title (HlNodeItem *self)
{
  return self->face.title;
}

const char *
hl_node_item_get_subtitle (HlNodeItem *self)
{
  return self->face.subtitle;
}

guint64
hl_node_item_get_parameters (HlNodeItem *self)
{
  return self->face.parameters;
}

gboolean
hl_node_item_get_frozen (HlNodeItem *self)
{
  return self->face.frozen;
}

gboolean
hl_node_item_get_selected (HlNodeItem *self)
{
  return self->selected;
}

void
hl_node_item_set_selected (HlNodeItem *self, gboolean selected)
{
  selected = !!selected;
  if (self->selected == selected)
    return;
  self->selected = selected;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SELECTED]);
}
