// Completes filters while they are written: a box that has a list, as ARIA has it. The server says what fits at the caret.

/** So long a pause between letters asks what fits. */
const LETTERS_MS = 80;
/** The question that is under way: another letter gives it up. @type {AbortController | undefined} */
let question;
/** @type {number | undefined} */
let pause;

/** @param {unknown} at @returns {HTMLInputElement | undefined} */
const filterBox = (at) => (at instanceof HTMLInputElement && at.dataset.complete ? at : undefined);
/** The list below a box. @param {HTMLInputElement} box @returns {HTMLElement} */
const listOf = (box) => box.form.querySelector("[role=listbox]");
/** @param {HTMLElement} list @returns {HTMLElement | null} */
const chosenOf = (list) => list.querySelector("[aria-selected=true]");

/** @param {HTMLInputElement} box */
function closeList(box) {
  question?.abort();
  clearTimeout(pause);
  const list = listOf(box);
  list.hidden = true;
  list.replaceChildren();
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

/** @param {HTMLInputElement} box */
async function openList(box) {
  closeList(box);
  const asked = (question = new AbortController());
  const at = String(box.selectionStart ?? box.value.length);
  const query = new URLSearchParams({ of: box.dataset.complete, text: box.value, at });
  let options = "";
  try {
    const answer = await fetch(new URL(`complete?${query}`, document.baseURI), { signal: asked.signal });
    // Who is not signed in any more is led to a form, which is no list.
    if (answer.ok && !answer.redirected) options = await answer.text();
  } catch { /* It is given up, or the server is away: the filter is written without help. */ }
  if (asked.signal.aborted || document.activeElement !== box) return;
  const list = listOf(box);
  list.innerHTML = options;
  list.hidden = list.childElementCount === 0;
  box.setAttribute("aria-expanded", String(!list.hidden));
}

/** Goes to the next or the one before; behind the last is none, as before the first. @param {HTMLInputElement} box @param {number} by */
function step(box, by) {
  const list = listOf(box);
  const options = [...list.children];
  const was = chosenOf(list);
  const from = was ? options.indexOf(was) : by > 0 ? -1 : options.length;
  was?.setAttribute("aria-selected", "false");
  const now = options[from + by];
  if (!now) { box.removeAttribute("aria-activedescendant"); return; }
  now.setAttribute("aria-selected", "true");
  box.setAttribute("aria-activedescendant", now.id);
  now.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLInputElement} box @param {HTMLElement} option */
function take(box, option) {
  const { filter, at, more } = option.dataset;
  box.value = filter ?? "";
  box.setSelectionRange(Number(at), Number(at));
  if (more === undefined) closeList(box); else openList(box);
}

document.addEventListener("focusin", ({ target }) => {
  const box = filterBox(target);
  if (!box) return;
  const has = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": listOf(box).id };
  for (const [name, value] of Object.entries(has)) box.setAttribute(name, value);
});
document.addEventListener("focusout", ({ target }) => {
  const box = filterBox(target);
  if (box) closeList(box);
});
document.addEventListener("input", ({ target }) => {
  const box = filterBox(target);
  if (!box) return;
  clearTimeout(pause);
  pause = setTimeout(openList, LETTERS_MS, box);
});

document.addEventListener("keydown", (event) => {
  const box = filterBox(event.target);
  if (!box || event.isComposing || event.ctrlKey || event.metaKey) return;
  const list = listOf(box);
  const isOpen = !list.hidden;
  const chosen = chosenOf(list);
  switch (event.key) {
    case "ArrowDown": case "ArrowUp":
      if (isOpen) step(box, event.key === "ArrowDown" ? 1 : -1); else openList(box);
      break;
    case "Enter": case "Tab":
      // Where nothing is chosen both do what they always do.
      if (!chosen || event.shiftKey) return;
      take(box, chosen);
      break;
    case "Escape":
      if (!isOpen) return;
      closeList(box);
      break;
    case "ArrowLeft": case "ArrowRight": case "Home": case "End":
      if (isOpen) closeList(box);
      return;
    default: return;
  }
  event.preventDefault();
});

// The box keeps the focus while an option is pressed; a click into the empty box shows what there is.
document.addEventListener("mousedown", (event) => {
  if (event.target instanceof Element && event.target.closest("[role=listbox]")) event.preventDefault();
});
document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const box = filterBox(target) ?? filterBox(document.activeElement);
  if (!box) return;
  const option = target.closest("[role=option]");
  if (option instanceof HTMLElement) take(box, option);
  else if (target === box && box.value === "") openList(box);
});
