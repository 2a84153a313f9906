"use strict";
// Scrape: one page, what it cost and what was left out.
let page = null;      // the last response
let sent = null;      // the request it answered
let models = null;    // what /v1/models lists, null where that is not known
let reading = null;   // ends the request that runs
const REASONS = {
  not_main: "unlikely to be content", repeated: "said elsewhere", leads_elsewhere: "leads elsewhere",
  heading_alone: "heads nothing", not_selected: "not selected", removed: "removed by you", hidden: "hidden",
};

function clearResult() {
  if (reading) reading.abort();
  page = reading = null;
  $("go").disabled = false;
  $("result").hidden = $("start").hidden = true;
  say("status", "");
}

async function scrape(request) {
  clearResult();
  const mine = reading = new AbortController();
  $("go").disabled = true;
  say("status", "Fetching and cleaning …");
  const include = ["outline", "html", "hidden", "removed", ...(request.include || [])];
  try {
    const response = await post("v1/scrape", { ...request, include: [...new Set(include)] }, mine.signal);
    const answer = response.ok ? await response.json() : null, problem = response.ok ? "" : await problemOf(response);
    // another request took its place
    if (reading !== mine) return false;
    if (problem) { say("status", problem, "problem"); return false; }
    page = answer;
    sent = request;
    show();
    say("status", "Done.", "well");
    return true;
  } catch (error) {
    if (reading === mine) say("status", `The gateway cannot be reached: ${error.message}`, "problem");
    return false;
  } finally {
    if (reading === mine) { reading = null; $("go").disabled = false; }
  }
}

function noticeItem(notice) {
  const item = make("li"), text = `${notice.code}: ${notice.message}`;
  if (!notice.samples || !notice.samples.length) { item.textContent = text; return item; }
  const details = make("details");
  details.append(make("summary", text), make("pre", notice.samples.join("\n")));
  item.append(details);
  return item;
}

const dollars = (value) => "$" + (value >= 0.01 ? value.toFixed(2) : value.toPrecision(2));

function showSaving() {
  const { saved } = page.tokens;
  const priced = (models || []).filter((model) => model.price && model.price.input);
  const each = priced.slice(0, 3).map((model) => `${dollars(saved * model.price.input / 1e3)} with ${model.id}`);
  $("saved").textContent = `${number.format(saved)} tokens fewer for every model that reads this page.` +
    (each.length ? ` A thousand readings cost less by ${each.join(", ")}.` : "");
}

function show() {
  const { tokens, timings, cache, metadata, render } = page;
  $("result").hidden = false;
  $("tokens").replaceChildren(
    make("span", number.format(tokens.html), "before"), " → ", make("span", number.format(tokens.full)), " tokens ",
    make("span", `(−${Math.round(tokens.reduction * 100)}\u00a0%)`, "cut"),
    tokens.content === tokens.full ? "" : `, ${number.format(tokens.content)} returned`);
  $("bar").setAttribute("aria-label", $("tokens").textContent);
  $("bar").firstElementChild.style.width = `${tokens.html ? Math.min(100, 100 * tokens.full / tokens.html) : 0}%`;
  showSaving();
  figures($("facts-page"), [
    ["title", page.title], ["address", page.final_url !== page.url ? page.final_url : null], ["status", page.status],
    ["kind", metadata.page_type], ["confidence", page.confidence === null ? null : page.confidence.toFixed(2)],
    ["author", metadata.author], ["published", metadata.published], ["language", metadata.language],
  ]);
  figures($("facts-cache"), [
    ["page", cache.status + (cache.age_s ? `, ${Math.round(cache.age_s)} s old` : "")], ["not kept", cache.not_stored],
    ["tokenizer", tokens.tokenizer],
  ]);
  figures($("facts-time"), [
    ["fetch", timings.fetch_ms ? ms(timings.fetch_ms) : null],
    ["render", render && render.used ? `${ms(render.ms)}, ${render.requests} requests` : null],
    ["clean", timings.clean_ms ? ms(timings.clean_ms) : null], ["count", timings.count_ms ? ms(timings.count_ms) : null],
    ["total", ms(timings.total_ms)],
  ]);
  $("notices").replaceChildren(...page.warnings.map(noticeItem));
  showMarkdown();
  showPieces();
  // the page's words are shown in a frame that can run nothing and reach nothing; a link opens a tab of its own, which
  // knows nothing of this one: `_blank` has no opener, and our referrer policy is the frame's too
  const frame = $("rendered").cloneNode();  // what a new frame shows first is no step in the history
  frame.srcdoc = `<base target="_blank"><style>${$("frame-style").textContent}</style>${page.html}`;
  $("rendered").replaceWith(frame);
  $("screenshot").hidden = !page.screenshot;
  $("screenshot").src = page.screenshot ? `data:image/png;base64,${page.screenshot}` : "";
  showRemoved();
  showOutline();
  const { html, removed, screenshot, pdf, ...rest } = page;
  $("answer-json").textContent = JSON.stringify(rest, null, 2);
}

// each heading of the markdown stands in an element, for the outline to jump to
function showMarkdown() {
  let fence = "";
  const lines = (page.content || "(no content)").split("\n").map((line, index) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line);
    if (mark) fence = !fence ? mark[1] : mark[1].startsWith(fence) ? "" : fence;
    const text = (index ? "\n" : "") + line;
    return !fence && /^#{1,6} /.test(line) ? make("span", text, "heading") : text;
  });
  $("markdown").replaceChildren(...lines);
  $("markdown").scrollTop = 0;
}

function showRemoved() {
  const counts = {};
  let kept = 0;
  $("blocks").replaceChildren(...page.removed.map((block) => {
    const item = make("li", "", block.reason === "hidden" ? "out hidden-text" : block.reason ? "out" : "kept");
    if (block.reason) {
      counts[block.reason] = (counts[block.reason] || 0) + 1;
      item.append(make("span", REASONS[block.reason] + (block.hidden_by ? `: ${block.hidden_by}` : "") +
        (block.reason === "not_main" && block.probability !== null ? ` (${Math.round(block.probability * 100)}\u00a0%)` : ""), "why"));
    } else kept += 1;
    item.append(block.text);
    return item;
  }));
  const out = Object.entries(counts).map(([reason, count]) => `${number.format(count)} ${REASONS[reason]}`);
  $("removed-sum").textContent = `${number.format(kept)} blocks kept, ` +
    (out.length ? `${number.format(page.removed.length - kept)} left out: ${out.join(", ")}.` : "none left out.");
  showOnlyRemoved();
}
function showOnlyRemoved() {
  for (const item of $("blocks").querySelectorAll(".kept")) item.hidden = $("only-removed").checked;
}
$("only-removed").addEventListener("change", showOnlyRemoved);
$("save-page").addEventListener("click", () => {
  const name = (page.title || "page").replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60);
  save(`${name}.md`, "text/markdown", page.content);
});
