// Prepares the page for textual-serve's script, which looks for the terminal's element as soon as the page is loaded.
"use strict";

const FACES = ["16px 'Roboto Mono'", "bold 16px 'Roboto Mono'", "italic 16px 'Roboto Mono'"];

// What let us in must not stay in the history; the cookie is enough from here on.
function forgetToken() {
  const asked = new URLSearchParams(location.search);
  asked.delete("token");
  asked.delete("ticket");
  const rest = asked.toString();
  history.replaceState(null, "", rest ? `/?${rest}` : "/");
  return asked;
}

// The terminal measures its cells once, so the fonts must be here before it is made.
async function openTerminal(asked) {
  await Promise.allSettled(FACES.map((face) => document.fonts.load(face)));
  const terminal = document.getElementById("terminal");
  terminal.dataset.sessionWebsocketUrl = `ws://${location.host}/ws`;
  terminal.dataset.fontSize = String(Math.min(Math.max(Number(asked.get("fontsize")) || 16, 6), 60));
  const script = document.createElement("script");
  script.src = "/static/js/textual.js";
  script.onload = () => window.onload(); // the page itself has been loaded long since
  document.body.append(script);
}

// Keys go to the terminal as soon as somebody hears them, and to the button when nobody does any more.
function followFocus(body, again) {
  let focused = "";
  new MutationObserver(() => {
    const wanted = ["-closed", "-first-byte"].find((name) => body.classList.contains(name)) ?? "";
    if (wanted === focused) return;
    focused = wanted;
    (wanted === "-closed" ? again : document.querySelector(".xterm-helper-textarea"))?.focus();
  }).observe(body, { attributeFilter: ["class"] });
  // textual-serve's script would tell the server of a lost focus, on a websocket that is closed.
  const silence = (event) => body.classList.contains("-closed") && event.stopPropagation();
  document.addEventListener("blur", silence, true);
}

const asked = forgetToken();
const again = document.getElementById("again");
followFocus(document.body, again);
again.addEventListener("click", () => location.reload());
window.addEventListener("load", () => openTerminal(asked));
