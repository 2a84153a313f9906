"use strict";
// Crawl: a site's pages as they come.
let job = null;      // the crawl that runs
let results = [];    // lines of JSON, as they came

function addResult(line) {
  const result = JSON.parse(line);
  // why no more come, although the crawl goes on
  if (!result.seq) throw new Error(result.error.detail);
  results.push(line);
  const item = document.createElement("li"), button = document.createElement("button");
  const name = document.createElement("span"), count = document.createElement("span");
  button.type = "button";
  const { pathname, search } = new URL(result.url);
  name.textContent = (result.page && result.page.title) || pathname + search;
  name.title = result.url;
  count.textContent = result.page ? `${number.format(result.page.tokens.content)} tokens` : result.error.code;
  if (!result.page) button.className = "problem";
  button.append(name, count);
  button.addEventListener("click", () => { showResult(button, line); $("shown-title").scrollIntoView({ block: "nearest" }); });
  item.append(button);
  $("pages").append(item);
  $("crawled").hidden = false;
  if (results.length === 1) showResult(button, line);
  return result.seq;
}

function showResult(button, line) {
  const result = JSON.parse(line);
  for (const other of $("pages").querySelectorAll("[aria-current]")) other.removeAttribute("aria-current");
  button.setAttribute("aria-current", "true");
  $("shown-title").textContent = result.url;
  $("shown").textContent = result.page ? result.page.content || "(no content)" : `${result.error.code}: ${result.error.detail}`;
  $("shown").scrollTop = 0;
}

async function stateOf(id, method = "GET") {
  const response = await fetch(`v1/jobs/${id}`, { method, headers: headers() });
  if (!response.ok) throw new Error(await problemOf(response));
  return response.json();
}

function showState(state) {
  const ended = state.done + state.failed;
  const parts = [`${number.format(ended)} of ${number.format(state.total)} pages`];
  if (state.failed) parts.push(`${number.format(state.failed)} failed`);
  if (state.duplicates) parts.push(`${number.format(state.duplicates)} duplicates`);
  parts.push(`${state.pages_per_s.toFixed(1)} pages/s`);
  if (state.eta_s) parts.push(`${Math.ceil(state.eta_s)} s left`);
  const words = { running: "Reading", completed: "Done", failed: "No page could be read", cancelled: "Cancelled" };
  const text = [`${words[state.status]}: ${parts.join(", ")}.`, ...state.warnings.map((notice) => `${notice.message}.`)].join(" ");
  say("crawl-status", text, { completed: "well", failed: "problem" }[state.status] || "");
  $("crawl-bar").hidden = false;
  $("crawl-bar").setAttribute("aria-label", text);
  $("crawl-bar").firstElementChild.style.width = `${state.total ? 100 * ended / state.total : 0}%`;
}

async function follow(id) {
  let after = 0, failures = 0;
  for (;;) {
    try {
      const response = await fetch(`v1/jobs/${id}/results?after=${after}`, { headers: headers({ accept: "application/x-ndjson" }) });
      if (!response.ok) throw new Error(await problemOf(response));
      for await (const line of piecesOf(response.body, "\n")) { after = addResult(line); failures = 0; }
      // a gateway that restarts ends its streams too
      const rest = await fetch(`v1/jobs/${id}/results?after=${after}`, { headers: headers() });
      if (!rest.ok) throw new Error(await problemOf(rest));
      const part = await rest.json();
      for (const result of part.results) after = addResult(JSON.stringify(result));
      if (part.next === null) return await stateOf(id);
    } catch (error) {
      if (++failures > 5) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * (1 + failures)));
  }
}

// a crawl that runs stays in sight, and with it the way to end it
function clearCrawl() {
  if ($("crawling").disabled) return;
  results = [];
  $("pages").replaceChildren();
  $("crawled").hidden = $("crawl-bar").hidden = true;
  say("crawl-status", "");
}

async function crawl() {
  clearCrawl();
  let request;
  try { request = crawlOf(); } catch (error) { complain(error.message); return; }
  if (!request.url) { complain("A crawl begins at a page address: fill it in above."); $("url").focus(); return; }
  $("crawling").disabled = true;
  say("crawl-status", "Starting …");
  let watch = 0;
  try {
    const response = await post("v1/crawl", request);
    if (!response.ok) { say("crawl-status", await problemOf(response), "problem"); return; }
    job = (await response.json()).id;
    $("cancel").hidden = false;
    const id = job;
    watch = setInterval(() => stateOf(id).then((state) => { if (job === id) showState(state); }, () => {}), 1000);
    showState(await follow(job));
  } catch (error) {
    say("crawl-status", `The results broke off: ${error.message}`, "problem");
  } finally {
    clearInterval(watch);
    job = null;
    $("cancel").hidden = true;
    $("crawling").disabled = false;
  }
}

$("cancel").addEventListener("click", async () => {
  try { await stateOf(job, "DELETE"); } catch (error) { say("crawl-status", error.message, "problem"); }
});

$("save-lines").addEventListener("click", () => save("pages.jsonl", "application/x-ndjson", results.map((line) => line + "\n").join("")));
$("save-markdown").addEventListener("click", () => {
  const read = results.map((line) => JSON.parse(line)).filter((result) => result.page);
  save("pages.md", "text/markdown", read.map((result) => `<!-- ${result.url.replaceAll("--", "%2D%2D")} -->\n\n${result.page.content}\n`).join("\n"));
});

