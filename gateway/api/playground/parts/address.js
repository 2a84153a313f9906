"use strict";
// The forms' state in the page's address, the way back, and the pages that were read lately.
//
// An address from elsewhere fills the forms in and sends nothing; going back and forward reads again what this tab
// has read before, which the gateway has in its cache.
const LONGEST = 4000;   // characters of HTML that an address holds
// what may hold a password: an address neither keeps it nor fills it in
const SECRET = ["headers", "webhook", "actions"];
const FORMS = { form: "", ask: "ask.", crawl: "crawl." };
let example = "";       // the one that is filled in
let arriving = null;    // its page, until that is there

function fieldsOf(id) { return [...$(id).elements].filter((field) => field.name); }

function stateOfForms() {
  const state = new URLSearchParams();
  if (mode() !== "tab-scrape") state.set("do", mode().slice(4));
  if (example) state.set("example", example);
  for (const [id, prefix] of Object.entries(FORMS)) {
    for (const field of fieldsOf(id)) {
      if (SECRET.includes(field.name) || !isChanged(field) || (example && field.id === "html") || field.value.length > LONGEST) continue;
      const value = field.type === "checkbox" && field.dataset.kind === "flag" ? String(field.checked) : field.value;
      state.append(prefix + field.name, value);
    }
  }
  return state.toString();
}

async function fillForms(text) {
  const state = new URLSearchParams(text);
  for (const [id, prefix] of Object.entries(FORMS)) {
    for (const field of fieldsOf(id)) {
      const given = SECRET.includes(field.name) ? [] : state.getAll(prefix + field.name);
      if (field.dataset.kind === "flag") field.checked = given.length ? given[0] === "true" : field.defaultChecked;
      else if (field.type === "checkbox") field.checked = given.includes(field.value);
      else if (given.length) field.value = given[0];
      else if (field.options) for (const option of field.options) option.selected = option.defaultSelected;
      else field.value = field.defaultValue;
    }
  }
  const filled = fillExample(state.get("example") || "");
  $("url").required = !example && !$("html").value.trim();
  await filled;
  choose($(`tab-${state.get("do")}`) || $("tab-scrape"));
}

function fillExample(name) {
  example = name;
  arriving = name ? fetchExample(name) : null;
  return arriving;
}

async function fetchExample(name) {
  let text = "", problem = "";
  try {
    const response = await fetch(`examples/${encodeURIComponent(name)}`, { headers: headers() });
    if (response.ok) text = await response.text(); else problem = await problemOf(response);
  } catch (error) {
    problem = `The example did not arrive: ${error.message}`;
  }
  // another one may have been chosen meanwhile
  if (example !== name) return;
  if (text) { $("html").value = text; return; }
  example = "";
  $("url").required = !$("html").value.trim();
  complain(problem);
}

// what is about to be sent gets a place to go back to
function remember() {
  const state = "#" + stateOfForms();
  if (location.hash !== state || !history.state) history.pushState({ sent: mode() }, "", state);
}
addEventListener("popstate", async () => {
  if (location.hash && !location.hash.includes("=")) return;  // the link that skips to the form
  clearResult();
  clearAnswer();
  clearCrawl();
  const state = location.hash;
  await fillForms(state.slice(1));
  // gone further back meanwhile
  if (location.hash !== state) return;
  if (history.state && history.state.sent === "tab-scrape" && $("form").checkValidity()) { earlier = []; scrape(requestOf()); }
  else $("start").hidden = false;
});

function withoutSecrets(text) {
  const state = new URLSearchParams(text);
  for (const prefix of Object.values(FORMS)) for (const name of SECRET) state.delete(prefix + name);
  return state.toString();
}

const recent = {
  read() { try { return JSON.parse(localStorage.getItem("winnow.recent")) || []; } catch { return []; } },
  write(list) { try { localStorage.setItem("winnow.recent", JSON.stringify(list)); } catch { /* a browser that keeps nothing */ } recent.show(); },
  add(label) {
    const state = location.hash.slice(1);
    recent.write([{ label, state }, ...recent.read().filter((one) => one.state !== state)].slice(0, 12));
  },
  // what an earlier version of this page kept may hold what this one does not keep
  clean() {
    const list = [].concat(recent.read()).filter((one) => one && typeof one.state === "string");
    const states = list.map((one) => withoutSecrets(one.state));
    recent.write(list.map((one, index) => ({ ...one, state: states[index] })).filter((one, index) => states.indexOf(one.state) === index));
  },
  show() {
    const list = recent.read();
    $("recent-box").hidden = !list.length;
    $("recent").replaceChildren(...list.map(({ label, state }) => {
      const item = make("li"), button = make("button", label);
      button.type = "button";
      button.title = label;
      button.addEventListener("click", async () => { await fillForms(state); $("form").requestSubmit(); });
      item.append(button);
      return item;
    }));
  },
};
$("forget").addEventListener("click", () => recent.write([]));
