// keep-typed: on a form that loads the page again in the other language. What was typed or chosen on the page and not
// sent yet is handed over to the page that comes, and to no other. Passwords and files are never kept.
const PLACE = "salpim.typed";
const here = () => location.pathname + location.search;
const fields = () => [...document.querySelectorAll("main input, main select, main textarea")];

function unsent(field) {
  if (["password", "file", "hidden"].includes(field.type)) return false;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue || (field.checked ?? false) !== (field.defaultChecked ?? false);
}

function keep() {
  const kept = fields().map((field) => (unsent(field) ? [field.name, field.value, field.checked] : null));
  if (kept.some(Boolean)) sessionStorage.setItem(PLACE, JSON.stringify({ page: here(), kept }));
}

function give() {
  const { page, kept } = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
  sessionStorage.removeItem(PLACE);
  if (page !== here()) return;
  for (const [number, field] of fields().entries()) {
    const [name, value, checked] = kept[number] ?? [];
    if (name !== field.name) continue;
    if (["radio", "checkbox"].includes(field.type)) field.checked = checked;
    else field.value = value;
  }
}

export default function keepTyped(form) {
  try {
    give();
    form.addEventListener("submit", () => keep());
  } catch {
    // A browser that keeps nothing for pages: then what was typed is lost, as without scripts.
  }
}
