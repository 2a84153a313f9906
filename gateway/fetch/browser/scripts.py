"""What runs inside a page, in a world of its own: the page's scripts see none of it and can change none of it.

Names that a page can put in the place of the DOM's own (`<form name=body>`, `<input name=children>`) are read through
the prototypes, which it cannot.
"""

# a page with fewer is a shell still; as `gateway.core.recovery.shell` has it
MIN_WORDS = 30
# that a page is scrolled through in, however long it is
MAX_WINDOWS = 40
# whose closed roots are looked for, of a page
MAX_HOSTS = 200

# what is neither space nor punctuation: Unicode's classes of letters take Chromium milliseconds to make ready
_WORD = r"/[^\s!-\/:-@\[-`{-\xbf\u2000-\u206f\u3000-\u303f]+/g"
_GETTERS = """
const getter = (type, name) => {
  const get = Object.getOwnPropertyDescriptor(type.prototype, name).get;
  return (node) => get.call(node);
};
const rootOf = getter(Document, "documentElement");
const textOf = getter(Node, "textContent");
"""

# how far the page is: -> {length, words, scripts, parsed, complete}
# Words of menus, heads and feet do not count, nor those of short links: they are there long before what the page is
# about. Shadow roots are looked for only where the document itself has few words: that takes a look at every element.
PROBE = f"""(() => {{
  {_GETTERS}
  const root = rootOf(document);
  const state = getter(Document, "readyState")(document);
  const parsed = state !== "loading", complete = state === "complete";
  if (!root) return {{ length: 0, words: 0, scripts: 0, parsed, complete }};
  const shadowOf = getter(Element, "shadowRoot"), nameOf = getter(Node, "nodeName");
  const passedOver = /^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|TITLE|NAV|HEADER|FOOTER)$/i;
  const isShortLink = (node) => nameOf(node) === "A" && (textOf(node).slice(0, 200).match({_WORD}) || []).length < 4;
  const judge = (node) => node.nodeType === 3 ? NodeFilter.FILTER_ACCEPT
    : passedOver.test(nameOf(node)) || isShortLink(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_SKIP;
  let length = 0, words = 0;
  const count = (top) => {{
    length += textOf(top).length;
    const shown = NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT;
    const walker = Document.prototype.createTreeWalker.call(document, top, shown, judge);
    for (let node = walker.nextNode(); node && words < {MIN_WORDS}; node = walker.nextNode()) {{
      const data = node.data.slice(0, 4000);
      words += (data.match({_WORD}) || []).length;
      words += (data.match(/[\\u3040-\\u30ff\\u3400-\\u9fff\\u0e00-\\u0e7f]/g) || []).length >> 1;
    }}
  }};
  const countShadows = (top, all) => {{
    for (const element of all.call(top, "*")) {{
      const shadow = shadowOf(element);
      if (!shadow) continue;
      count(shadow);
      countShadows(shadow, DocumentFragment.prototype.querySelectorAll);
    }}
  }};
  count(root);
  if (words < {MIN_WORDS}) countShadows(document, Document.prototype.querySelectorAll);
  return {{ length, words, scripts: getter(Document, "scripts")(document).length, parsed, complete }};
}})()"""

# Shadow roots: the open ones, and closed ones that were found. A custom element without one may have a closed one.
_SHADOWS = """
const openOf = getter(Element, "shadowRoot"), hostOf = getter(ShadowRoot, "host"), tagOf = getter(Element, "localName");
const closed = new Map(roots.map((root) => [hostOf(root), root]));
const shadowOf = (node) => openOf(node) || closed.get(node);
const mayHideOne = (node) =>
  tagOf(node).includes("-") && !shadowOf(node) && Element.prototype.matches.call(node, ":defined");
"""

# the document as HTML: limit, part, ...closed shadow roots -> {url, length, html, hosts}
# One longer than `part` is kept here, to be read in parts; `html` is "" then, as for one beyond the limit.
# Shadow roots are written out where a reader sees them, each slot with what is put into it. Their own style sheets
# are left out: they hold inside that root alone. `hosts`: there are elements that may have further ones.
READ = f"""function (limit, part, ...roots) {{
  {_GETTERS}
  {_SHADOWS}
  const outer = getter(Element, "outerHTML"), childrenOf = getter(Node, "childNodes");
  const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;
  const root = rootOf(document);
  const all = (top) => top.nodeType === 11
    ? DocumentFragment.prototype.querySelectorAll.call(top, "*")
    : Element.prototype.querySelectorAll.call(top, "*");
  const every = root ? [...all(root)] : [];
  const hasShadow = every.some(shadowOf);
  let hosts = every.some(mayHideOne);
  const text = (data) => data.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const quote = (value) => value.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
  const flat = (node, out, inShadow) => {{
    if (node.nodeType === 3) {{ out.push(text(node.data)); return; }}
    if (node.nodeType !== 1) return;
    const name = tagOf(node), shadow = shadowOf(node);
    hosts ||= inShadow && mayHideOne(node);
    if (inShadow && (name === "style" || name === "link")) return;
    if (!shadow && name !== "slot" && !all(node)[0]) {{ out.push(outer(node)); return; }}
    const slotted = name === "slot" ? HTMLSlotElement.prototype.assignedNodes.call(node) : [];
    if (name !== "slot") {{
      out.push("<" + name);
      for (const at of getter(Element, "attributes")(node)) out.push(` ${{at.name}}="${{quote(at.value)}}"`);
      out.push(">");
      if (VOID.test(name)) return;
      if (name === "template") {{ out.push(`</${{name}}>`); return; }}
    }}
    const within = shadow || node;
    for (const child of slotted.length ? slotted : childrenOf(within)) flat(child, out, inShadow || !!shadow);
    if (name !== "slot") out.push(`</${{name}}>`);
  }};
  let html = "";
  if (hasShadow) {{
    try {{ const out = []; flat(root, out, false); html = out.join(""); }} catch (fault) {{ html = ""; }}
  }}
  if (root && !html) html = outer(root);
  html = "<!DOCTYPE html>" + html.toWellFormed();
  const url = document.defaultView ? document.defaultView.location.href : "";
  const length = html.length;
  globalThis.held = length > part && length <= limit ? html : "";
  return {{ url, length, html: length <= Math.min(part, limit) ? html : "", hosts }};
}}"""

# elements that may have a closed shadow root: names, ...closed shadow roots -> those of these names, or one of each
# Custom elements of one name have them or have them not.
HOSTS = f"""function (names, ...roots) {{
  {_GETTERS}
  {_SHADOWS}
  const found = [], seen = new Set();
  const look = (top, all) => {{
    for (const element of all.call(top, "*")) {{
      if (found.length >= {MAX_HOSTS}) return;
      const shadow = shadowOf(element), name = tagOf(element);
      if (shadow) look(shadow, DocumentFragment.prototype.querySelectorAll);
      else if ((names ? names.includes(name) : !seen.has(name)) && mayHideOne(element)) {{
        seen.add(name);
        found.push(element);
      }}
    }}
  }};
  look(document, Document.prototype.querySelectorAll);
  return found;
}}"""

# the text of a frame that a reader sees: -> HTML of its body, "" where there is little of it
READ_FRAME = f"""function (limit) {{
  {_GETTERS}
  const body = getter(Document, "body")(document);
  if (!body || window.innerWidth < 100 || window.innerHeight < 50) return "";
  const words = (textOf(body).slice(0, 100000).match({_WORD}) || []).length;
  const html = getter(Element, "innerHTML")(body);
  return words < {MIN_WORDS} || html.length > limit ? "" : html.toWellFormed();
}}"""

# a part of it, which splits no character: from, length -> {part, next}
READ_PART = """function (from, length) {
  const held = globalThis.held || "";
  let next = from + length;
  if ((held.charCodeAt(next - 1) & 0xfc00) === 0xd800) next += 1;
  return { part: held.slice(from, next), next };
}"""

# whether a selector matches: -> true, false, or null where it is none
MATCHES = """function (selector) {
  try { return !!Document.prototype.querySelector.call(document, selector); } catch (fault) { return null; }
}"""

# a window's height on towards where the page ends now, or where it ended when this began: goal -> {goal, there}
# In many apps the window does not scroll but the part in its middle does.
TOWARDS_THE_END = f"""function (goal) {{
  {_GETTERS}
  const scrolls = (box) => box.scrollHeight > box.clientHeight + 1;
  let box = getter(Document, "scrollingElement")(document);
  if (!box || !scrolls(box)) {{
    let inner = Document.prototype.elementFromPoint.call(document, innerWidth / 2, innerHeight / 2);
    const holds = (box) => scrolls(box) && /auto|scroll/.test(getComputedStyle(box).overflowY);
    while (inner && !holds(inner)) inner = inner.parentElement;
    box = inner || box;
  }}
  if (!box) return {{ goal: 0, there: true }};
  const end = goal || box.scrollHeight, before = box.scrollTop;
  box.scrollBy({{ top: Math.max(100, 0.9 * box.clientHeight, end / {MAX_WINDOWS}), behavior: "instant" }});
  return {{ goal: end, there: box.scrollTop + box.clientHeight >= end - 1 || box.scrollTop <= before }};
}}"""

# an element, brought into view: -> {found, x, y}, its middle
PLACE = """function (selector) {
  const element = Document.prototype.querySelector.call(document, selector);
  if (!element) return { found: false };
  Element.prototype.scrollIntoView.call(element, { block: "center", inline: "center", behavior: "instant" });
  const box = Element.prototype.getBoundingClientRect.call(element);
  if (box.width < 1 || box.height < 1) return { found: true };
  return { found: true, x: box.x + box.width / 2, y: box.y + box.height / 2 };
}"""
