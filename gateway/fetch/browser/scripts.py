"""What runs inside a page, in a world of its own: the page's scripts see none of it and can change none of it.

Names that a page can put in the place of the DOM's own (`<form name=body>`, `<input name=children>`) are read through
the prototypes, which it cannot.
"""

# a page with fewer is a shell still; as `gateway.core.recovery.shell` has it
MIN_WORDS = 30

_GETTERS = """
const getter = (type, name) => {
  const get = Object.getOwnPropertyDescriptor(type.prototype, name).get;
  return (node) => get.call(node);
};
const rootOf = getter(Document, "documentElement");
const textOf = getter(Node, "textContent");
"""

# how far the page is: -> {length, words, scripts, complete}
# Shadow roots are looked for only where the document itself has few words: that takes a look at every element.
PROBE = f"""(() => {{
  {_GETTERS}
  const root = rootOf(document);
  const complete = getter(Document, "readyState")(document) === "complete";
  if (!root) return {{ length: 0, words: 0, scripts: 0, complete }};
  const shadowOf = getter(Element, "shadowRoot");
  let length = 0, words = 0;
  const count = (top) => {{
    length += textOf(top).length;
    const walker = Document.prototype.createTreeWalker.call(document, top, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && words < {MIN_WORDS}; node = walker.nextNode()) {{
      if (/^(SCRIPT|STYLE|TEMPLATE|NOSCRIPT|TITLE)$/i.test(node.parentNode?.nodeName)) continue;
      const data = node.data.slice(0, 4000);
      words += (data.match(/[\\p{{L}}\\p{{N}}]+/gu) || []).length;
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
  return {{ length, words, scripts: getter(Document, "scripts")(document).length, complete }};
}})()"""

# the document as HTML, kept here to be read in parts: limit -> {url, length}
# Shadow roots are written out where a reader sees them, each slot with what is put into it. Their own style sheets
# are left out: they hold inside that root alone.
READ = f"""function (limit) {{
  {_GETTERS}
  const shadowOf = getter(Element, "shadowRoot");
  const outer = getter(Element, "outerHTML"), childrenOf = getter(Node, "childNodes");
  const VOID = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)$/;
  const root = rootOf(document);
  const all = (top) => top.nodeType === 11
    ? DocumentFragment.prototype.querySelectorAll.call(top, "*")
    : Element.prototype.querySelectorAll.call(top, "*");
  const hasShadow = root && (shadowOf(root) || [...all(root)].some(shadowOf));
  const text = (data) => data.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const quote = (value) => value.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
  const flat = (node, out, inShadow) => {{
    if (node.nodeType === 3) {{ out.push(text(node.data)); return; }}
    if (node.nodeType !== 1) return;
    const name = node.localName, shadow = shadowOf(node);
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
  if (root && hasShadow) {{
    try {{ const out = []; flat(root, out, false); html = out.join(""); }} catch (fault) {{ html = ""; }}
  }}
  if (root && !html) html = outer(root);
  html = "<!DOCTYPE html>" + html.toWellFormed();
  const url = document.defaultView ? document.defaultView.location.href : "";
  globalThis.held = html.length <= limit ? html : "";
  return {{ url, length: html.length }};
}}"""

# the text of a frame that a reader sees: -> HTML of its body, "" where there is little of it
READ_FRAME = f"""function (limit) {{
  {_GETTERS}
  const body = getter(Document, "body")(document);
  if (!body || window.innerWidth < 100 || window.innerHeight < 50) return "";
  const words = (textOf(body).slice(0, 100000).match(/[\\p{{L}}\\p{{N}}]+/gu) || []).length;
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

# to where the page ends now: -> true
TO_THE_END = """function () {
  const top = Document.prototype.querySelector.call(document, "html");
  window.scrollTo(0, top ? top.scrollHeight : 0);
  return true;
}"""

# an element, brought into view: -> {found, x, y}, its middle
PLACE = """function (selector) {
  const element = Document.prototype.querySelector.call(document, selector);
  if (!element) return { found: false };
  Element.prototype.scrollIntoView.call(element, { block: "center", inline: "center", behavior: "instant" });
  const box = Element.prototype.getBoundingClientRect.call(element);
  if (box.width < 1 || box.height < 1) return { found: true };
  return { found: true, x: box.x + box.width / 2, y: box.y + box.height / 2 };
}"""
