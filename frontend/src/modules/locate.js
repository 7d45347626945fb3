// locate: a form with hidden fields lat and lon is sent once the browser has told where the person is. Asked only on a
// tap, rounded to a thousandth of a degree (about 100 m) before it leaves the device. Hidden where it cannot work.
import { textOf } from "../lib/dom.js";

const PATIENCE = 15000;
const rounded = (degrees) => degrees.toFixed(3);

export default function locate(form) {
  if (!navigator.geolocation || !window.isSecureContext) return;
  const say = form.querySelector("[data-say]");
  const button = form.querySelector("button");
  form.hidden = false;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say.textContent = textOf(form, "Wait");
    button.disabled = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.lat.value = rounded(coords.latitude);
        form.elements.lon.value = rounded(coords.longitude);
        form.submit();
      },
      (error) => {
        button.disabled = false;
        say.textContent = textOf(form, error.code === error.PERMISSION_DENIED ? "Denied" : "Failed");
      },
      { enableHighAccuracy: false, timeout: PATIENCE, maximumAge: 300000 },
    );
  });
  // "Back" brings the page as it was left: with a button that waits.
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    say.textContent = "";
  });
}
