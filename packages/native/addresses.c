/* Where links lead that are written plainly, as `Resolver` of gateway/core/markdown/links.py finds it. */

#include "addresses.h"

#include "text.h"

/* longer addresses are state, not places */
enum { MOST_BYTES = 4096 };

static int is_name(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

/* Whether nothing in it could be read otherwise in an address or in markdown. */
static int is_plain(const unsigned char *p, const unsigned char *end)
{
    for (; p < end; p++)
        if (!is_name(*p) && (*p >= 0x80 || *p == '\0' || strchr("/?=%&;:+,@!$~'*", *p) == NULL))
            return 0;
    return 1;
}

/* `_ABSOLUTE` of links.py, without a fragment. */
static int is_absolute(const unsigned char *p, const unsigned char *end)
{
    size_t count = (size_t)(end - p);
    size_t scheme = count > 7 && memcmp(p, "http://", 7) == 0 ? 7 : count > 8 && memcmp(p, "https://", 8) == 0 ? 8 : 0;
    if (scheme == 0)
        return 0;
    const unsigned char *host = p + scheme, *at = host;
    while (at < end && is_name(*at))
        at++;
    if (at == host)
        return 0;
    if (at < end && *at == ':') {
        const unsigned char *port = ++at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        if (at == port)
            return 0;
    }
    return at == end || ((*at == '/' || *at == '?') && is_plain(at, end));
}

PyObject *plain_address(bytes href, PyObject *origin)
{
    static const bytes edit = {(const unsigned char *)"action=edit", 11}, dots = {(const unsigned char *)"/.", 2};
    const unsigned char *p = href.at, *end = p + href.count;
    if (href.count == 0 || href.count > MOST_BYTES || holds(href, edit))
        return NULL;
    if (is_absolute(p, end))
        return decode(p, href.count);
    if (*p != '/' || PyUnicode_GetLength(origin) <= 0 || (href.count > 1 && p[1] == '/') || holds(href, dots) || !is_plain(p, end))
        return NULL;
    PyObject *path = decode(p, href.count), *url = path ? PyUnicode_Concat(origin, path) : NULL;
    Py_XDECREF(path);
    return url;
}
