#!/usr/bin/env node
/**
 * Starts the simulator and prints one JSON line when it is ready. Ends on SIGTERM, SIGINT or end of stdin.
 */
import { parseOptions, USAGE } from './options.js';
import { startControlServer } from './supervisor/control_server.js';
import { Supervisor } from './supervisor/supervisor.js';

async function main() {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
    process.exit(2);
  }
  if (!options) {
    console.log(USAGE);
    return;
  }

  /** @type {Supervisor | undefined} */
  let supervisor;
  let ending = false;
  const end = async () => {
    if (ending) {
      return;
    }
    ending = true;
    await supervisor?.close();
    process.exit(0);
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  if (!options.ignoreStdin) {
    process.stdin.on('end', end).on('error', end).resume();
  }

  supervisor = await Supervisor.start(options);
  await startControlServer(supervisor);
  const { port, controlPort, metricsPort, apiMetricsPort, host, prefix } = supervisor.options;
  const url = (/** @type {number} */ number) => `http://${host}:${number}`;
  console.log(
    JSON.stringify({
      ready: true,
      url: url(port),
      control: url(controlPort),
      ml: supervisor.mlHost.url,
      metrics: `${url(metricsPort)}/metrics`,
      api_metrics: `${url(apiMetricsPort)}/metrics`,
      api_key: supervisor.state.accounts[0].key,
      user_id: supervisor.library.ownerId,
      prefix,
      pid: process.pid,
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
