/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fields of a message, by the paths of a dialect. */
#include "endpoints/twilio/ap-call-reader.h"

#include "base/ap-base64.h"

#include <string.h>

void
ap_call_reader_init (ApCallReader *reader, const ApCallPath *paths, const char *parameters, ApCallMessage *message,
                     gsize length)
{
  memset (reader, 0, sizeof *reader);
  reader->paths = paths;
  reader->parameters = parameters;
  reader->message = message;
  /* What is taken is no longer than it stands there, and each piece has a quote or a space behind it for its end. */
  if (message->room_size < length + 1) {
    g_free (message->room);
    message->room = g_malloc (length + 1);
    message->room_size = length + 1;
  }
  reader->to = message->room;
  reader->end = message->room + message->room_size;
}

/* --- problems --- */

static const char *
path_of (const ApCallReader *reader, ApCallField field)
{
  const ApCallPath *path = reader->paths;

  while (path->path != NULL && path->field != field)
    path++;
  return path->path != NULL ? path->path : "the message";
}

void
ap_call_reader_fail (ApCallReader *reader, ApCallErrorCode code, ApCallField field, const char *problem)
{
  if (reader->problem == NULL)
    reader->problem = g_error_new (AP_CALL_ERROR, (gint)code, "%s: %s", path_of (reader, field), problem);
}

void
ap_call_reader_require (ApCallReader *reader, ApCallField field)
{
  if (reader->values[field].type == AP_JSON_END)
    ap_call_reader_fail (reader, AP_CALL_ERROR_MISSING_FIELD, field, "is missing");
}

/* --- what a field holds --- */

/* A terminated copy in the message's room; NULL for what no string of ours can be. */
static char *
keep (ApCallReader *reader, const ApJsonToken *token)
{
  char *kept = reader->to;
  gssize length;

  if ((gsize)(reader->end - kept) <= token->length)
    return NULL;
  length = ap_json_token_unescape (token, kept);
  if (length < 0)
    return NULL;
  kept[length] = '\0';
  reader->to = kept + length + 1;
  return kept;
}

const char *
ap_call_reader_text (ApCallReader *reader, ApCallField field)
{
  const ApJsonToken *token = &reader->values[field];
  const char *text;

  if (token->type == AP_JSON_END)
    return "";
  if (token->type != AP_JSON_STRING && token->type != AP_JSON_NUMBER) {
    ap_call_reader_fail (reader, AP_CALL_ERROR_WRONG_TYPE, field, "is neither a string nor a number");
    return "";
  }
  text = keep (reader, token);
  if (text == NULL)
    ap_call_reader_fail (reader, AP_CALL_ERROR_BAD_STRING, field, "has a NUL or half a surrogate pair");
  return text != NULL ? text : "";
}

/* Whole numbers, of which some services make 20.0. */
static gboolean
read_number (const char *text, guint64 *number)
{
  *number = 0;
  if (!g_ascii_isdigit (*text))
    return FALSE;
  for (; g_ascii_isdigit (*text); text++)
    if (!g_uint64_checked_mul (number, *number, 10) || !g_uint64_checked_add (number, *number, (guint64)(*text - '0')))
      return FALSE;
  if (*text == '.')
    text += 1 + strspn (text + 1, "0123456789");
  return *text == '\0';
}

guint64
ap_call_reader_number (ApCallReader *reader, ApCallField field)
{
  const char *text = ap_call_reader_text (reader, field);
  guint64 number;

  if (*text == '\0')
    return AP_CALL_NO_NUMBER;
  if (read_number (text, &number))
    return number;
  ap_call_reader_fail (reader, AP_CALL_ERROR_BAD_NUMBER, field, "is no whole number");
  return AP_CALL_NO_NUMBER;
}

const guint8 *
ap_call_reader_payload (ApCallReader *reader, gsize *length)
{
  const ApJsonToken *token = &reader->values[AP_CALL_FIELD_PAYLOAD];
  const char *text = token->text;
  gsize text_length = token->length;
  guint8 *bytes = (guint8 *)reader->to;
  gssize n = -1;

  *length = 0;
  if (token->type != AP_JSON_STRING) {
    ap_call_reader_fail (reader, AP_CALL_ERROR_WRONG_TYPE, AP_CALL_FIELD_PAYLOAD, "is no string");
    return NULL;
  }
  if (token->escaped) { /* as \/ is by some; the bytes go over their own text */
    text = keep (reader, token);
    text_length = text != NULL ? strlen (text) : 0;
  }
  if (text != NULL && (gsize)(reader->end - (char *)bytes) >= text_length)
    n = ap_base64_decode (text, text_length, bytes);
  if (n < 0) {
    ap_call_reader_fail (reader, AP_CALL_ERROR_BAD_BASE64, AP_CALL_FIELD_PAYLOAD, "is not base 64");
    return NULL;
  }
  if (n > AP_CALL_PAYLOAD_BYTES) {
    ap_call_reader_fail (reader, AP_CALL_ERROR_TOO_LARGE, AP_CALL_FIELD_PAYLOAD, "is too large");
    return NULL;
  }
  reader->to = MAX (reader->to, (char *)bytes + n);
  *length = (gsize)n;
  return bytes;
}

ApCallTracks
ap_call_tracks_from_name (const char *name, gsize length)
{
  static const struct {
    const char *name;
    guint tracks;
  } names[] = {
    { "inbound", AP_CALL_TRACK_INBOUND },
    { "outbound", AP_CALL_TRACK_OUTBOUND },
    { "both", AP_CALL_TRACK_INBOUND | AP_CALL_TRACK_OUTBOUND },
  };

  if (length > strlen ("_track") && memcmp (name + length - strlen ("_track"), "_track", strlen ("_track")) == 0)
    length -= strlen ("_track");
  else if (length > strlen ("_tracks") &&
           memcmp (name + length - strlen ("_tracks"), "_tracks", strlen ("_tracks")) == 0)
    length -= strlen ("_tracks");
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i].name) == length && memcmp (names[i].name, name, length) == 0)
      return names[i].tracks;
  return 0;
}

/* --- where fields are --- */

/* How much a value says: nothing, that something is there, an empty string, something. */
static guint
weight (const ApJsonToken *token)
{
  switch (token->type) {
  case AP_JSON_STRING:
    return token->length > 0 ? 3 : 2;
  case AP_JSON_NUMBER:
    return 3;
  case AP_JSON_OBJECT:
  case AP_JSON_ARRAY:
  case AP_JSON_BOOLEAN:
    return 1;
  case AP_JSON_END:
  case AP_JSON_ERROR:
  case AP_JSON_OBJECT_END:
  case AP_JSON_ARRAY_END:
  case AP_JSON_KEY:
  case AP_JSON_NULL:
  default:
    return 0;
  }
}

static void
store (ApCallReader *reader, ApCallField field, guint8 rank, const ApJsonToken *token)
{
  ApJsonToken *value = &reader->values[field];
  gboolean again = value->type != AP_JSON_END && reader->ranks[field] == rank;

  if (!again && (weight (token) < weight (value) || (weight (token) == weight (value) && rank > reader->ranks[field])))
    return;
  *value = *token;
  if (token->type == AP_JSON_NULL)
    value->type = AP_JSON_END;
  reader->ranks[field] = rank;
}

/* The row for a path; NULL where the dialect has nothing. */
static const ApCallPath *
find (const ApCallReader *reader, const char *path, gsize length)
{
  for (const ApCallPath *row = reader->paths; row->path != NULL; row++)
    if (row->length == length && memcmp (row->path, path, length) == 0)
      return row;
  return NULL;
}

static void
take_tracks (ApCallReader *reader, const ApJsonToken *token)
{
  if (token->type == AP_JSON_STRING)
    reader->tracks |= ap_call_tracks_from_name (token->text, token->length);
}

/* --- JSON --- */

#define NO_PATH 255 /* a length: nothing in here means anything to a dialect */

typedef struct {
  ApJsonScanner scanner;
  ApJsonToken key;                      /* of the value to come */
  char path[AP_CALL_PATH_BYTES];        /* of the value to come, and of everything that it is in */
  guint8 value;                         /* its length */
  guint8 inside[AP_JSON_MAX_DEPTH + 1]; /* the length of the path of each object and array that it is in */
  guint32 arrays;                       /* a bit for each, the innermost lowest: it is an array */
  guint depth;
} Walk;

/* The value to come is the member @walk->key of the innermost object. */
static void
enter_member (Walk *walk)
{
  const ApJsonToken *key = &walk->key;
  gsize base = walk->inside[walk->depth];
  gsize at = base > 0 ? base + 1 : 0;
  gssize length = -1;

  walk->value = NO_PATH;
  if (at + key->length <= sizeof walk->path) /* which nothing below NO_PATH is */
    length = ap_json_token_unescape (key, walk->path + at);
  if (length < 0 || memchr (walk->path + at, '.', (gsize)length) != NULL)
    return;
  if (base > 0)
    walk->path[base] = '.';
  walk->value = (guint8)(at + (gsize)length);
}

/* A member of the object whose members are the call's parameters. */
static void
take_parameter (ApCallReader *reader, const Walk *walk, const ApJsonToken *token)
{
  gsize base = walk->inside[walk->depth];
  ApCallParameter *parameter = &reader->message->kept[reader->n_parameters];

  if (reader->parameters == NULL || strlen (reader->parameters) != base ||
      memcmp (reader->parameters, walk->path, base) != 0 || token->type == AP_JSON_NULL ||
      reader->n_parameters == AP_CALL_PARAMETERS)
    return;
  parameter->name = keep (reader, &walk->key);
  parameter->value = keep (reader, token);
  if (parameter->name != NULL && parameter->value != NULL)
    reader->n_parameters++;
  else if (reader->problem == NULL)
    g_set_error (&reader->problem, AP_CALL_ERROR, AP_CALL_ERROR_BAD_STRING,
                 "a parameter has a NUL or half a surrogate pair");
}

static void
visit (ApCallReader *reader, const Walk *walk, const ApJsonToken *token)
{
  const ApCallPath *row = walk->value == NO_PATH ? NULL : find (reader, walk->path, walk->value);
  gboolean element = walk->arrays & 1;

  if (row != NULL && row->field == AP_CALL_FIELD_TRACKS)
    take_tracks (reader, token);
  else if (row != NULL && !element)
    store (reader, row->field, (guint8)(row - reader->paths), token);
  else if (row == NULL && !element && token->type != AP_JSON_OBJECT && token->type != AP_JSON_ARRAY)
    take_parameter (reader, walk, token);
}

static void
step (ApCallReader *reader, Walk *walk, const ApJsonToken *token)
{
  switch (token->type) {
  case AP_JSON_KEY:
    walk->key = *token;
    enter_member (walk);
    break;
  case AP_JSON_OBJECT:
  case AP_JSON_ARRAY:
    visit (reader, walk, token);
    if (walk->arrays & 1)
      walk->value = NO_PATH; /* what is within an element has no place of its own */
    walk->inside[++walk->depth] = walk->value;
    walk->arrays = walk->arrays << 1 | (token->type == AP_JSON_ARRAY);
    break;
  case AP_JSON_OBJECT_END:
  case AP_JSON_ARRAY_END:
    walk->depth--;
    walk->arrays >>= 1;
    walk->value = walk->inside[walk->depth];
    break;
  case AP_JSON_STRING:
  case AP_JSON_NUMBER:
  case AP_JSON_BOOLEAN:
  case AP_JSON_NULL:
    visit (reader, walk, token);
    break;
  case AP_JSON_END:
  case AP_JSON_ERROR:
  default:
    break;
  }
}

static gboolean
fail_scan (ApCallReader *reader, const ApJsonScanner *scanner)
{
  static const ApCallErrorCode codes[] = {
    [AP_JSON_FAULT_SYNTAX] = AP_CALL_ERROR_SYNTAX,
    [AP_JSON_FAULT_UTF8] = AP_CALL_ERROR_UTF8,
    [AP_JSON_FAULT_DEPTH] = AP_CALL_ERROR_TOO_DEEP,
  };

  g_clear_error (&reader->problem);
  g_set_error (&reader->problem, AP_CALL_ERROR, (gint)codes[scanner->fault], "no JSON at byte %" G_GSIZE_FORMAT ": %s",
               ap_json_scanner_offset (scanner), scanner->problem);
  return FALSE;
}

gboolean
ap_call_reader_read_json (ApCallReader *reader, const char *text, gsize length)
{
  Walk walk = { .value = NO_PATH };
  ApJsonToken token;

  ap_json_scanner_init (&walk.scanner, text, length);
  if (ap_json_scanner_next (&walk.scanner, &token) == AP_JSON_ERROR)
    return fail_scan (reader, &walk.scanner);
  if (token.type != AP_JSON_OBJECT) {
    g_set_error (&reader->problem, AP_CALL_ERROR, AP_CALL_ERROR_NOT_OBJECT, "the message is JSON, but no object");
    return FALSE;
  }
  walk.depth = 1; /* inside[1] is the empty path of the object itself */
  while (ap_json_scanner_next (&walk.scanner, &token) > AP_JSON_ERROR)
    step (reader, &walk, &token);
  return token.type == AP_JSON_ERROR ? fail_scan (reader, &walk.scanner) : reader->problem == NULL;
}

/* --- words --- */

/* From @at to the first of @stops, or @end. */
static gsize
span_until (const char *at, const char *end, const char *stops)
{
  const char *to = at;

  while (to < end && strchr (stops, *to) == NULL)
    to++;
  return (gsize)(to - at);
}

/* `key:value` of a field goes there. Anything else is, with all behind it, a mark's name or a complaint. Returns where
 * it ends. */
static const char *
take_word (ApCallReader *reader, const char *word, const char *end)
{
  gsize length = span_until (word, end, " ");
  gsize key = span_until (word, word + length, ":");
  const ApCallPath *row = key < length ? find (reader, word, key) : NULL;
  gboolean rest = row == NULL || row->field == AP_CALL_FIELD_FAULT_TEXT;
  const char *value = row != NULL ? word + key + 1 : word;
  ApJsonToken token = { AP_JSON_STRING, value, (gsize)((rest ? end : word + length) - value), FALSE };

  if (row != NULL) {
    store (reader, row->field, (guint8)(row - reader->paths), &token);
  } else {
    store (reader, AP_CALL_FIELD_MARK, G_MAXUINT8, &token);
    store (reader, AP_CALL_FIELD_FAULT_TEXT, G_MAXUINT8, &token);
  }
  return value + token.length;
}

gboolean
ap_call_reader_read_words (ApCallReader *reader, const char *text, gsize length)
{
  const char *end = text + length;
  ApJsonToken event = { AP_JSON_STRING, text, span_until (text, end, " "), FALSE };

  if (!g_utf8_validate_len (text, length, NULL)) { /* which no NUL passes */
    g_set_error (&reader->problem, AP_CALL_ERROR, AP_CALL_ERROR_UTF8, "the message is not UTF-8");
    return FALSE;
  }
  if (event.length > 0)
    store (reader, AP_CALL_FIELD_EVENT, 0, &event);
  for (const char *at = text + event.length; at < end;)
    at = *at == ' ' ? at + 1 : take_word (reader, at, end);
  return TRUE;
}
