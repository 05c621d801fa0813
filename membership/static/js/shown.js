// Says once that a reader got to the appeal's place, or jumped past it: which slot, and nothing of who reads. No cookie goes along.
const place = document.querySelector("[data-slot]");
if (place) {
  const watch = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    const body = new URLSearchParams({ slot: place.dataset.slot });
    fetch("/appeal/shown", { method: "POST", body, credentials: "omit", keepalive: true }).catch(() => {});
  }, { rootMargin: "999999px 0px 0px" });
  watch.observe(place);
}
