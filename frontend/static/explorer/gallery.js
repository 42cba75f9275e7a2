// Twenty places to go, each with a picture that the cluster draws.

import { PLACES } from "./places.js";

const SIZE = { width: 240, height: 150 };

/** Fills the list, once. @param {HTMLElement} list */
export function showGallery(list) {
  if (list.childElementCount > 0) return;
  list.replaceChildren(
    ...PLACES.map(({ name, about, query }) => {
      const row = document.createElement("li");
      const link = document.createElement("a");
      link.href = `/?${query}`;
      const picture = new Image(SIZE.width, SIZE.height);
      picture.loading = "lazy";
      picture.alt = "";
      picture.src = `/render.png?${query}&width=${SIZE.width}&height=${SIZE.height}&samples=2`;
      const title = document.createElement("strong");
      title.textContent = name;
      const words = document.createElement("span");
      words.textContent = about;
      link.append(picture, title, words);
      row.append(link);
      return row;
    }),
  );
}
