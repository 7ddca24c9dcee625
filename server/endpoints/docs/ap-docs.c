/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers with files that are part of the program. */
#include "endpoints/docs/ap-docs.h"

#include "endpoints/docs/ap-docs-file.h"

#include <string.h>

/* Scripts and styles of the server alone, and requests to it alone. ReDoc's styles come by CSSOM, into <style> elements
 * that are empty: the hash is that of nothing. Both pages have pictures, and ReDoc its font, in data: URLs. */
#define POLICY                                                                                                         \
  "default-src 'none'; script-src 'self'; "                                                                            \
  "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "                                           \
  "img-src 'self' data:; font-src data:; connect-src 'self'; "                                                         \
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* What an answer is made of: one form of a file. */
typedef struct {
  const ApDocsFile *file;
  gboolean packed;
} Form;

static const ApDocsFile *
find_file (const char *path)
{
  for (const ApDocsFile *file = ap_docs_files; file->path != NULL; file++)
    if (g_str_equal (file->path, path))
      return file;
  return NULL;
}

static gboolean
has_word (GSList *words, const char *word)
{
  return g_slist_find_custom (words, word, (GCompareFunc)g_ascii_strcasecmp) != NULL;
}

/* RFC 9110, section 12.5.3. @refused: (out): the client takes nothing that is packed; one that says nothing takes
 * anything. */
static gboolean
asks_for_gzip (ApHttpRequest *request, gboolean *refused)
{
  const char *header = ap_http_request_get_header (request, "Accept-Encoding");
  GSList *no = NULL;
  GSList *yes = header != NULL ? soup_header_parse_quality_list (header, &no) : NULL;
  gboolean named = has_word (yes, "gzip") || has_word (yes, "x-gzip");
  gboolean asked = named || (has_word (yes, "*") && !has_word (no, "gzip"));

  *refused = header != NULL && !asked;
  soup_header_free_list (yes);
  soup_header_free_list (no);
  return asked;
}

/* A weak comparison with each of those that the client has (RFC 9110, section 13.1.2). */
static gboolean
client_has (ApHttpRequest *request, const char *tag)
{
  const char *header = ap_http_request_get_header (request, "If-None-Match");
  GSList *tags = header != NULL ? soup_header_parse_list (header) : NULL;
  gboolean found = FALSE;

  for (GSList *item = tags; item != NULL && !found; item = item->next) {
    const char *text = item->data;

    found = g_str_equal (text, "*") || g_str_equal (g_str_has_prefix (text, "W/") ? text + 2 : text, tag);
  }
  soup_header_free_list (tags);
  return found;
}

static void
add_headers (ApHttpRequest *request, const Form *form, const char *tag)
{
  ap_http_request_add_header (request, "ETag", tag);
  ap_http_request_add_header (request, "Cache-Control", "no-cache"); /* kept, and asked about each time */
  ap_http_request_add_header (request, "Vary", "Accept-Encoding");
  ap_http_request_add_header (request, "X-Content-Type-Options", "nosniff");
  if (form->packed)
    ap_http_request_add_header (request, "Content-Encoding", "gzip");
  if (!g_str_has_prefix (form->file->type, "text/html"))
    return;
  ap_http_request_add_header (request, "Content-Security-Policy", POLICY);
  ap_http_request_add_header (request, "Referrer-Policy", "no-referrer");
}

static void
answer_form (ApHttpRequest *request, const Form *form)
{
  const ApDocsFile *file = form->file;
  g_autofree char *tag = g_strdup_printf ("\"%s%s\"", file->tag, form->packed ? "-gzip" : "");
  g_autoptr (GBytes) body = form->packed ? g_bytes_new_static (file->packed, file->packed_length)
                                         : g_bytes_new_static (file->plain, file->plain_length);

  add_headers (request, form, tag);
  if (client_has (request, tag))
    ap_http_request_respond (request, SOUP_STATUS_NOT_MODIFIED, NULL, NULL);
  else
    ap_http_request_respond (request, SOUP_STATUS_OK, file->type, body);
}

/* The large ones are not unpacked for who takes no gzip: no browser is such, and it would hold up audio. */
static void
answer (ApHttpRequest *request, const char *path)
{
  const ApDocsFile *file = find_file (path);
  gboolean refused;
  gboolean packed = asks_for_gzip (request, &refused);

  if (file == NULL)
    ap_http_request_respond_error (request, SOUP_STATUS_NOT_FOUND, "there is nothing at this path");
  else if (file->plain == NULL && refused)
    ap_http_request_respond_error (request, SOUP_STATUS_NOT_ACCEPTABLE,
                                   "there is this with Content-Encoding gzip only");
  else
    answer_form (request, &(Form){ file, packed || file->plain == NULL });
}

static void
answer_openapi (ApHttpRequest *request, gpointer data)
{
  answer (request, "/openapi.json");
}

static void
answer_asyncapi (ApHttpRequest *request, gpointer data)
{
  answer (request, "/asyncapi.json");
}

static void
answer_docs (ApHttpRequest *request, gpointer data)
{
  answer (request, "/docs");
}

static void
answer_redoc (ApHttpRequest *request, gpointer data)
{
  answer (request, "/redoc");
}

static void
answer_websockets (ApHttpRequest *request, gpointer data)
{
  answer (request, "/redoc/websockets");
}

static void
answer_file (ApHttpRequest *request, gpointer data)
{
  g_autofree char *path = g_strconcat ("/docs/", ap_http_request_get_parameter (request, "file"), NULL);

  answer (request, path);
}

static const ApHttpRoute routes[] = {
  { "GET", "/openapi.json", answer_openapi, .no_token = TRUE },
  { "GET", "/asyncapi.json", answer_asyncapi, .no_token = TRUE },
  { "GET", "/docs", answer_docs, .no_token = TRUE },
  { "GET", "/docs/{file}", answer_file, .no_token = TRUE },
  { "GET", "/redoc", answer_redoc, .no_token = TRUE },
  { "GET", "/redoc/websockets", answer_websockets, .no_token = TRUE },
  { 0 },
};

const ApRoom ap_docs_room = {
  .name = "docs",
  .routes = routes,
};
