// Places of one's own, kept in this browser.

import { download } from "./download.js";

const KEY = "tilebrot-bookmarks";
const MOST = 200;

/** @returns {{ name: string, query: string }[]} */
function kept() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list.filter(({ name, query }) => typeof name === "string" && typeof query === "string") : [];
  } catch {
    return [];
  }
}

/** @param {{ name: string, query: string }[]} list */
function keep(list) {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.slice(0, MOST)));
  } catch {
    // A browser that keeps nothing has bookmarks for as long as the page is open, which is none.
  }
}

/** @param {string} zoom @param {string} query */
export function addBookmark(zoom, query) {
  keep([{ name: `${new Date().toLocaleDateString("en", { day: "numeric", month: "short" })}, ${zoom}`, query }, ...kept().filter((old) => old.query !== query)]);
}

export function exportBookmarks() {
  const list = kept().map(({ name, query }) => ({ name, url: `${location.origin}/?${query}` }));
  download("tilebrot-bookmarks.json", "application/json", JSON.stringify(list, null, 1));
}

/** @param {HTMLElement} list */
export function listBookmarks(list) {
  const rows = kept().map(({ name, query }) => {
    const row = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/?${query}`;
    link.textContent = name;
    const away = document.createElement("button");
    Object.assign(away, { type: "button", textContent: "Remove", ariaLabel: `Remove ${name}`, className: "quiet small" });
    away.addEventListener("click", () => {
      keep(kept().filter((old) => old.query !== query));
      listBookmarks(list);
    });
    row.append(link, away);
    return row;
  });
  const none = document.createElement("li");
  none.textContent = "None yet: the key B keeps the place that you see.";
  list.replaceChildren(...(rows.length > 0 ? rows : [none]));
}
