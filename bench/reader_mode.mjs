// Mozilla's reader mode over pages: lines of {id, url, html} in, lines of {id, pictures, fault} out.
//
//     node bench/reader_mode.mjs FOLDER    # whose node_modules has @mozilla/readability and linkedom
//
// A picture is {attributes, before, after}: every attribute of an image that is kept and of the <picture> around it,
// as written, and the nearest text on each side of it, of what is kept; "" where there is none. A text ends where
// a block or a picture begins or ends. It has 40 characters or more, of which the 300 nearest to the picture are
// given. Captions are no such texts.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { Readability } = require("@mozilla/readability");
const { parseHTML } = require("linkedom");

const LEAST_CHARACTERS = 40;
const MOST_CHARACTERS = 300;
const IMAGES = new Set(["img", "amp-img"]);
const NO_TEXT = new Set(["figcaption", "noscript", "script", "style"]);
const INLINE = new Set(
  ("a abbr b bdi bdo br cite code data del dfn em font i ins kbd label mark q s samp small span strike strong sub sup time" +
    " tt u var wbr").split(" "),
);

function attributesOf(image) {
  const around = image.closest("picture");
  const elements = [image, ...(around ? around.querySelectorAll("source") : [])];
  return elements.flatMap((each) => [...each.attributes].map(({ name, value }) => [name, value]));
}

function picturesOf(content) {
  const pictures = [];
  let run = "";
  let before = "";
  let waiting = []; // pictures with no text behind them yet
  function endText() {
    const text = run.replace(/\s+/g, " ").trim();
    run = "";
    if (text.length < LEAST_CHARACTERS) return;
    for (const picture of waiting) picture.after = text.slice(0, MOST_CHARACTERS);
    waiting = [];
    before = text.slice(-MOST_CHARACTERS);
  }
  function walk(node, isText = true) {
    if (node.nodeType === 3 && isText) run += node.data;
    if (node.nodeType !== 1) return;
    const name = node.localName;
    const isBlock = !INLINE.has(name);
    if (isBlock) endText();
    else if (name === "br") run += " ";
    if (IMAGES.has(name)) {
      const picture = { attributes: attributesOf(node), before, after: "" };
      pictures.push(picture);
      waiting.push(picture);
    }
    for (const child of node.childNodes) walk(child, isText && !NO_TEXT.has(name));
    if (isBlock) endText();
  }
  if (content) walk(content);
  endText();
  return pictures;
}

function read({ id, url, html }) {
  const { document } = parseHTML(html);
  const article = new Readability(document, { serializer: (content) => content }).parse();
  return { id, pictures: picturesOf(article?.content) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const page = JSON.parse(line);
  let found;
  try {
    found = read(page);
  } catch (error) {
    found = { id: page.id, pictures: [], fault: String(error) };
  }
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
