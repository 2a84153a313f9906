"use strict";
// What every part of the page uses: elements, numbers, requests, tabs.
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat();
const ms = (value) => (value < 10 ? value.toFixed(1) : Math.round(value)) + "\u00a0ms";

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function say(id, text, kind = "") { $(id).textContent = text; $(id).className = kind; }

function headers(extra) {
  const key = $("key").value.trim();
  return { "content-type": "application/json", ...(key ? { authorization: "Bearer " + key } : {}), ...extra };
}

async function problemOf(response) {
  try {
    const problem = await response.json();
    const detail = problem.detail || (problem.error && problem.error.message) || response.statusText;
    if (response.status === 401) $("key-box").open = true;
    return `${problem.code || response.status}: ${detail}`;
  } catch {
    return `${response.status}: ${response.statusText}`;
  }
}

const post = (path, body, signal) =>
  fetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body), signal });

function figures(list, entries) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== "");
  list.replaceChildren(...shown.map(([name, value]) => {
    const row = document.createElement("div");
    row.append(make("dt", name), make("dd", value));
    return row;
  }));
  list.parentElement.hidden = list.parentElement.parentElement.className === "groups" && !shown.length;
}

async function* piecesOf(body, separator) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf(separator)) >= 0) {
      if (end) yield text.slice(0, end);
      text = text.slice(end + separator.length);
    }
  }
}

async function* events(body) {
  for await (const piece of piecesOf(body, "\n\n")) {
    const lines = piece.split("\n");
    const name = lines.find((line) => line.startsWith("event: "));
    const data = lines.filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
    if (data) yield { name: name ? name.slice(7) : "message", data: JSON.parse(data) };
  }
}

function save(name, type, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// tabs: arrow keys move, as the ARIA pattern asks
const tabsOf = (tab) => [...tab.parentElement.querySelectorAll("[role=tab]")];
function choose(tab) {
  for (const other of tabsOf(tab)) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    $(other.getAttribute("aria-controls")).hidden = !chosen;
  }
  tab.dispatchEvent(new Event("chosen"));
}
for (const tab of document.querySelectorAll("[role=tab]")) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = tabsOf(tab), next = all[(all.indexOf(tab) + step + all.length) % all.length];
    choose(next);
    next.focus();
  });
}
const mode = () => $("modes").querySelector("[aria-selected=true]").id;
// the line below the form that is shown
const STATUS = { "tab-scrape": "status", "tab-extract": "ask-status", "tab-site": "crawl-status" };
const complain = (message) => say(STATUS[mode()], message, "problem");
