// A file that is dropped on the page, or chosen, names a place: a PNG that Tilebrot drew, a location of Kalles Fraktaler (.kfr) or
// of Fraktaler-3 (.toml); or it is a palette.

import { isPaletteFile } from "./palettefiles.js";
import { viewOfPng } from "./png.js";

const MOST_BYTES = 1 << 20;
const NUMBER = "([+-]?[\\d.]+(?:[eE][+-]?\\d+)?)";

/** The query of a location's text, or null. @param {string} text */
export function placeOf(text) {
  const field = (/** @type {string} */ name) => new RegExp(`^\\s*${name}\\s*[:=]\\s*"?${NUMBER}"?\\s*$`, "m").exec(text)?.[1];
  const re = field("Re") ?? field("location\\.real") ?? field("real");
  const im = field("Im") ?? field("location\\.imag") ?? field("imag");
  const zoom = field("Zoom") ?? field("location\\.zoom") ?? field("zoom");
  if (!re || !im || !zoom) return null;
  const query = new URLSearchParams({ re, im, zoom: zoom.replace(/e\+/i, "e") });
  const limit = field("Iterations") ?? field("bailout\\.iterations") ?? field("iterations");
  if (limit && Number.isInteger(Number(limit)) && Number(limit) >= 1 && Number(limit) <= 1e9) query.set("iterations", `${Number(limit)}`);
  return query.toString();
}

/**
 * @param {(id: string) => HTMLElement} element
 * @param {{ open: (query: string) => void, palette: (file: File) => void, say: (text: string) => void }} told
 */
export function listenForFiles(element, told) {
  const target = element("drop");
  const chooser = /** @type {HTMLInputElement} */ (element("open-file"));
  let inside = 0;
  const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;

  /** @param {File} file */
  async function take(file) {
    if (isPaletteFile(file.name)) {
      told.palette(file);
      return;
    }
    try {
      const query = (await viewOfPng(file)) ?? (file.size > MOST_BYTES ? null : placeOf(await file.text()));
      if (!query) throw new Error("this file names no place. Accepted are PNGs that Tilebrot drew, and .kfr and .toml files with a centre and a zoom.");
      told.open(query);
    } catch (error) {
      told.say(`${file.name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    inside += 1;
    target.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFile(event)) return;
    inside = Math.max(0, inside - 1);
    target.hidden = inside === 0;
  });
  addEventListener("dragover", (event) => {
    if (hasFile(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    inside = 0;
    target.hidden = true;
    void take(file);
  });
  chooser.addEventListener("change", () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file) void take(file);
  });
  element("open-button").addEventListener("click", () => chooser.click());
}
