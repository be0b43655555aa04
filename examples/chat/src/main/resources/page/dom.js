// The little that the page needs beyond the DOM's own methods. Whatever people wrote reaches the page as textContent, never as markup.

/** @param {string} id */
export const byId = (id) => document.getElementById(id);

/** The first element of a template, anew. */
export const fromTemplate = (id) => byId(id).content.firstElementChild.cloneNode(true);

/** Sets the text only if it is another one: screen readers announce what is set, even if it is the same. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * Makes the children of `list` those of `items`, in that order. The element of an item that stays is kept, and with it the focus.
 * @param {Element} list
 * @param {Array<{id: string}>} items
 * @param {string} template what a new item looks like
 * @param {(element: Element, item: object) => void} update
 */
export function reconcile(list, items, template, update) {
  const known = new Map([...list.children].map((child) => [child.dataset.id, child]));
  items.forEach((item, index) => {
    const element = known.get(item.id) ?? fromTemplate(template);
    known.delete(item.id);
    element.dataset.id = item.id;
    update(element, item);
    if (list.children[index] !== element) {
      list.insertBefore(element, list.children[index] ?? null);
    }
  });
  known.forEach((element) => element.remove());
}

/** Shows a person's initials on a colour that is always the same for the same person. */
export function drawAvatar(element, { token, name }) {
  const words = name.split(/\s+/);
  const first = (word) => [...new Intl.Segmenter().segment(word)][0]?.segment ?? "";
  setText(element, (first(words[0]) + (words.length > 1 ? first(words.at(-1)) : "")).toUpperCase());
  let hash = 7;
  for (const character of token) {
    hash = (hash * 31 + character.codePointAt(0)) % 9973;
  }
  element.classList.add("avatar");
  element.style.setProperty("--hue", (hash * 47) % 360);
}

/** Runs `action` once, soon, however often it is asked for in the meantime; also in a tab that is in the background. */
export function coalesced(action) {
  let due = false;
  return () => {
    if (!due) {
      due = true;
      queueMicrotask(() => {
        due = false;
        action();
      });
    }
  };
}
