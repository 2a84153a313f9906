// Mozilla's reader mode over pages: lines of {id, url, html} in, lines of {id, pictures, fault} out.
//
//     node bench/reader_mode.mjs FOLDER    # whose node_modules has @mozilla/readability and linkedom
//
// A picture is every attribute of an image that is kept and of the <picture> around it, as written.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { resolve } from "node:path";

const require = createRequire(resolve(process.argv[2], "package.json"));
const { Readability } = require("@mozilla/readability");
const { parseHTML } = require("linkedom");

function read({ id, url, html }) {
  const { document } = parseHTML(html);
  const article = new Readability(document, { serializer: (content) => content }).parse();
  const pictures = [];
  for (const image of article?.content?.querySelectorAll("img, amp-img") ?? []) {
    const around = image.closest("picture");
    const elements = [image, ...(around ? around.querySelectorAll("source") : [])];
    pictures.push(elements.flatMap((each) => [...each.attributes].map(({ name, value }) => [name, value])));
  }
  return { id, pictures };
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
