// What is wrong with the page for whoever reads it: a list of sentences.
(() => {
  const faults = [];
  const describe = (element) =>
    `<${element.localName}${element.id ? ` id=${element.id}` : ""}${element.className ? ` class="${element.className}"` : ""}>`;

  // Nothing sticks out of the window.
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) {
    faults.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${wide}`);
  }

  // Every control has a name.
  for (const control of document.querySelectorAll("input, select, button, a")) {
    const label = [...(control.labels ?? [])].map((label) => label.innerText).join(" ");
    if (!(label || control.innerText || control.getAttribute("aria-label") || "").trim()) {
      faults.push(`${describe(control)} has no name`);
    }
  }
  for (const picture of document.querySelectorAll("img:not([alt])")) {
    faults.push(`${describe(picture)} has no words instead`);
  }

  // Every text stands out: the contrast of WCAG 2.2, success criterion 1.4.3.
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const [r, g, b] = [red, green, blue].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = channels(getComputedStyle(element).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const readers = new Set(document.querySelectorAll("input:not([type=radio], [type=color]), select"));
  while (texts.nextNode()) {
    if (texts.currentNode.data.trim()) readers.add(texts.currentNode.parentElement);
  }
  for (const element of readers) {
    if (!element.checkVisibility() || element.closest("noscript, option")) continue;
    const [dark, light] = [channels(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) faults.push(`${describe(element)} has a contrast of ${contrast.toFixed(2)}`);
  }

  // No short word is torn apart for want of room.
  for (texts.currentNode = document.body; texts.nextNode(); ) {
    const text = texts.currentNode;
    if (!text.parentElement.checkVisibility() || text.parentElement.closest("noscript, option")) continue;
    for (const word of text.data.matchAll(/[a-z]{2,12}/gi)) {
      const range = document.createRange();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      if (range.getClientRects().length > 1) {
        faults.push(`“${word[0]}” is torn apart in ${describe(text.parentElement)}`);
      }
    }
  }
  return faults;
})()
