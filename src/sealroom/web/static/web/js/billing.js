// SPDX-License-Identifier: Apache-2.0
// data-follow on a link to the payment provider: it is followed by itself, once. data-send-now on a form: it is sent by itself.
// Both can be pressed, too: without this script nothing is missing.
const link = document.querySelector("a[data-follow]");
if (link) {
  const here = new URL(location.href);
  here.searchParams.delete("go");
  history.replaceState(null, "", here);
  // Coming back with the Back button shows the page again and does not push on.
  addEventListener("pageshow", (event) => { if (!event.persisted) location.assign(link.href); }, { once: true });
}

document.querySelector("form[data-send-now]")?.requestSubmit();
