// Small helpers shared by the modules.
export const html = document.documentElement;

/** The form token that the layout put into <meta name="csrf-token">. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** Send an event `name` from `element`; it bubbles, so that a page may listen anywhere above. */
export function emit(element, name, detail = {}) {
  return element.dispatchEvent(new CustomEvent(name, { bubbles: true, cancelable: true, detail }));
}

/** An element with attributes and children, text children as text. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A text of the interface: the server wrote it, translated, into <body data-text-…> or the element itself. */
export function textOf(element, key) {
  return element.dataset[`text${key}`] ?? document.body.dataset[`text${key}`] ?? "";
}
