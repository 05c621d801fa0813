// A button that puts the text of the element it names (aria-controls) on the clipboard and says so in its own label.
for (const button of document.querySelectorAll('button[data-behaviour~="copy"]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.getAttribute("aria-controls"));
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    button.textContent = button.dataset.done;
  });
}
