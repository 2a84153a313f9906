"use strict";
// The request that the forms make, as curl, Python, JavaScript, a link, and the configuration of an agent.
// Python and JavaScript call the gateway's own clients.
const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const here = () => location.href.replace(/[^/]*([?#].*)?$/, "");
const hasKey = () => $("key").value.trim() !== "";

const CALLS = {
  "tab-scrape": { path: "v1/scrape", name: "scrape", request: requestOf },
  "tab-extract": { path: "v1/extract", name: "extract", request: questionOf },
  "tab-site": { path: "v1/crawl", name: "crawl", request: crawlOf },
};
const call = () => CALLS[mode()];

function literal(value) {  // as Python writes it; JSON's texts and numbers are Python's too
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${literal(each)}`).join(", ")}}`;
}

function curl() {
  const key = hasKey() ? " -H \"Authorization: Bearer $WINNOW_API_KEY\"" : "";
  return `curl -s ${here()}${call().path}${key} -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(call().request()))}\n`;
}

function python() {
  const { url, ...options } = call().request();
  const words = [...(url ? [literal(url)] : []), ...Object.entries(options).map(([name, value]) => `${name}=${literal(value)}`)];
  const made = `client.${call().name}(${words.join(", ")})`;
  const body = call().name === "crawl" ? `for result in ${made}:\n        print(result.url, result.status)` : `answer = ${made}\n    print(answer)`;
  return `from gateway import sdk\n\nwith sdk.Client(${literal(here())}) as client:  # the key: WINNOW_API_KEY\n    ${body}\n`;
}

function javascript() {
  const { url, ...options } = call().request();
  const words = [...(url ? [url] : []), ...(Object.keys(options).length ? [options] : [])];
  const made = `client.${call().name}(${words.map((word) => JSON.stringify(word, null, 2)).join(", ")})`;
  const body = call().name === "crawl" ? `for await (const { url, status } of ${made}) {\n  console.log(url, status);\n}` : `console.log(await ${made});`;
  return `import { Client } from "winnow-client"; // npm pack ./clients/js\n\nconst client = new Client({ url: ${JSON.stringify(here())} }); // the key: WINNOW_API_KEY\n${body}\n`;
}

function link() {
  const { url, html } = sourceOf();
  if (!url || html) throw new Error("a link needs a page's address, and filled-in HTML has none");
  return here() + "r/" + url;
}

function mcp() {
  const server = { type: "http", url: here() + "mcp" };
  if (hasKey()) server.headers = { Authorization: "Bearer ${WINNOW_API_KEY}" };
  return JSON.stringify({ mcpServers: { winnow: server } }, null, 2);
}

const copies = {
  curl, python, javascript, mcp, link,
  markdown: () => (page ? page.content : ""),
};

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea");  // over plain http there is no clipboard but that of a selection
  area.value = text;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  if (!copied) throw new Error("the browser does not allow it");
}
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const label = button.textContent;
    try {
      await copy(copies[button.dataset.copy]());
      button.focus();
      button.textContent = "Copied";
    } catch (error) {
      complain(`Nothing was copied: ${error.message}`);
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
