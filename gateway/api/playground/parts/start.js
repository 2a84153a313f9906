"use strict";
// What the buttons do.
for (const tab of tabsOf($("tab-scrape"))) {
  tab.addEventListener("chosen", () => { $("go").hidden = tab.id !== "tab-scrape"; });
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (mode() === "tab-extract") { $("ask").requestSubmit(); return; }
  if (mode() === "tab-site") { $("crawl").requestSubmit(); return; }
  await arriving;
  if (!$("form").reportValidity()) return;
  let request;
  try { request = requestOf(); } catch (error) { clearResult(); complain(error.message); return; }
  remember();
  earlier = [];
  if (await scrape(request)) recent.add(page.title || page.url || "pasted HTML");
});
$("ask").addEventListener("submit", async (event) => { event.preventDefault(); await arriving; remember(); ask(); });
$("crawl").addEventListener("submit", (event) => { event.preventDefault(); remember(); crawl(); });

$("html").addEventListener("input", () => { example = ""; $("url").required = !$("html").value.trim(); });
$("url").addEventListener("input", () => {
  if (!example) return;
  example = "";
  $("html").value = "";
  $("url").required = true;
});

const EXAMPLES = {
  product: { type: "object", properties: { name: { type: "string" }, price: { type: "number" }, currency: { type: "string" } }, required: ["name", "price"] },
};
for (const chip of document.querySelectorAll("[data-example]")) {
  chip.addEventListener("click", async () => {
    const { example: name, mode: wanted } = chip.dataset;
    $("url").value = `https://example.com/${name}`;
    $("url").required = false;
    await fillExample(name);
    if (!example) return;
    if (wanted) choose($(wanted));
    if (EXAMPLES[name] && mode() === "tab-extract") {
      $("ask").elements.schema.value = JSON.stringify(EXAMPLES[name], null, 1);
      $("ask").requestSubmit();
    } else {
      choose($("tab-scrape"));
      $("form").requestSubmit();
    }
  });
}

recent.clean();
listModels().catch(() => {});
if (location.hash.includes("=")) fillForms(location.hash.slice(1)).then(() => $("go").focus());
