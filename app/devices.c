/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlDeviceStore: asks OpenCL on threads of their own; they lower their priority, which a thread of a pool could never
 * raise again. */

#include "config.h"

#include <glib/gi18n.h>

#include "app/devices.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICENESS 10

/* ---- One device ---- */

struct _HlDeviceItem
{
  GObject parent;
  HlDeviceInfo *info;
  char *title, *subtitle, *test_message;
  int test_state;
};

G_DEFINE_TYPE (HlDeviceItem, hl_device_item, G_TYPE_OBJECT)

enum { ITEM_ID = 1, ITEM_TITLE, ITEM_SUBTITLE, ITEM_TEST_STATE, ITEM_TEST_MESSAGE, N_ITEM_PROPS };
static GParamSpec *item_props[N_ITEM_PROPS];

static void
hl_device_item_finalize (GObject *object)
{
  HlDeviceItem *self = HL_DEVICE_ITEM (object);

  hl_device_info_free (self->info);
  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->test_message);
  G_OBJECT_CLASS (hl_device_item_parent_class)->finalize (object);
}

static void
hl_device_item_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlDeviceItem *self = HL_DEVICE_ITEM (object);

  switch (id)
    {
    case ITEM_ID: g_value_set_string (value, self->info->id); break;
    case ITEM_TITLE: g_value_set_string (value, self->title); break;
    case ITEM_SUBTITLE: g_value_set_string (value, self->subtitle); break;
    case ITEM_TEST_STATE: g_value_set_int (value, self->test_state); break;
    case ITEM_TEST_MESSAGE: g_value_set_string (value, self->test_message); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_device_item_class_init (HlDeviceItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = hl_device_item_finalize;
  object_class->get_property = hl_device_item_get_property;
  item_props[ITEM_ID] = g_param_spec_string ("id", NULL, NULL, NULL, flags);
  item_props[ITEM_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  item_props[ITEM_SUBTITLE] = g_param_spec_string ("subtitle", NULL, NULL, NULL, flags);
  item_props[ITEM_TEST_STATE] = g_param_spec_int ("test-state", NULL, NULL, 0, 2, 0, flags);
  item_props[ITEM_TEST_MESSAGE] = g_param_spec_string ("test-message", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_ITEM_PROPS, item_props);
}

static void
hl_device_item_init (HlDeviceItem *self)
{
}

static HlDeviceItem *
item_new (const HlDeviceInfo *info)
{
  HlDeviceItem *self = g_object_new (HL_TYPE_DEVICE_ITEM, NULL);
  gboolean is_pocl = g_str_has_prefix (info->platform, "Portable Computing Language");

  self->info = hl_device_info_copy (info);
  if (info->type == HL_DEVICE_CPU)
    self->title = g_strdup_printf (ngettext ("%s · %u core", "%s · %u cores", info->compute_units),
                                   is_pocl ? "PoCL" : info->platform, info->compute_units);
  else
    self->title = g_strdup (info->name);
  self->subtitle = g_strdup_printf (_("%s, %.1f GiB"), info->name, info->memory_bytes / (1024.0 * 1024 * 1024));
  return self;
}

const HlDeviceInfo *
hl_device_item_get_info (HlDeviceItem *self)
{
  return self->info;
}

static void
item_set_test (HlDeviceItem *self, int state, const char *message)
{
  self->test_state = state;
  g_free (self->test_message);
  self->test_message = g_strdup (message);
  g_object_notify_by_pspec (G_OBJECT (self), item_props[ITEM_TEST_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), item_props[ITEM_TEST_MESSAGE]);
}

/* ---- All devices ---- */

struct _HlDeviceStore
{
  GObject parent;
  GListStore *items;
  gboolean loading;
  char *error_message;
};

enum { PROP_LOADING = 1, PROP_ERROR_MESSAGE, N_PROPS };
static GParamSpec *props[N_PROPS];

static void device_store_iface_init (GListModelInterface *iface);
G_DEFINE_TYPE_WITH_CODE (HlDeviceStore, hl_device_store, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, device_store_iface_init))

static GType
device_store_get_item_type (GListModel *model)
{
  return HL_TYPE_DEVICE_ITEM;
}

static guint
device_store_get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (HL_DEVICE_STORE (model)->items));
}

static gpointer
device_store_get_item (GListModel *model, guint i)
{
  return g_list_model_get_item (G_LIST_MODEL (HL_DEVICE_STORE (model)->items), i);
}

static void
device_store_iface_init (GListModelInterface *iface)
{
  iface->get_item_type = device_store_get_item_type;
  iface->get_n_items = device_store_get_n_items;
  iface->get_item = device_store_get_item;
}

static void
hl_device_store_finalize (GObject *object)
{
  HlDeviceStore *self = HL_DEVICE_STORE (object);

  g_object_unref (self->items);
  g_free (self->error_message);
  G_OBJECT_CLASS (hl_device_store_parent_class)->finalize (object);
}

static void
hl_device_store_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  HlDeviceStore *self = HL_DEVICE_STORE (object);

  switch (id)
    {
    case PROP_LOADING: g_value_set_boolean (value, self->loading); break;
    case PROP_ERROR_MESSAGE: g_value_set_string (value, self->error_message); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
hl_device_store_class_init (HlDeviceStoreClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->finalize = hl_device_store_finalize;
  object_class->get_property = hl_device_store_get_property;
  props[PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, flags);
  props[PROP_ERROR_MESSAGE] = g_param_spec_string ("error-message", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
hl_device_store_init (HlDeviceStore *self)
{
  self->items = g_list_store_new (HL_TYPE_DEVICE_ITEM);
  g_signal_connect_swapped (self->items, "items-changed", G_CALLBACK (g_list_model_items_changed), self);
}

HlDeviceStore *
hl_device_store_new (void)
{
  HlDeviceStore *self = g_object_new (HL_TYPE_DEVICE_STORE, NULL);

  hl_device_store_refresh (self);
  return self;
}

static gpointer
list_thread (gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  GPtrArray *infos = hl_device_list (&error);

  if (infos)
    g_task_return_pointer (task, infos, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, error);
  return NULL;
}

static void
list_done (GObject *source, GAsyncResult *result, gpointer data)
{
  HlDeviceStore *self = HL_DEVICE_STORE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) infos = g_task_propagate_pointer (G_TASK (result), &error);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; infos && i < infos->len; i++)
    g_ptr_array_add (items, item_new (g_ptr_array_index (infos, i)));
  self->loading = FALSE;
  g_free (self->error_message);
  self->error_message = error ? g_strdup (error->message) : NULL;
  g_list_store_splice (self->items, 0, g_list_model_get_n_items (G_LIST_MODEL (self->items)), items->pdata, items->len);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ERROR_MESSAGE]);
}

void
hl_device_store_refresh (HlDeviceStore *self)
{
  if (self->loading)
    return;
  self->loading = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOADING]);
  g_thread_unref (g_thread_new ("devices", list_thread, g_task_new (self, NULL, list_done, NULL)));
}

static gpointer
test_thread (gpointer data)
{
  g_autoptr (GTask) task = data;
  g_autoptr (HlDevice) device = NULL;
  GError *error = NULL;

  setpriority (PRIO_PROCESS, syscall (SYS_gettid), NICENESS);
  device = hl_device_open (g_task_get_task_data (task), &error);
  if (device && hl_device_self_test (device, NULL, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return NULL;
}

static void
test_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    item_set_test (HL_DEVICE_ITEM (source), 1, _("The self-test passed."));
  else
    item_set_test (HL_DEVICE_ITEM (source), 2, error->message);
}

void
hl_device_store_self_test (HlDeviceStore *self, HlDeviceItem *item)
{
  GTask *task = g_task_new (item, NULL, test_done, NULL);

  g_task_set_task_data (task, g_strdup (item->info->id), g_free);
  g_thread_unref (g_thread_new ("self-test", test_thread, task));
}
