// Shows what is new every 30 seconds, and leaves focus and the rest as they are.
async function renew() {
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.getElementById("live").replaceChildren(...page.getElementById("live").childNodes);
}

// A server that does not answer now may answer the next time.
setInterval(() => renew().catch(() => {}), 30_000);
