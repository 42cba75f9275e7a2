// A file that is dropped on the page names a place: a location of Kalles Fraktaler (.kfr) or of Fraktaler-3 (.toml).

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

/** @param {HTMLElement} target shown while a file is over the page @param {(query: string) => void} open @param {(text: string) => void} say */
export function listenForFiles(target, open, say) {
  let inside = 0;
  const hasFile = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") ?? false;
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
  addEventListener("drop", async (event) => {
    const file = event.dataTransfer?.files[0];
    if (!file) return;
    event.preventDefault();
    inside = 0;
    target.hidden = true;
    const query = file.size > MOST_BYTES ? null : placeOf(await file.text());
    if (query) open(query);
    else say(`${file.name} names no place. Accepted are .kfr and .toml files with a centre and a zoom.`);
  });
}
