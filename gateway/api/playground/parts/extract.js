"use strict";
// Extract: an answer as it comes, what it cost, and where the page says it.
let asking = null;    // ends the request that runs

async function listModels() {
  if (models) return;
  const response = await fetch("v1/models", { headers: headers() });
  if (response.status === 403) return;  // a key may ask models and not list them
  if (!response.ok) { if (mode() === "tab-extract") say("ask-status", await problemOf(response), "problem"); return; }
  models = (await response.json()).data;
  if (!models.length) return;
  $("model").replaceChildren(new Option("the default", ""), ...models.map((model) => {
    const facts = [model.context_length ? `${number.format(model.context_length)} tokens` : ""];
    if (model.price) facts.push(`$${model.price.input} in, $${model.price.output} out per million`);
    return new Option([model.id, ...facts.filter(Boolean)].join(" · "), model.id);
  }));
  $("model-list").hidden = false;
  $("model-text").hidden = true;
  if (page) showSaving();
}
$("tab-extract").addEventListener("chosen", listModels);

function valueAt(data, pointer) {
  const names = pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names.reduce((value, name) => (value === null || value === undefined ? value : value[name]), data);
}

function showEvidence(evidence, data, text) {
  const marks = new Map(), parts = [], characters = [...text];  // offsets count characters, JavaScript's strings UTF-16 units
  const found = evidence.filter((item) => typeof item.start === "number" && !item.source && item.end <= characters.length);
  let at = 0;
  for (const item of found.sort((a, b) => a.start - b.start)) {
    if (item.start < at) continue;
    const mark = make("mark", characters.slice(item.start, item.end).join(""));
    mark.title = item.path;
    marks.set(item, mark);
    parts.push(characters.slice(at, item.start).join(""), mark);
    at = item.end;
  }
  $("source").replaceChildren(...parts, characters.slice(at).join(""));
  $("evidence").replaceChildren(...evidence.map((item) => {
    const line = make("li"), value = data === null ? undefined : valueAt(data, item.path);
    line.append(make("span", item.status.replace("_", " "), `badge ${item.status}`), `${item.path || "/"} `);
    if (value !== undefined && typeof value !== "object") line.append(make("code", JSON.stringify(value)), " ");
    if (item.quote) {
      const jump = make("button", `“${item.quote}”`);
      jump.type = "button";
      jump.addEventListener("click", () => showMark(marks.get(item)));
      line.append(jump);
    }
    return line;
  }));
  $("evidence").previousElementSibling.hidden = !evidence.length;
  showMark($("source").querySelector("mark"), false);
  if (!evidence.length) return;
  const supported = evidence.filter((item) => item.status === "supported").length;
  const wrong = evidence.some((item) => item.status === "unsupported");
  const kind = supported === evidence.length ? "well" : wrong ? "problem" : "not_found";
  say("ask-status", `${supported} of ${evidence.length} values found in the source.` +
    (wrong ? " Do not trust those marked unsupported." : ""), kind);
}

function showMark(mark, move = true) {
  if (!mark) return;
  for (const other of $("source").querySelectorAll(".here")) other.classList.remove("here");
  mark.classList.add("here");
  $("source").scrollTop = mark.offsetTop - $("source").offsetTop - 40;
  if (move) { $("source").focus({ preventScroll: true }); $("source").scrollIntoView({ block: "nearest" }); }
}

function showFigures(data, elapsed_s) {
  const { timings, usage, cost, coverage } = data;
  const asked = data.backend !== "structured" && usage.output_tokens > 0;
  figures($("ask-figures"), [
    ["model", data.model], ["backend", data.backend], ["in", asked ? `${number.format(usage.input_tokens)} tokens` : null],
    ["out", asked ? `${number.format(usage.output_tokens)} tokens${data.cache.status === "hit" ? "" : `, ${(usage.output_tokens / elapsed_s).toFixed(1)} a second`}` : null],
    ["cost", asked || cost.saved_usd ? `$${cost.usd.toPrecision(3)}${cost.saved_usd ? `, saved $${cost.saved_usd.toPrecision(3)}` : ""}` : "none: no model was asked"],
    ["read", coverage.chunks > 1 || coverage.read < coverage.chunks ? `${coverage.read} of ${coverage.chunks} parts of the page` : "the whole page"],
    ["first token", asked ? ms(timings.ttft_ms) : null],
    ["inter-token", asked ? `${ms(timings.itl_ms.p50)} median, ${ms(timings.itl_ms.p95)} p95` : null],
    ["total", ms(timings.total_ms)], ["cache", data.cache.status],
  ]);
}

async function showSource(question, done, evidence, signal) {
  const structured = done.backend === "structured";
  const { html, url, scrape: options } = question;
  const response = await post("v1/scrape", { html, url, ...options, ...(structured ? { include: ["structured"] } : {}) }, signal);
  const problem = response.ok ? "" : await problemOf(response), read = response.ok ? await response.json() : null;
  if (signal.aborted) return;
  $("source-title").textContent = structured ? "The page's own structured data" : "Source";
  if (!read) { showEvidence(evidence, done.data, ""); $("source").textContent = problem; return; }
  if (!structured) { showEvidence(evidence, done.data, read.content); return; }
  $("source").textContent = JSON.stringify(read.structured, null, 2);
  showEvidence([], null, $("source").textContent);
  say("ask-status", "Answered by the page's structured data: no model was asked.", "well");
}

function clearAnswer() {
  if (asking) asking.abort();
  asking = null;
  $("asking").disabled = false;
  $("asked").hidden = $("stop").hidden = true;
  for (const part of ["answer", "source", "evidence", "ask-figures"]) $(part).replaceChildren();
  say("ask-status", "");
}

async function ask() {
  clearAnswer();
  let question;
  try { question = questionOf(); } catch (error) { complain(error.message); return; }
  const mine = asking = new AbortController();
  $("asking").disabled = true;
  $("asked").hidden = $("stop").hidden = false;
  const began = performance.now();
  let attempt = 1, evidence = [], done = null, deltas = 0, first = 0, doing = "Reading the page";
  const tick = () => {
    if (asking !== mine) return;
    const now = performance.now(), rate = deltas > 1 ? `, ${(1e3 * (deltas - 1) / (now - first)).toFixed(1)} pieces a second` : "";
    say("ask-status", `${doing} … ${((now - began) / 1e3).toFixed(1)} s${rate}`);
  };
  tick();
  const clock = setInterval(tick, 100);
  try {
    const response = await post("v1/extract", { ...question, stream: true }, mine.signal);
    if (!response.ok) throw new Error(await problemOf(response));
    for await (const { name, data } of events(response.body)) {
      if (name === "source") doing = `Read ${data.title || data.url || "the page"}; asking the model`;
      if (name === "delta") {
        if (!deltas++) first = performance.now();
        if ((data.attempt || 1) !== attempt) { attempt = data.attempt; $("answer").textContent = ""; }
        $("answer").textContent += data.text;
      }
      if (name === "evidence") evidence = data.evidence;
      if (name === "error") throw new Error(`${data.code}: ${data.detail}`);
      if (name === "done") done = data;
    }
    clearInterval(clock);
    if (!done) throw new Error("the stream ended early");
    $("answer").textContent = done.data === null ? done.text : JSON.stringify(done.data, null, 2);
    showFigures(done, (performance.now() - (first || began)) / 1e3);
    say("ask-status", "Done.", "well");
    await showSource(question, done, evidence, mine.signal);
  } catch (error) {
    // another request took its place
    if (asking !== mine) return;
    $("asked").hidden = !$("answer").textContent;
    say("ask-status", error.name === "AbortError" ? "Stopped; the gateway stops the model too." : error.message,
      error.name === "AbortError" ? "" : "problem");
  } finally {
    clearInterval(clock);
    if (asking === mine) { asking = null; $("asking").disabled = false; $("stop").hidden = true; }
  }
}
$("stop").addEventListener("click", () => asking && asking.abort());
