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

// a plot of rates is summed up by `now`, the hour's total; `rate` is the unit of its points
const CHARTS = [
  { title: "Requests", plot: perMinute("requests"), now: grown("requests"), show: number.format, rate: " a minute" },
  { title: "Time a request", plot: (a, b) => { const n = grown("requests")(a, b); return n ? 1e3 * grown("request_seconds")(a, b) / n : null; }, show: number.format, unit: " ms" },
  { title: "Tokens saved", plot: perMinute("saved_tokens"), now: grown("saved_tokens"), show: number.format, rate: " a minute", worth: true },
  { title: "Saved by cached answers", plot: perMinute("saved_usd"), now: grown("saved_usd"), show: money, rate: " a minute" },
  { title: "Spent on models", plot: perMinute("spent_usd"), now: grown("spent_usd"), show: money, rate: " a minute" },
  { title: "Pages from the cache", plot: share("pages_cached", "pages"), now: share("pages_cached", "pages"), show: number.format, unit: " %" },
  { title: "Pages of jobs", plot: perMinute("job_pages"), now: grown("job_pages"), show: number.format, rate: " a minute" },
  { title: "Requests that run", plot: level("running"), show: number.format },
  { title: "Requests that wait", plot: level("queued"), show: number.format },
  { title: "Memory", plot: level("memory_bytes"), show: mebibytes },
];
let priced = [];  // models with a price, by which tokens are worth money

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

function chart({ title, plot, now, show, unit = "", rate = unit, worth }, samples) {
  const points = samples.slice(1).map((newer, index) => [newer.at, plot(samples[index], newer)]).filter(([, value]) => value !== null);
  const last = samples.at(-1), first = samples[0];
  const value = now && samples.length > 1 ? now(first, last) : points.length ? points.at(-1)[1] : null;
  const most = Math.max(0, ...points.map(([, each]) => each));
  const panel = make("section", "", "panel");
  const said = value === null ? "nothing yet" : show(value) + unit, scale = points.length ? `at most ${show(most)}${rate}` : "";
  const worths = worth && value ? priced.slice(0, 2).map((model) => `${money(value * model.price.input / 1e6)} with ${model.id}`) : [];
  const picture = draw("svg", { viewBox: "0 0 240 60", preserveAspectRatio: "none", role: "img", "aria-label": `${title}: ${said}${scale && `, ${scale}`}` });
  picture.append(draw("line", { class: "floor", x1: 0, x2: 240, y1: 60, y2: 60 }));
  const span = Math.max(60, last.at - first.at);
  const path = points.map(([at, each]) => `${(240 * (at - first.at) / span).toFixed(1)},${(60 - 56 * each / (most || 1)).toFixed(1)}`);
  if (path.length) {
    picture.append(draw("polygon", { class: "area", points: `${path[0].split(",")[0]},60 ${path.join(" ")} ${path.at(-1).split(",")[0]},60` }));
    picture.append(draw("polyline", { class: "line", points: path.join(" ") }));
  }
  const ends = make("p", "", "ends"), clock = (at) => new Date(at * 1e3).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  ends.append(make("span", clock(first.at)), make("span", scale), make("span", clock(last.at)));
  const figure = make("p", said, "now");
  if (worths.length) figure.append(make("span", ` ${worths.join(", ")}`, "worth"));
  panel.append(make("h2", title), figure, picture, ends);
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

async function listPrices() {
  const response = await fetch("v1/models");
  if (response.ok) priced = (await response.json()).data.filter((model) => model.price && model.price.input);
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
listPrices().then(read, () => {});
setInterval(read, 15_000);
