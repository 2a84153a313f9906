"use strict";
// Buttons for the examples: copy them, or send them to this gateway.
const here = location.origin;
const key = document.getElementById("key");

function button(label, act) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = label;
  element.addEventListener("click", () => act(element));
  return element;
}

async function copy(pre, element) {
  const label = element.textContent;
  try {
    await navigator.clipboard.writeText(pre.textContent);
    element.textContent = "Copied";
  } catch {  // over plain http a browser has no clipboard: what is selected can be copied by hand
    getSelection().selectAllChildren(pre);
    element.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => { element.textContent = label; }, 1500);
}

async function send(example, element) {
  const answer = example.querySelector(".answer"), body = example.querySelector(".body");
  element.disabled = true;
  answer.hidden = false;
  answer.textContent = "…";
  const headers = key.value.trim() ? { authorization: "Bearer " + key.value.trim() } : {};
  if (body) headers["content-type"] = "application/json";
  try {
    const began = performance.now();
    const response = await fetch(example.dataset.path, { method: example.dataset.method, headers, body: body ? body.textContent : undefined });
    let text = await response.text();
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is shown as it is */ }
    const more = text.length > 20_000 ? "\n…" : "";
    answer.textContent = `${response.status} ${response.statusText}, ${Math.round(performance.now() - began)} ms\n\n${text.slice(0, 20_000)}${more}`;
  } catch (error) {
    answer.textContent = `The gateway cannot be reached: ${error.message}`;
  } finally {
    element.disabled = false;
  }
}

for (const example of document.querySelectorAll(".example")) {
  const curl = example.querySelector(".curl"), body = example.querySelector(".body"), buttons = document.createElement("div");
  curl.textContent = curl.textContent.replace("http:" + "//127.0.0.1:8000", here);
  buttons.className = "buttons";
  if (body) buttons.append(button("Copy JSON", (element) => copy(body, element)));
  buttons.append(button("Copy curl", (element) => copy(curl, element)));
  if (!example.dataset.path.includes("{")) buttons.append(button("Try it", (element) => send(example, element)));
  example.querySelector(".answer").before(buttons);
}
