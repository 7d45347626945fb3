// install: offers to put the portal on the home screen, where the browser can do that. Only on the page of one's own
// account, never by itself in front of anything. Phones from Apple have no such button: for them the words stay.
let offer = null;
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  document.dispatchEvent(new CustomEvent("salpim:can-install"));
});

export default function install(element) {
  const button = element.querySelector("button");
  if (matchMedia("(display-mode: standalone)").matches) {
    element.hidden = true;
    return;
  }
  const show = () => {
    button.hidden = offer === null;
  };
  document.addEventListener("salpim:can-install", show);
  show();
  button.addEventListener("click", async () => {
    await offer?.prompt();
    const choice = await offer?.userChoice;
    if (choice?.outcome === "accepted") element.hidden = true;
    offer = null;
    show();
  });
}
