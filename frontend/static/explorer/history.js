// Undo, redo and the browser's own way back: each place where the view came to rest is an entry.

const MOST = 500;

export class History {
  /** @type {string[]} */
  #past = [];
  /** @type {string[]} */
  #future = [];

  /** @param {string} query @param {(query: string) => void} show */
  constructor(query, show) {
    this.current = query;
    this.show = show;
    addEventListener("popstate", () => {
      const query = location.search.slice(1);
      if (this.#past.at(-1) === query) {
        this.#future.push(this.current);
        this.#past.pop();
      } else {
        this.#past.push(this.current);
      }
      this.current = query;
      this.show(query);
    });
  }

  /** The state came to rest. @param {string} query */
  rest(query) {
    if (query === this.current) return;
    this.#past.push(this.current);
    if (this.#past.length > MOST) this.#past.shift();
    this.#future = [];
    this.current = query;
    history.pushState(null, "", address(query));
  }

  /** The state changes in a way that is no step of its own, such as a slider. @param {string} query */
  replace(query) {
    this.current = query;
    history.replaceState(null, "", address(query));
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  get canRedo() {
    return this.#future.length > 0;
  }

  undo() {
    this.#step(this.#past, this.#future);
  }

  redo() {
    this.#step(this.#future, this.#past);
  }

  /** @param {string[]} from @param {string[]} to */
  #step(from, to) {
    const query = from.pop();
    if (query === undefined) return;
    to.push(this.current);
    this.current = query;
    history.replaceState(null, "", address(query));
    this.show(query);
  }
}

/** @param {string} query */
const address = (query) => (query ? `/?${query}` : "/");
