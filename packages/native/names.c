#include "names.h"

#include "arrays.h"
#include "text.h"

/* Whether a style has "none" in it and, without its spaces, "display:none". */
static int is_undisplayed(bytes style)
{
    static const bytes none = {(const unsigned char *)"none", 4};
    static const char sought[] = "display:none";
    if (!holds(style, none))
        return 0;
    for (size_t start = 0; start < style.count; start++) {
        const char *left = sought;
        for (size_t at = start; *left && at < style.count; at++) {
            if (style.at[at] == (unsigned char)*left)
                left++;
            else if (style.at[at] != ' ' || left == sought)
                break;
        }
        if (*left == '\0')
            return 1;
    }
    return 0;
}

static PyObject *name_of_class(names_tables *tables, bytes class)
{
    uint64_t ends[2];
    if (class.count < sizeof *ends)
        return decode(class.at, class.count);
    memcpy(&ends[0], class.at, sizeof *ends);
    memcpy(&ends[1], class.at + class.count - sizeof *ends, sizeof *ends);
    known_class *known = &tables->classes[((ends[0] ^ ends[1] * 3 ^ class.count) * 0x9e3779b97f4a7c15) >> 57];
    if (known->class.count == class.count && memcmp(known->class.at, class.at, class.count) == 0)
        return Py_NewRef(known->name);
    PyObject *name = decode(class.at, class.count);
    if (name != NULL)
        *known = (known_class){class, name};
    return name;
}

PyObject *read_names(names_tables *tables, node *element, Py_ssize_t *bits)
{
    bytes class = {0}, id = {0}, testid = {0}, itemprop = {0}, role = {0}, style = {0};
    int aria_hidden = 0;
    if (lexbor.type(element) == ELEMENT) {
        attribute *each = lexbor.first_attribute(element);
        for (; each != NULL; each = lexbor.next_attribute(each)) {
            bytes name = {0}, value = {0};
            name.at = lexbor.attribute_name(each, &name.count);
            value.at = lexbor.attribute_value(each, &value.count);
            if (value.at == NULL)
                value.count = 0;
            if (is(name, "class"))
                class = value;
            else if (is(name, "id"))
                id = value;
            else if (is(name, "style"))
                style = value;
            else if (is(name, "role"))
                role = value;
            else if (is(name, "itemprop"))
                itemprop = value;
            else if (is(name, "data-testid"))
                testid = value;
            else if (is(name, "aria-hidden"))
                aria_hidden = is(value, "true");
            else if (is(name, "hidden"))
                *bits |= tables->own[HIDDEN];
            else if (is(name, "itemscope"))
                *bits |= tables->own[ITEMSCOPE];
        }
    }
    if (aria_hidden)
        *bits |= tables->own[ARIA_HIDDEN];
    if (is_undisplayed(style))
        *bits |= tables->own[UNDISPLAYED];
    if (!(id.count || testid.count || itemprop.count || role.count))
        return name_of_class(tables, class);

    buffer name = {0};
    PyObject *names = NULL;
    const struct {
        const char *before;
        bytes value;
    } parts[] = {{" ", id}, {" ", testid}, {" itemprop ", itemprop}, {" role ", role}};
    if (put(&name, class.at, class.count) < 0)
        goto done;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.count &&
            (put(&name, parts[i].before, strlen(parts[i].before)) < 0 ||
             put(&name, parts[i].value.at, parts[i].value.count) < 0))
            goto done;
    if (role.count) {
        PyObject *key = decode(role.at, role.count);
        PyObject *bit = key ? PyDict_GetItemWithError(tables->roles, key) : NULL;
        Py_XDECREF(key);
        if (bit != NULL)
            *bits |= PyLong_AsSsize_t(bit);
        if (PyErr_Occurred())
            goto done;
    }
    names = decode(name.at, name.count);
done:
    PyMem_Free(name.at);
    return names;
}
