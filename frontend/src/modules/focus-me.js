// focus-me: takes the focus when it appears (the summary of what is wrong in a form), so that it is read and seen.
export default function focusMe(element) {
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}
