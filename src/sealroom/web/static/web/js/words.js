// SPDX-License-Identifier: Apache-2.0
// data-minutes="30" on a datetime-local: nothing earlier than now can be chosen. data-set="field" with data-days: fills it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-set]");
  if (!button) return;
  const field = document.getElementById(button.dataset.set);
  if (button.dataset.days === "") {
    field.value = "";
  } else {
    const end = new Date(Date.now() + Number(button.dataset.days) * 86_400_000);
    end.setHours(18, 0, 0, 0);
    const two = (number) => String(number).padStart(2, "0");
    field.value = `${end.getFullYear()}-${two(end.getMonth() + 1)}-${two(end.getDate())}T${two(end.getHours())}:${two(end.getMinutes())}`;
  }
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
