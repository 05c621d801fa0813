// On a ballot: when all votes are given, the other topics wait until one is taken back. Without script the server says so.
for (const form of document.querySelectorAll('[data-behaviour~="ballot"]')) {
  const boxes = [...form.querySelectorAll('[name="topics"]')];
  const status = form.querySelector('[role="status"]');
  const update = () => {
    const isFull = boxes.filter((box) => box.checked).length >= Number(form.dataset.votes);
    for (const box of boxes) box.disabled = isFull && !box.checked;
    status.textContent = isFull ? status.dataset.full : "";
  };
  form.addEventListener("change", update);
  update();
}
