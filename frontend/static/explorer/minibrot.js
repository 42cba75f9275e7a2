// The minibrot of a view: a worker looks for its nucleus, all digits of it, and the zoom that shows it.

/**
 * The query of the view that shows the minibrot of `query`'s view.
 * @param {string} query
 * @param {import("./plane.js").Size} size
 * @returns {Promise<{ re: string, im: string, zoom: string, period: number }>}
 * @throws with a sentence for people, where there is none or nobody answers
 */
export async function minibrotOf(query, size) {
  const asked = new URLSearchParams(query);
  for (const colour of ["palette", "colouring", "density", "offset", "interior"]) asked.delete(colour);
  asked.set("width", `${Math.max(1, Math.round(size.width))}`);
  asked.set("height", `${Math.max(1, Math.round(size.height))}`);
  let answer;
  try {
    answer = await fetch(`/nucleus?${asked}`, { headers: { accept: "application/json" } });
  } catch {
    throw new Error("The server does not answer.");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`No minibrot to go to: ${said.detail ?? answer.statusText}.`);
  return said;
}
