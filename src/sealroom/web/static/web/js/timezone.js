// SPDX-License-Identifier: Apache-2.0
// data-timezone on a select: the zone of this browser is chosen while nobody chose another than UTC.
for (const select of document.querySelectorAll("select[data-timezone]")) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (select.value === "UTC" && [...select.options].some((option) => option.value === zone)) select.value = zone;
}
