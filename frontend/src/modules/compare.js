// compare: two photos that are looked into together, and laid over one another with a slider.
// What is done to one zoom viewer (`salpim:zoom`) is told to the other (`salpim:zoom-to`).
export default function compare(box) {
  const viewers = [...box.querySelectorAll('[data-module~="zoom"]')];
  box.addEventListener("salpim:zoom", (event) => {
    const other = viewers.find((viewer) => viewer !== event.target);
    other?.dispatchEvent(new CustomEvent("salpim:zoom-to", { detail: event.detail }));
  });

  const over = box.querySelector("[data-over]");
  const share = box.querySelector("[data-share]");
  const top = box.querySelector("[data-top]");
  const slide = () => (top.style.clipPath = `inset(0 ${100 - share.value}% 0 0)`);
  share.addEventListener("input", slide);
  over.hidden = false;
  slide();
}
