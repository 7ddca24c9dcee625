/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "endpoints/twilio/ap-call-table.h"

#include "base/ap-json-scanner.h"

#include <string.h>

struct _ApCallTable {
  GMutex lock;        /* guards @calls, what is in them, and the digits of every record */
  GHashTable *calls;  /* callSid -> GPtrArray of ApCallRecord, never empty */
  guint places_taken; /* atomic */
};

ApCallRecord *
ap_call_record_ref (ApCallRecord *record)
{
  g_atomic_ref_count_inc (&record->refs);
  return record;
}

void
ap_call_record_unref (ApCallRecord *record)
{
  if (!g_atomic_ref_count_dec (&record->refs))
    return;
  ap_session_handle_unref (record->session);
  g_free (record->call_id);
  g_free (record->stream_id);
  g_free (record->account_id);
  g_free (record->peer);
  g_free (record->parameters);
  g_free (record);
}

static void
append_parameter (GString *json, const ApCallParameter *parameter)
{
  gsize before = json->len;

  g_string_append (json, before > 1 ? ",\"" : "\"");
  ap_json_append_escaped (json, parameter->name);
  g_string_append (json, "\":\"");
  ap_json_append_escaped (json, parameter->value);
  g_string_append_c (json, '"');
  if (json->len >= AP_CALL_RECORD_PARAMETERS)
    g_string_truncate (json, before);
}

void
ap_call_record_set_parameters (ApCallRecord *record, const ApCallParameter *parameters, guint length)
{
  g_autoptr (GString) json = g_string_new ("{");

  for (guint i = 0; i < length; i++)
    if (!g_str_equal (parameters[i].name, "token"))
      append_parameter (json, &parameters[i]);
  if (json->len == 1)
    return;
  g_string_append_c (json, '}');
  record->parameters = g_strdup (json->str);
}

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify)ap_call_record_unref);
}

ApCallTable *
ap_call_table_new (void)
{
  ApCallTable *table = g_new0 (ApCallTable, 1);

  g_mutex_init (&table->lock);
  table->calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  return table;
}

void
ap_call_table_free (ApCallTable *table)
{
  g_hash_table_unref (table->calls);
  g_mutex_clear (&table->lock);
  g_free (table);
}

void
ap_call_table_add (ApCallTable *table, ApCallRecord *record)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);
  GPtrArray *streams = g_hash_table_lookup (table->calls, record->call_id);

  if (streams == NULL) {
    streams = new_list ();
    g_hash_table_insert (table->calls, g_strdup (record->call_id), streams);
  }
  g_ptr_array_add (streams, ap_call_record_ref (record));
}

void
ap_call_table_remove (ApCallTable *table, ApCallRecord *record)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);
  GPtrArray *streams = g_hash_table_lookup (table->calls, record->call_id);

  if (streams == NULL || !g_ptr_array_remove (streams, record))
    return;
  if (streams->len == 0)
    g_hash_table_remove (table->calls, record->call_id);
}

void
ap_call_table_add_digit (ApCallTable *table, ApCallRecord *record, char digit)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);
  gsize length = strlen (record->digits);

  if (length == AP_CALL_DIGITS)
    memmove (record->digits, record->digits + 1, length--);
  record->digits[length] = digit;
  record->digits[length + 1] = '\0';
}

char *
ap_call_table_get_digits (ApCallTable *table, ApCallRecord *record)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);

  return g_strdup (record->digits);
}

static void
append_all (GPtrArray *to, GPtrArray *streams)
{
  for (guint i = 0; i < streams->len; i++)
    g_ptr_array_add (to, ap_call_record_ref (g_ptr_array_index (streams, i)));
}

GPtrArray *
ap_call_table_find (ApCallTable *table, const char *call_id)
{
  GPtrArray *found = new_list ();
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);
  GPtrArray *streams = g_hash_table_lookup (table->calls, call_id);

  if (streams != NULL)
    append_all (found, streams);
  return found;
}

GPtrArray *
ap_call_table_list (ApCallTable *table)
{
  GPtrArray *found = new_list ();
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&table->lock);
  GHashTableIter iter;
  gpointer streams;

  g_hash_table_iter_init (&iter, table->calls);
  while (g_hash_table_iter_next (&iter, NULL, &streams))
    append_all (found, streams);
  return found;
}

gboolean
ap_call_table_take_place (ApCallTable *table, guint most)
{
  guint taken = ap_call_table_count_places (table);

  while (taken < most)
    if (__atomic_compare_exchange_n (&table->places_taken, &taken, taken + 1, FALSE, __ATOMIC_RELAXED,
                                     __ATOMIC_RELAXED))
      return TRUE;
  return FALSE;
}

void
ap_call_table_give_back_place (ApCallTable *table)
{
  __atomic_sub_fetch (&table->places_taken, 1, __ATOMIC_RELAXED);
}

guint
ap_call_table_count_places (ApCallTable *table)
{
  return __atomic_load_n (&table->places_taken, __ATOMIC_RELAXED);
}
