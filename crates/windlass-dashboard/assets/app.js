// What pages do beyond links and forms. Everything works without it.
"use strict";

/** Keys that open pages behind `g`. @type {Record<string, string>} */
const PLACES = { o: "./", j: "jobs", q: "queues", w: "workers", p: "operations", s: "settings", a: "audit", l: "limits" };

/** Copies with the clipboard where the page has one, and by a selection where it is served over plain HTTP. @param {string} text */
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.className = "hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

/** Buttons that need this file are shown by it. @param {ParentNode} root */
function show(root) {
  for (const button of root.querySelectorAll("button[data-copy][hidden], label.all[hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  if (!button) return;
  await copy(button.getAttribute("data-copy") ?? "");
  const name = button.querySelector("span");
  if (!name || name.dataset.was) return;
  name.dataset.was = name.textContent ?? "";
  name.textContent = "Copied";
  setTimeout(() => { name.textContent = name.dataset.was ?? ""; delete name.dataset.was; }, 1500);
});

/** The box at the head of a list marks all of its rows. */
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!(all instanceof HTMLInputElement) || !all.dataset.all) return;
  for (const box of document.querySelectorAll(`input[type="checkbox"][name="${all.dataset.all}"]`)) box.checked = all.checked;
});

/** A page is not shown again under somebody who marks rows or fills in a form. */
for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(moment, (event) => {
    const isLive = event.target instanceof Element && event.target.id === "live";
    if (isLive && document.querySelector("#live :is(.pick, .all) :checked, #live details.ask[open]")) event.preventDefault();
  });
}

/** The row that keys act on. */
let row = -1;
let leads = false;

/** @param {KeyboardEvent} event */
function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target instanceof Element ? event.target : document.body;
  if (at.closest("input, textarea, select, [contenteditable]")) return;
  if (leads) {
    leads = false;
    const to = PLACES[event.key];
    if (to) { event.preventDefault(); location.assign(new URL(to, document.baseURI)); }
    return;
  }
  const rows = [...document.querySelectorAll(".rows tbody tr")];
  switch (event.key) {
    case "/": {
      const field = document.querySelector("#filter");
      if (field instanceof HTMLInputElement) { event.preventDefault(); field.focus(); field.select(); }
      return;
    }
    case "g": leads = true; return;
    case "x": {
      const box = rows[row]?.querySelector(".pick input");
      if (box instanceof HTMLInputElement) box.checked = !box.checked;
      return;
    }
    case "j": case "k": {
      if (rows.length === 0) return;
      row = Math.min(Math.max(row + (event.key === "j" ? 1 : -1), 0), rows.length - 1);
      const link = rows[row]?.querySelector("a.name");
      if (link instanceof HTMLElement) link.focus();
      return;
    }
  }
}

document.addEventListener("keydown", key);

/** When the stream was heard last, so that a page that is stale says so. */
let heard = Date.now();
/** @param {boolean} isStale */
function stale(isStale) {
  const line = document.querySelector("#stale");
  if (!(line instanceof HTMLElement)) return;
  line.hidden = !isStale;
  const time = line.querySelector("time");
  if (time) time.textContent = `${Math.round((Date.now() - heard) / 1000)} s`;
}
document.addEventListener("htmx:sseOpen", () => { heard = Date.now(); stale(false); });
document.addEventListener("htmx:sseMessage", () => { heard = Date.now(); stale(false); });
document.addEventListener("htmx:sseError", () => stale(true));
setInterval(() => { if (document.querySelector("#stale:not([hidden])")) stale(true); }, 1000);
document.addEventListener("htmx:afterSettle", () => show(document));
show(document);
