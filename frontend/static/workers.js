// Who draws how much: one row a worker, in the table that the report's page has too.

/**
 * What one worker did for the picture.
 * @typedef {object} Share
 * @property {string} worker
 * @property {number} pieces
 * @property {number} rows
 * @property {number} png_bytes
 * @property {number} worked_seconds
 */

/**
 * @param {Share[]} shares
 * @param {HTMLElement} body
 */
export function showWorkers(shares, body) {
  body.replaceChildren(
    ...shares.map((share) => {
      const row = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = share.worker;
      row.append(name);
      const numbers = [
        `${share.pieces}`,
        `${share.rows}`,
        `${share.worked_seconds.toFixed(2)} s`,
        `${Math.round(share.png_bytes / 1000)} kB`,
      ];
      for (const text of numbers) {
        row.insertCell().textContent = text;
      }
      return row;
    }),
  );
}
