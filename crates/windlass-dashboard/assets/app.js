// What pages do beyond links and forms. Everything works without it.
/* global htmx, Idiomorph */
"use strict";

/** Keys that open pages behind `g`. @type {Record<string, string>} */
const PLACES = { o: ".", j: "jobs", q: "queues", w: "workers", x: "errors", s: "schedules", f: "workflows", e: "events", u: "subscriptions", i: "sources", p: "operations", l: "limits", a: "audit", t: "settings" };

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

/** A command that is copied is for the store of this page, wherever it is run. @param {string} text */
function ofStore(text) {
  const store = document.body.dataset.store;
  return store && text.startsWith("windlass ") ? `${text} ${store}` : text;
}

// Buttons that need this file are shown by its style, so that a page that is shown again does not flicker.
document.documentElement.classList.add("script");

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element && event.target.closest("[data-copy]");
  if (!button) return;
  await copy(ofStore(button.getAttribute("data-copy") ?? ""));
  const name = button.querySelector("span");
  if (!name || name.dataset.was) return;
  name.dataset.was = name.textContent ?? "";
  name.textContent = "Copied";
  setTimeout(() => { name.textContent = name.dataset.was ?? ""; delete name.dataset.was; }, 1500);
});

/** The places behind More close by Escape, with the focus on More again, and by a press elsewhere. */
const more = /** @type {HTMLDetailsElement | null} */ (document.querySelector(".more"));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !more?.open) return;
  more.open = false;
  more.querySelector("summary")?.focus();
});
document.addEventListener("click", (event) => {
  if (more?.open && event.target instanceof Node && !more.contains(event.target)) more.open = false;
});

/** The box at the head of a list marks all of its rows. */
document.addEventListener("change", (event) => {
  const all = event.target;
  if (!(all instanceof HTMLInputElement) || !all.dataset.all) return;
  for (const box of document.querySelectorAll(`input[type="checkbox"][name="${all.dataset.all}"]`)) box.checked = all.checked;
});

/** Says that the page stands still meanwhile. @param {boolean} isHeld */
function hold(isHeld) {
  const line = document.querySelector("#held");
  if (line instanceof HTMLElement) line.hidden = !isHeld || isStale;
}

/** A page is not shown again under somebody who marks rows or fills in a form. */
for (const moment of ["htmx:beforeRequest", "htmx:beforeSwap"]) {
  document.addEventListener(moment, (event) => {
    const isLive = event.target instanceof Element && event.target.id === "live";
    if (!isLive || !document.querySelector("#live :is(.pick, .all) :checked, #live details.ask[open]")) return;
    event.preventDefault();
    hold(true);
  });
}

/** The row that keys have led to last: other rows may come before it. @type {Element | undefined} */
let row;
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
      const box = (at.closest("tr") ?? row)?.querySelector(".pick input");
      if (box instanceof HTMLInputElement) box.checked = !box.checked;
      return;
    }
    case "j": case "k": {
      if (rows.length === 0) return;
      const from = rows.indexOf(at.closest("tr") ?? row);
      row = rows[Math.min(Math.max(from + (event.key === "j" ? 1 : -1), 0), rows.length - 1)];
      const link = row?.querySelector("a.name");
      if (link instanceof HTMLElement) link.focus();
      return;
    }
  }
}

document.addEventListener("keydown", key);

/** A page is asked for again so often at most, however much the stream tells: what is committed stands on it within a second. */
const PAUSE_MS = 600;
/** And so often while somebody sees it, whatever the stream tells: pauses, heartbeats and ages are not in it. */
const LOOK_MS = 5000;
/** What the stream tells that may be shown. Behind `end` comes nothing: the page then finds out why. */
const NEWS = ["counts", "jobs", "event", "merged", "reset", "end"];

/** When the page was asked for last, and when it was last as the server has it. */
let asked = Date.now();
let fresh = asked;
/** @type {number | undefined} */
let asking;
let isNews = false;
/** The page is shown again: now, or as soon as the pause is over. What comes meanwhile is shown with it. */
function refresh() {
  if (asking !== undefined) return;
  asking = setTimeout(() => {
    asking = undefined;
    asked = Date.now();
    const live = document.querySelector("#live");
    if (live) htmx.trigger(live, "news");
    // The server may show what it has found a moment before for somebody else: behind news it is asked once more.
    if (isNews) refresh();
    isNews = false;
  }, Math.max(0, asked + PAUSE_MS - Date.now()));
}

/** The stream has told of something. */
function news() {
  isNews = true;
  refresh();
}

let isStale = false;
/** Says that the page could not be shown again, and since when it is as it is. */
function tell() {
  const line = document.querySelector("#stale");
  if (!(line instanceof HTMLElement)) return;
  line.hidden = !isStale;
  if (isStale) hold(false);
  const time = line.querySelector("time");
  if (time) time.textContent = `${Math.round((Date.now() - fresh) / 1000)} s`;
}

/** Streams that are listened to: one that connects again is the same. */
const streams = new WeakSet();
document.addEventListener("htmx:sseOpen", (event) => {
  const { source } = event.detail;
  if (isStale) refresh();
  if (streams.has(source)) return;
  streams.add(source);
  for (const name of NEWS) source.addEventListener(name, news);
});
// A stream that ends is a reason to look, as what it tells is; whether the page is stale is seen then.
document.addEventListener("htmx:sseError", refresh);
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, () => { isStale = true; tell(); });
}
document.addEventListener("htmx:afterSwap", () => { isStale = false; fresh = Date.now(); tell(); hold(false); });
setInterval(() => {
  if (isStale) tell();
  if (document.visibilityState === "visible" && Date.now() - asked >= LOOK_MS) refresh();
}, 1000);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refresh();
});

// An answer that is not this page, such as the form to sign in, is shown as a page of its own.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, serverResponse, xhr } = event.detail;
  // Of a server that is away, or a proxy before it, the page as it was says more.
  if (target.id !== "live" || xhr.status >= 500 || xhr.status === 429 || serverResponse.includes('id="live"')) return;
  event.preventDefault();
  location.reload();
});

// What somebody has done to a page outlives its being shown again: text in fields, what is unfolded, buttons of this file.
Idiomorph.defaults.callbacks.beforeNodeMorphed = (/** @type {Node} */ old) => {
  const isField = old instanceof HTMLInputElement || old instanceof HTMLTextAreaElement;
  const isList = old instanceof Element && old.matches("[role=listbox]");
  return !isList && !(isField && old.type !== "hidden" && (old === document.activeElement || old.value !== old.defaultValue));
};
Idiomorph.defaults.callbacks.beforeAttributeUpdated = (/** @type {string} */ name, /** @type {Element} */ of) =>
  !((name === "open" && of.matches("details")) || (name === "hidden" && of.matches("[data-copy]")));
