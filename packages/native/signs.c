#include "css.h"

/* of `font`'s words before a size, of what moves, and of a veiled name or value: as in the patterns */
enum { FONT_WORDS = 21, MOVE = 60, VEILED_NAME = 30, VEILED_VALUE = 8 };
/* before a side that is far off, a size that is nothing, a unit of angles in `rotate` and one in a function, a path */
enum { SIDES = 40, SIZES = 30, TURN = 30, ANGLE = 20, PATH = 60 };

static const unsigned char *skip_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && is_space(*p))
        p++;
    return p;
}

static const unsigned char *skip_digits(const unsigned char *p, const unsigned char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

/* Whether a word, in lower case, is at `p`. */
static int begins(const unsigned char *p, const unsigned char *end, const char *word)
{
    for (; *word; word++, p++)
        if (p == end || lower(*p) != (unsigned char)*word)
            return 0;
    return 1;
}

/* Whether what ends before `p` ends with a word. */
static int ends(const unsigned char *css, const unsigned char *p, const char *word)
{
    size_t size = strlen(word);
    return (size_t)(p - css) >= size && begins(p - size, p, word);
}

/* Whether a name ends before `p` and begins with the word: a property of another name may end so too. */
static int is_named(const unsigned char *css, const unsigned char *p, const char *word)
{
    size_t size = strlen(word);
    if (!ends(css, p, word) || (size_t)(p - css) == size)
        return 0;
    unsigned char before = *(p - size - 1);
    return is_space(before) || before == '{' || before == '}' || before == ';';
}

int is_veiled_name(const unsigned char *p, const unsigned char *end)
{
    const unsigned char *number = ++p;
    while (p < end && p - number < 6 && is_hex(*p))
        p++;
    if (p == number)
        return 0;
    if (p < end && is_space(*p))
        p++;
    for (int i = 0; i < VEILED_NAME && p < end && ((lower(*p) >= 'a' && lower(*p) <= 'z') || *p == '-'); i++)
        p++;
    p = skip_space(p, end);
    return p < end && *p == ':';
}

/* `0?\.?0\d*\s*[;}!%]` */
static int is_no_opacity(const unsigned char *p, const unsigned char *end)
{
    if (end - p > 1 && *p == '0' && p[1] == '.')
        p++;
    if (p < end && *p == '.')
        p++;
    if (p == end || *p != '0')
        return 0;
    p = skip_space(skip_digits(p, end), end);
    return p < end && (*p == ';' || *p == '}' || *p == '!' || *p == '%');
}

/* `0?\.?0` */
static int is_nothing(const unsigned char *p, const unsigned char *end)
{
    return p < end && (*p == '0' || (*p == '.' && end - p > 1 && p[1] == '0'));
}

/* `0?\.?0*%?\s*[,);}]` */
static int is_no_scale(const unsigned char *p, const unsigned char *end)
{
    if (p < end && *p == '0')
        p++;
    if (p < end && *p == '.')
        p++;
    while (p < end && *p == '0')
        p++;
    if (p < end && *p == '%')
        p++;
    p = skip_space(p, end);
    return p < end && (*p == ',' || *p == ')' || *p == ';' || *p == '}');
}

/* `[^;{}]{0,60}(?:\d{4}|\d{3}v|\d\dr?em)` */
static int is_far_move(const unsigned char *p, const unsigned char *end)
{
    const unsigned char *last = end - p > MOVE ? p + MOVE : end;
    for (int digits = 0; p < end && p - last <= 3 && *p != ';' && *p != '{' && *p != '}'; p++) {
        if (is_digit(*p)) {
            if (++digits == 4 && p - 3 <= last)
                return 1;
            continue;
        }
        if ((digits >= 3 && p - 3 <= last && lower(*p) == 'v') ||
            (digits >= 2 && p - 2 <= last && (begins(p, end, "em") || begins(p, end, "rem"))))
            return 1;
        digits = 0;
    }
    return 0;
}

static int ends_value(unsigned char c)
{
    return c == ';' || c == '{' || c == '}';
}

/* `[a-z]{0,8}\\` */
static int is_veiled_value(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i < VEILED_VALUE && p < end && lower(*p) >= 'a' && lower(*p) <= 'z'; i++)
        p++;
    return p < end && *p == '\\';
}

/* What is in `calc(` and its like; NULL where there is none. */
static const unsigned char *inside_call(const unsigned char *p, const unsigned char *end)
{
    static const char *const calls[] = {"calc(", "min(", "max(", "clamp("};
    if (p < end && (lower(*p) == 'c' || lower(*p) == 'm'))
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            if (begins(p, end, calls[i]))
                return p + strlen(calls[i]);
    return NULL;
}

/* Whether what is declared behind the colon at `p` is of these: `(?:margin|inset)(?:-inline|-block)?` or a side. */
static int is_side(const unsigned char *css, const unsigned char *name, int is_short)
{
    static const char *const shorthands[] = {"margin",        "inset",        "margin-inline",
                                             "margin-block", "inset-inline", "inset-block"};
    static const char *const sides[] = {"left", "right", "top", "bottom", "indent", "margin", "inset", "start", "end"};
    size_t count = is_short ? sizeof shorthands / sizeof *shorthands : sizeof sides / sizeof *sides;
    for (size_t i = 0; i < count; i++)
        if (ends(css, name, is_short ? shorthands[i] : sides[i]))
            return 1;
    return 0;
}

/* `[^;{}]{1,40}\s-\d{3}` */
static int has_far_side(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i <= SIDES && end - p > 4 && !ends_value(*p); i++, p++)
        if (i > 0 && is_space(*p) && p[1] == '-' && is_digit(p[2]) && is_digit(p[3]) && is_digit(p[4]))
            return 1;
    return 0;
}

/* `[^;{}]{0,30}(?:90deg|270deg|turn|rad)`, and in a function `[^;{}()]{0,20}(?:turn|rad)` */
static int has_angle(const unsigned char *p, const unsigned char *end, int is_call)
{
    for (int i = 0; i <= (is_call ? ANGLE : TURN) && p < end; i++, p++) {
        if (begins(p, end, "turn") || begins(p, end, "rad") ||
            (!is_call && (begins(p, end, "90deg") || begins(p, end, "270deg"))))
            return 1;
        if (ends_value(*p) || (is_call && (*p == '(' || *p == ')')))
            return 0;
    }
    return 0;
}

/* `[^;{}]{0,60}\d{3}` */
static int has_far_path(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i <= PATH && end - p > 2 && !ends_value(*p); i++, p++)
        if (is_digit(*p) && is_digit(p[1]) && is_digit(p[2]))
            return 1;
    return 0;
}

/* `[^;{}()]{1,30},`, and `is_no_scale` */
static int has_no_height(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i <= SIZES && p < end && !ends_value(*p) && *p != '(' && *p != ')'; i++, p++)
        if (i > 0 && *p == ',' && is_no_scale(skip_space(p + 1, end), end))
            return 1;
    return 0;
}

/* `font`'s value, or its size: 1px or less, `POSSIBLE` behind words. */
static int read_font(const unsigned char *p, const unsigned char *end)
{
    const unsigned char *inside = inside_call(p, end);
    if (inside != NULL) {
        inside = skip_space(inside, end);
        if (begins(inside, end, "1px") ||
            (end - inside > 1 && *inside == '0' && inside[1] != '.' && !is_digit(inside[1])))
            return SIGN;
    }
    const unsigned char *begin = p;
    for (int i = 0; i < FONT_WORDS && p < end && (is_space(*p) || (lower(*p) >= 'a' && lower(*p) <= 'z')); i++)
        p++;
    int likely = p == begin ? SIGN : POSSIBLE;
    if (p == end || (*p != '0' && *p != '.'))
        return begins(p, end, "1px") ? likely : NOTHING;
    if (*p == '0' && end - p > 1 && p[1] != '.' && p[1] != '{')
        return likely;
    p += *p == '0';
    if (end - p < 2 || *p != '.')
        return NOTHING;
    return p[1] == '0' || begins(skip_digits(p + 1, end), end, "px") ? POSSIBLE : NOTHING;
}

/* `:\s*-(?:\d{3}|\d+(?:v|r?em))`, from the minus on */
static int is_far_back(const unsigned char *p, const unsigned char *end)
{
    const unsigned char *after = skip_digits(++p, end);
    return after - p >= 3 ||
           (after > p && after < end &&
            (lower(*after) == 'v' || begins(after, end, "em") || begins(after, end, "rem") ||
             (lower(*after) == 'e' && end - after > 1 && is_digit(after[1]))));
}

/* `\+?(?:\d{4}|\d{3}(?:v|r?em))` */
static int is_far_off(const unsigned char *p, const unsigned char *end)
{
    if (p < end && *p == '+')
        p++;
    const unsigned char *after = skip_digits(p, end);
    return after - p >= 4 || (after - p == 3 && after < end &&
                              (lower(*after) == 'v' || begins(after, end, "em") || begins(after, end, "rem")));
}

/* `[{};\s]` and the name of a size before the colon, and `(?:0[^.\d{]|1px)` behind it */
static int is_no_size(const unsigned char *css, const unsigned char *name, const unsigned char *p,
                      const unsigned char *end)
{
    if (p == end || !(*p == '0' ? p + 1 < end && p[1] != '.' && p[1] != '{' && !is_digit(p[1])
                             : begins(p, end, "1px")))
        return 0;
    static const char *const sizes[] = {"height",     "width",      "max-height",     "max-width",      "line-height",
                                        "line-width", "block-size", "max-block-size", "inline-size", "max-inline-size"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (is_named(css, name, sizes[i]))
            return 1;
    return 0;
}

/* Where a name ends without `x`, `3d` and their like. */
static const unsigned char *without_axes(const unsigned char *css, const unsigned char *p)
{
    while (p > css && (p[-1] == '3' || lower(p[-1]) == 'd' || (lower(p[-1]) >= 'x' && lower(p[-1]) <= 'z')))
        p--;
    return p;
}

/* Whether `scale`, `translate` or the like, which ends before its axes at `name`, takes what is behind `p` away. */
static int is_moved(const unsigned char *css, const unsigned char *name, const unsigned char *p,
                    const unsigned char *end)
{
    if (name == css || lower(name[-1]) != 'e')
        return 0;
    return (ends(css, name, "scale") && is_no_scale(skip_space(p + 1, end), end)) ||
           (ends(css, name, "translate") && is_far_move(p + 1, end));
}

int read_function(const unsigned char *css, const unsigned char *p, const unsigned char *end)
{
    const unsigned char *inside = skip_space(p + 1, end), *name;
    if (p == css)
        return 0;
    if (ends(css, p, "opacity"))
        return is_nothing(inside, end) ? SIGN : NOTHING;
    if (ends(css, p, "blur"))
        return inside < end && (*inside == '8' || *inside == '9' ||
                                (is_digit(*inside) && end - inside > 1 && is_digit(inside[1])))
                   ? SIGN
                   : NOTHING;
    name = without_axes(css, p);
    if (is_moved(css, name, p, end) || ends(css, p, "matrix") || ends(css, p, "matrix3d"))
        return SIGN;
    if (ends(css, p, "scale") || ends(css, p, "scale3d"))
        return has_no_height(p + 1, end) ? SIGN : NOTHING;
    int has_axis = p - name == 1 && lower(*name) >= 'x' && lower(*name) <= 'y';
    if (!(has_axis && (ends(css, name, "rotate") || ends(css, name, "skew"))) && !ends(css, p, "skew"))
        return NOTHING;
    if (has_angle(p + 1, end, 1))
        return SIGN;
    if (inside < end && *inside == '-')
        inside++;
    return begins(inside, end, "90deg") || begins(inside, end, "270deg") ? SIGN : NOTHING;
}

/* What a colour begins with. */
static unsigned bits_of_color(const unsigned char *p, const unsigned char *end)
{
    if (p == end)
        return ANY_COLOR;
    unsigned char c = lower(*p);
    if (c == '#' && p + 1 < end && is_hex(p[1])) {
        unsigned char first = lower(p[1]);
        int digits = 1, last_zero = 0;
        for (const unsigned char *each = p + 2; each < end && digits < 8 && is_hex(*each); each++)
            if (++digits == 4 || digits == 7)
                last_zero = *each == '0';
        /* #rgb0 and #rrggbb0 */
        unsigned clear = last_zero && (digits == 4 || digits >= 7) ? MAY_BE_CLEAR : 0;
        return ANY_COLOR | clear |
               (first == '0'   ? (unsigned)DARK
                : first >= 'e' ? (unsigned)LIGHT
                               : 1u << (is_digit(first) ? first - '1' : first - 'a' + 9));
    }
    if (c == 'r') {
        const unsigned char *value = begins(p, end, "rgb(") ? p + 4 : begins(p, end, "rgba(") ? p + 5 : end;
        unsigned bright = 0;
        if (end - value >= 2 && *value == '2' && (value[1] == '4' || value[1] == '5'))
            bright = LIGHT;
        else if (end - value >= 2 && is_digit(*value) && value[1] == ',')
            bright = DARK;
        return ANY_COLOR | MAY_BE_CLEAR | bright;
    }
    if (c == 't' || c == 'v' || c == 'h' || begins(p, end, "okl") || begins(p, end, "lab") || begins(p, end, "lch") ||
        begins(p, end, "color-mix"))
        return ANY_COLOR | MAY_BE_CLEAR;
    return ANY_COLOR | (begins(p, end, "white") ? LIGHT : 0) | (begins(p, end, "black") ? DARK : 0);
}

/* `transp|#0000[^0-9a-f{]|#00000000|rgba?\(\s*0\s*,\s*0\s*,\s*0\s*,\s*0\s*\)` */
static int is_clear(const unsigned char *p, const unsigned char *end)
{
    if (begins(p, end, "transp") || begins(p, end, "#00000000"))
        return 1;
    if (begins(p, end, "#0000"))
        return end - p > 5 && !is_hex(p[5]) && p[5] != '{';
    if (!begins(p, end, "rgb(") && !begins(p, end, "rgba("))
        return 0;
    p += lower(p[3]) == 'a' ? 5 : 4;
    for (const char *each = "0,0,0,0)"; *each; each++, p++) {
        p = skip_space(p, end);
        if (p == end || *p != (unsigned char)*each)
            return 0;
    }
    return 1;
}

int read_declaration(const unsigned char *css, const unsigned char *p, const unsigned char *end, unsigned *colors)
{
    const unsigned char *name = p, *value = skip_space(p + 1, end);
    while (name > css && is_space(name[-1]))
        name--;
    if (name == css)
        return NOTHING;
    unsigned char v = value < end ? lower(*value) : 0;
    if (v == '-' && is_far_back(value, end))
        return SIGN;
    const unsigned char *inside = inside_call(value, end);
    if (inside != NULL && is_side(css, name, 0) && is_far_move(inside, end))
        return SIGN;
    int found = 0;
    switch (lower(name[-1])) {
    case 'y':
        if (ends(css, name, "display"))
            found = begins(value, end, "none") || begins(value, end, "var") || begins(value, end, "table-column") ||
                    is_veiled_value(value, end);
        else if (ends(css, name, "visibility"))
            found = begins(value, end, "hidden") || begins(value, end, "collapse") || begins(value, end, "var") ||
                    is_veiled_value(value, end);
        else if (ends(css, name, "opacity"))
            found = begins(value, end, "var") || is_no_opacity(value, end);
        break;
    case 't':
        if (ends(css, name, "font"))
            return read_font(value, end);
        if (ends(css, name, "font-size-adjust"))
            found = end - value > 1 && *value == '0' && value[1] != '.' && value[1] != '{' && !is_digit(value[1]);
        else if (ends(css, name, "offset"))
            found = has_far_path(p + 1, end);
        else if (ends(css, name, "inset"))
            found = has_far_side(p + 1, end);
        else
            found = ends(css, name, "height") ? is_no_size(css, name, value, end)
                                              : (ends(css, name, "left") || ends(css, name, "right")) && is_far_off(value, end);
        break;
    case 'h':
        found = ends(css, name, "width") ? is_no_size(css, name, value, end)
                                         : ends(css, name, "clip-path") ||
                                               (ends(css, name, "offset-path") && has_far_path(p + 1, end));
        break;
    case 'n':
        found = ends(css, name, "margin") && has_far_side(p + 1, end);
        break;
    case 'p':
        found = ends(css, name, "clip") || (ends(css, name, "top") && is_far_off(value, end));
        break;
    case 'm':
        found = (ends(css, name, "bottom") && is_far_off(value, end)) ||
                (ends(css, name, "zoom") && is_nothing(value, end));
        break;
    case 'k':
        if (is_side(css, name, 1) && has_far_side(p + 1, end))
            return SIGN;
        return ends(css, name, "mask") ? POSSIBLE : NOTHING;
    case 'r':
        if (ends(css, name, "fill-color"))
            return v == 't' || v == 'r' || v == 'h' || v == '#' ? POSSIBLE : NOTHING;
        if (!is_named(css, name, "color") && !is_named(css, name, "background-color"))
            return NOTHING;
        if (is_named(css, name, "color") && is_clear(value, end))
            return SIGN;
        *colors = bits_of_color(value, end);
        return name - css > 6 && name[-6] == '-' ? BACKGROUND : TEXT_COLOR;
    case 'd':
        if (!is_named(css, name, "background"))
            break;
        *colors = bits_of_color(value, end);
        return BACKGROUND;
    case 'e':
        if (ends(css, name, "font-size"))
            return read_font(value, end);
        if (ends(css, name, "mask-image"))
            return POSSIBLE;
        found = (ends(css, name, "-size") && is_no_size(css, name, value, end)) ||
                (is_named(css, name, "rotate") && has_angle(p + 1, end, 0)) ||
                (ends(css, name, "-inline") && is_side(css, name, 1) && has_far_side(p + 1, end));
        break;
    }
    /* `scale:`, `translatex:` and their like */
    return found || (name == p && is_moved(css, without_axes(css, name), p, end)) ? SIGN : NOTHING;
}
