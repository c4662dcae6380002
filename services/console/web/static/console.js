// What every page does beside what its HTML does: keys, theme, copying, and following what changes.
// Everything here has another way by mouse and link; nothing is decided in the browser.

const KEYS_OFF = "interlock_keys_off";
const THEME = "interlock_theme";
const YEAR_SECONDS = 31536000;
const LOOK_AGAIN_MS = 1500; // so often at most a page is asked for again
const COME_BACK_MS = 3000;

const one = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

function tell(words) {
  const place = one("#told");
  if (place) place.textContent = words;
}

/* Theme: a cookie, so that the server can say it before anything is drawn. */
function turnTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  document.cookie = `${THEME}=${root.dataset.theme}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
}

/* Copying */
async function copy(button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    tell("Copied");
  } catch {
    const text = button.parentElement.querySelector("code");
    getSelection().selectAllChildren(text);
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => { button.textContent = before; }, 1600);
}

/* Keys */
const keysAreOn = () => localStorage.getItem(KEYS_OFF) === null;
const isTyping = (target) => target.closest("input, textarea, select, [contenteditable]") !== null;
const PLACES = { o: "/overview", r: "/runs", v: "/reviews", c: "/cost" };
let wentFor = false;

function move(by) {
  const rows = all("a.row");
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row === document.activeElement || row.hasAttribute("data-chosen"));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  for (const row of rows) row.removeAttribute("data-chosen");
  next.setAttribute("data-chosen", "");
  next.focus();
  next.scrollIntoView({ block: "nearest" });
  if (next.hasAttribute("data-open-on-move")) next.click();
}

function tab(by) {
  const tabs = all(".tabs a");
  const at = tabs.findIndex((each) => each.hasAttribute("aria-current"));
  tabs[at + by]?.click();
}

function press(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping(event.target) || !keysAreOn() || one("dialog[open]")) return;
  const key = event.key;
  if (wentFor) {
    wentFor = false;
    if (PLACES[key]) { location.href = PLACES[key]; event.preventDefault(); return; }
  }
  const bound = one(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  if (bound) {
    event.preventDefault();
    if (bound.matches("input, textarea, select")) bound.focus();
    else bound.click();
    return;
  }
  const act = {
    j: () => move(1),
    k: () => move(-1),
    g: () => { wentFor = true; },
    "[": () => tab(-1),
    "]": () => tab(1),
    "?": () => one("#keys")?.showModal(),
  }[key];
  if (act) { event.preventDefault(); act(); }
}

/* Following: the server says that something changed, and the page is asked for again. */
let source = null;
let again = 0;

function look() {
  const region = one("[data-live]");
  if (!region || again) return;
  again = setTimeout(async () => {
    again = 0;
    if (isTyping(document.activeElement) && region.contains(document.activeElement)) return;
    await htmx.ajax("GET", location.pathname + location.search, {
      target: `#${region.id}`, select: `#${region.id}`, swap: "outerMorph",
    });
  }, LOOK_AGAIN_MS);
}

function dot(state, words) {
  for (const each of all("[data-live-state]")) {
    each.dataset.liveState = state;
    each.textContent = words;
  }
}

function follow() {
  const region = one("[data-live]");
  source?.close();
  source = null;
  if (!region || document.hidden) return;
  source = new EventSource(region.dataset.live);
  source.onopen = () => dot("live", "live");
  source.onerror = () => {
    // A stream that was closed for good is over: a run that has ended, or a session.
    if (source && source.readyState === EventSource.CLOSED) { dot("over", "not live"); source = null; }
    else dot("waiting", "reconnecting");
  };
  for (const name of ["changed", "fact"]) source.addEventListener(name, look);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { source?.close(); source = null; return; }
  if (one("[data-live]")) { look(); setTimeout(follow, document.hidden ? COME_BACK_MS : 0); }
});

document.addEventListener("keydown", press);
document.addEventListener("click", (event) => {
  const copying = event.target.closest("[data-copy]");
  if (copying) copy(copying);
  if (event.target.closest("[data-theme-button]")) turnTheme();
  if (event.target.closest("[data-keys-button]")) one("#keys")?.showModal();
  const opening = event.target.closest("[data-opens]");
  if (opening) one(opening.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-keys-switch]")) {
    if (event.target.checked) localStorage.removeItem(KEYS_OFF);
    else localStorage.setItem(KEYS_OFF, "1");
  }
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
/* Fields that are empty do not go into the address. */
document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-short]")) return;
  for (const field of all("input, select", event.target)) {
    if (!field.value && !field.disabled) { field.disabled = true; setTimeout(() => { field.disabled = false; }); }
  }
});

const keysSwitch = one("[data-keys-switch]");
if (keysSwitch) keysSwitch.checked = keysAreOn();
follow();
