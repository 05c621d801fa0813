// Says once that the appeal's place came into view: which slot, and nothing of who reads. No cookie goes along.
const place = document.querySelector("[data-slot]");
if (place) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    const body = new URLSearchParams({ slot: place.dataset.slot });
    fetch("/appeal/shown", { method: "POST", body, credentials: "omit", keepalive: true }).catch(() => {});
  });
  watch.observe(place);
}
