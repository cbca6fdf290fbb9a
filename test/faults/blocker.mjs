// Loaded into `serve` by a test: from one SIGUSR2 to the next the event loop is blocked for half a second, again and again,
// with half a second between in which it is free.
const BLOCKED_MS = 500;
let timer;
process.on('SIGUSR2', () => {
  if (timer === undefined) timer = setInterval(block, 2 * BLOCKED_MS);
  else clearInterval(timer);
});

function block() {
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
}
