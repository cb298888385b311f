#!/usr/bin/env node
/**
 * Command line for the control API: `cli.js --control http://127.0.0.1:2284 jobs queue=smartSearch count=50`.
 * Values are JSON where they parse as such, else text. `truth`, `state` and `assets` only read.
 */
const READING = new Set(['truth', 'state', 'assets']);

/** @param {string} text */
function parseValue(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) {
      return text;
    }
    throw error;
  }
}

async function main() {
  const args = process.argv.slice(2);
  const at = args.indexOf('--control');
  const control = at >= 0 ? args.splice(at, 2)[1] : 'http://127.0.0.1:2284';
  const [command, ...pairs] = args;
  if (!command || command === '--help') {
    console.error('Usage: node simulator/src/cli.js [--control URL] <command> [name=value …]\nCommands: see simulator/README.md');
    process.exit(2);
  }
  const body = Object.fromEntries(
    pairs.map((pair) => {
      const [name, ...rest] = pair.split('=');
      return [name, parseValue(rest.join('='))];
    }),
  );
  const reading = READING.has(command) && pairs.length === 0;
  const response = await fetch(new URL(`/${command}`, control), {
    method: reading ? 'GET' : 'POST',
    ...(!reading && { body: JSON.stringify(body) }),
  });
  const reply = await response.json();
  console.log(JSON.stringify(reply, null, 2));
  process.exit(response.ok ? 0 : 1);
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
