"use strict";
// Counters are sums since the service started: what happened is the difference of two samples.
const $ = (id) => document.getElementById(id);
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1, notation: "compact" });
const money = (value) => "$" + value.toFixed(value < 1 ? 4 : 2);
const mebibytes = (value) => `${Math.round(value / 1048576)} MiB`;

// a service that was started again counts from 0
const grown = (name) => (older, newer) => Math.max(0, newer.sums[name] - older.sums[name]);
const perMinute = (name) => (older, newer) => 60 * grown(name)(older, newer) / Math.max(1, newer.at - older.at);
const share = (part, whole) => (older, newer) => {
  const all = grown(whole)(older, newer);
  return all ? 100 * grown(part)(older, newer) / all : null;
};
const level = (name) => (_, newer) => newer.sums[name];

// `now` sums the hour up where the last value alone says little
const CHARTS = [
  { title: "Requests a minute", plot: perMinute("requests"), now: grown("requests"), show: number.format, unit: " in this hour" },
  { title: "Milliseconds a request", plot: (a, b) => { const n = grown("requests")(a, b); return n ? 1e3 * grown("request_seconds")(a, b) / n : null; }, show: number.format, unit: " ms" },
  { title: "Tokens saved a minute", plot: perMinute("saved_tokens"), now: grown("saved_tokens"), show: number.format, unit: " in this hour" },
  { title: "Saved by cached answers", plot: perMinute("saved_usd"), now: grown("saved_usd"), show: money, unit: " in this hour" },
  { title: "Spent on models", plot: perMinute("spent_usd"), now: grown("spent_usd"), show: money, unit: " in this hour" },
  { title: "Pages from the cache", plot: share("pages_cached", "pages"), now: share("pages_cached", "pages"), show: number.format, unit: " %" },
  { title: "Pages of jobs a minute", plot: perMinute("job_pages"), now: grown("job_pages"), show: number.format, unit: " in this hour" },
  { title: "Requests that run", plot: level("running"), show: number.format, unit: "" },
  { title: "Requests that wait", plot: level("queued"), show: number.format, unit: "" },
  { title: "Memory", plot: level("memory_bytes"), show: mebibytes, unit: "" },
];

function make(tag, text = "", className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = className;
  return element;
}

function draw(tag, attributes) {
  const element = document.createElementNS("http:" + "//www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function chart({ title, plot, now, show, unit }, samples) {
  const points = samples.slice(1).map((newer, index) => [newer.at, plot(samples[index], newer)]).filter(([, value]) => value !== null);
  const last = samples.at(-1), first = samples[0];
  const value = now && samples.length > 1 ? now(first, last) : points.length ? points.at(-1)[1] : null;
  const most = Math.max(...points.map(([, each]) => each), 1e-9);
  const panel = make("section", "", "panel");
  const said = value === null ? "nothing yet" : show(value) + unit;
  const picture = draw("svg", { viewBox: "0 0 240 60", preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${said}, at most ${show(most < 1e-6 ? 0 : most)}` });
  picture.append(draw("line", { class: "floor", x1: 0, x2: 240, y1: 60, y2: 60 }));
  const span = Math.max(60, last.at - first.at);
  const path = points.map(([at, each]) => `${(240 * (at - first.at) / span).toFixed(1)},${(60 - 56 * each / most).toFixed(1)}`);
  if (path.length) {
    picture.append(draw("polygon", { class: "area", points: `${path[0].split(",")[0]},60 ${path.join(" ")} ${path.at(-1).split(",")[0]},60` }));
    picture.append(draw("polyline", { class: "line", points: path.join(" ") }));
  }
  const ends = make("p", "", "ends"), clock = (at) => new Date(at * 1e3).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  ends.append(make("span", clock(first.at)), make("span", clock(last.at)));
  panel.append(make("h2", title), make("p", said, "now"), picture, ends);
  return panel;
}

function showModels(samples) {
  const before = samples[0].models, after = samples.at(-1).models;
  const rows = Object.entries(after).map(([name, [answers, seconds]]) => {
    const [answersBefore, secondsBefore] = before[name] || [0, 0], row = document.createElement("tr");
    const asked = answers - answersBefore;
    row.append(make("td", name), make("td", String(asked)), make("td", asked > 0 ? `${Math.round(1e3 * (seconds - secondsBefore) / asked)} ms` : "–"));
    return row;
  });
  $("models").querySelector("tbody").replaceChildren(...rows);
  $("models").hidden = !rows.length;
}

async function read() {
  try {
    const response = await fetch("status/history.json");
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    const samples = await response.json();
    $("charts").replaceChildren(...CHARTS.map((each) => chart(each, samples)));
    showModels(samples);
    $("when").textContent = `As of ${new Date(samples.at(-1).at * 1e3).toLocaleTimeString()}; read again every 15 seconds. Kept in this process's memory since it started.`;
    $("when").className = "quiet";
  } catch (error) {
    $("when").textContent = `The gateway does not answer: ${error.message}`;
    $("when").className = "problem";
  }
}
read();
setInterval(read, 15_000);
