// Choosing "another amount" by typing one: selects its radio, and empties the field when a suggestion is chosen again.
for (const form of document.querySelectorAll('[data-behaviour~="other-amount"]')) {
  const typed = form.querySelector('[name="other_amount"]');
  const other = form.querySelector('[name="amount"][value="other"]');
  typed?.addEventListener("input", () => {
    if (other && typed.value !== "") other.checked = true;
  });
  form.addEventListener("change", (event) => {
    if (event.target === other) typed?.focus();
    else if (event.target.name === "amount" && typed) typed.value = "";
  });
}
