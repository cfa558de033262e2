// SPDX-License-Identifier: Apache-2.0
// Lets the first page be painted before anything else is fetched and put together: a reader waits for the page, not for buttons.
// What comes later stands in templates: the kit's modules, and the addresses of the viewer's own, to be fetched side by side.

const PATIENCE = 1500; // ms; a picture that takes longer, or a tab in the background, must not keep the viewer from its work
const picture = document.querySelector("[data-first]");
let begun = false;

function begin() {
  if (begun) return;
  begun = true;
  for (const later of document.querySelectorAll("template[data-later]")) document.head.append(later.content);
  import("./viewer.js").catch(() => document.querySelector("[data-needs-script]")?.classList.add("is-needed"));
}

const painted = () => requestAnimationFrame(() => setTimeout(begin));
if (picture) picture.decode().then(painted, begin);
else begin();
setTimeout(begin, PATIENCE);
