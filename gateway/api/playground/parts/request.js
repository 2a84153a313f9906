"use strict";
// From forms to requests: only what was changed is sent, the rest is the gateway's own default.

function isChanged(field) {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.options) return ![...field.options].every((option) => option.selected === option.defaultSelected);
  return field.value.trim() !== field.defaultValue.trim();
}

const readers = {
  text: (field) => field.value.trim(),
  flag: (field) => field.checked,
  number: (field) => Number(field.value),
  "text or number": (field) => (/^\d+$/.test(field.value.trim()) ? Number(field.value) : field.value.trim()),
  lines: (field) => field.value.split("\n").map((line) => line.trim()).filter(Boolean),
  json: (field) => {
    try { return JSON.parse(field.value); } catch (error) { throw new Error(`${field.name} is not JSON: ${error.message}`); }
  },
};

// options that stand in a form's generated fields
function optionsOf(form) {
  const request = {};
  for (const field of form.querySelectorAll("[data-kind]")) {
    const { name, dataset: { kind } } = field;
    if (kind === "names") {
      if (field.checked) (request[name] ??= []).push(field.value);
    } else if (isChanged(field) && (field.type === "checkbox" || field.options || field.value.trim())) {
      request[name] = readers[kind](field);
    }
  }
  return request;
}

function sourceOf() {
  const html = $("html").value.trim(), url = $("url").value.trim();
  const source = html ? { html } : {};
  if (url) source.url = /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : "https://" + url;
  return source;
}

const requestOf = () => ({ ...sourceOf(), ...optionsOf($("form")) });

function questionOf() {
  const form = $("ask"), question = sourceOf(), { include, ...scrape } = optionsOf($("form"));
  const prompt = form.elements.prompt.value.trim(), schema = form.elements.schema.value.trim();
  if (prompt) question.prompt = prompt;
  if (schema) {
    try { question.schema = JSON.parse(schema); } catch (error) { throw new Error(`The schema is not JSON: ${error.message}`); }
  }
  const model = $("model-list").hidden ? $("model-name").value.trim() : $("model").value;
  if (model) question.model = model;
  if (Object.keys(scrape).length) question.scrape = scrape;
  return { ...question, ...optionsOf(form) };
}

function crawlOf() {
  const { html, max_tokens, include, ...scrape } = optionsOf($("form"));
  const request = { url: sourceOf().url || "", ...optionsOf($("crawl")) };
  if (Object.keys(scrape).length) request.scrape = scrape;
  return request;
}
