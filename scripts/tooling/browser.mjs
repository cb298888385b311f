// Drives a headless Chromium through its DevTools, without any package.
//
// Reads one JSON object from the standard input: { chromium, flags, profile, width, height, scale,
// dark, language, origin, tokens, steps }. Writes one JSON line per step and a last one with what the
// page's console said. Needs `node --experimental-websocket` before Node 22.
//
// Home Assistant's pages are made of nested shadow roots; texts and selectors are looked for in all.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';

const START_TIMEOUT = 30_000;
const STEP_TIMEOUT = 30_000;
const POLL = 100;

const job = JSON.parse(await text(process.stdin));

/** Functions that run in the page. */
const IN_PAGE = `(() => {
  if (window.__look) return;
  function* nodes(root) {
    for (const element of root.querySelectorAll('*')) {
      yield element;
      if (element.shadowRoot) yield* nodes(element.shadowRoot);
    }
  }
  const shown = (element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && getComputedStyle(element).visibility !== 'hidden';
  };
  const ownText = (element) => [...element.childNodes]
    .filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join(' ').replace(/\\s+/g, ' ').trim();
  window.__look = {
    all: (selector) => [...nodes(document)].filter((element) => element.matches(selector) && shown(element)),
    withText: (wanted, exact) => [...nodes(document)].filter((element) => {
      const own = ownText(element);
      return own && (exact ? own === wanted : own.includes(wanted)) && shown(element);
    }),
    text: () => [...nodes(document)].filter(shown).map(ownText).filter(Boolean).join('\\n'),
  };
})()`;

/** A DevTools session with one page. */
class Page {
  #socket;
  #session;
  #next = 1;
  #waiting = new Map();
  #loads = 0;
  console = [];

  static async open(address) {
    const page = new Page();
    page.#socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      page.#socket.onopen = resolve;
      page.#socket.onerror = () => reject(new Error('Chromium closed its DevTools'));
    });
    page.#socket.onmessage = ({ data }) => page.#receive(JSON.parse(data));
    const { targetId } = await page.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await page.send('Target.attachToTarget', { targetId, flatten: true });
    page.#session = sessionId;
    for (const domain of ['Page', 'Runtime', 'Log']) {
      await page.send(`${domain}.enable`);
    }
    return page;
  }

  close() {
    this.#socket.close();
  }

  send(method, params = {}) {
    const id = this.#next++;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { method, resolve, reject }));
  }

  #receive({ id, method, params, result, error }) {
    const waiting = this.#waiting.get(id);
    if (waiting) {
      this.#waiting.delete(id);
      if (error) waiting.reject(new Error(`${waiting.method}: ${error.message}`));
      else waiting.resolve(result);
    } else if (method === 'Page.loadEventFired') {
      this.#loads++;
    } else if (method === 'Runtime.exceptionThrown') {
      const { exception, text: message } = params.exceptionDetails;
      this.console.push({ level: 'exception', text: exception?.description ?? message });
    } else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning'].includes(params.type)) {
      const said = params.args.map((value) => value.value ?? value.description ?? '').join(' ');
      this.console.push({ level: params.type, text: said });
    } else if (method === 'Log.entryAdded' && params.entry.level === 'error') {
      this.console.push({ level: 'log', text: `${params.entry.text} ${params.entry.url ?? ''}`.trim() });
    }
  }

  async goto(url) {
    const before = this.#loads;
    const { errorText } = await this.send('Page.navigate', { url });
    if (errorText) throw new Error(`${url}: ${errorText}`);
    // A change of the fragment alone loads nothing.
    await until(() => this.#loads > before, `${url} loads`, STEP_TIMEOUT);
  }

  async evaluate(expression) {
    await this.send('Runtime.evaluate', { expression: IN_PAGE });
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) {
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    }
    return result.value;
  }

  async click(found) {
    // The innermost element is the one a finger meets; it first has to be in view.
    const box = await this.evaluate(`(async () => {
      const element = (${found}).at(-1);
      if (!element) return null;
      element.scrollIntoView({ block: 'center', inline: 'center' });
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    if (!box) throw new Error(`Nothing to click: ${found}`);
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased']) {
      const button = type === 'mouseMoved' ? 'none' : 'left';
      await this.send('Input.dispatchMouseEvent', { type, ...box, button, clickCount: button === 'left' ? 1 : 0 });
    }
  }

  async screenshot(path, whole) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: Boolean(whole) });
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, Buffer.from(data, 'base64'));
  }

  async view({ width = 1280, height = 800, scale = 1, dark = false }) {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: scale, mobile: width < 600 });
    await this.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }],
    });
  }
}

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(condition, what, timeout) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Not within ${timeout / 1000} s: ${what}`);
    await sleep(POLL);
  }
}

/** Expression that finds the elements a step means. */
function found(step) {
  if (step.selector) return `window.__look.all(${JSON.stringify(step.selector)})`;
  return `window.__look.withText(${JSON.stringify(step.text)}, ${Boolean(step.exact)})`;
}

const STEPS = {
  goto: (page, { url }) => page.goto(url),
  view: (page, step) => page.view(step),
  wait: (page, { ms }) => sleep(ms),
  see: (page, step) => until(
    () => page.evaluate(`${found(step)}.length > 0`), `${step.selector ?? step.text} is shown`, step.timeout ?? STEP_TIMEOUT),
  gone: (page, step) => until(
    () => page.evaluate(`${found(step)}.length === 0`), `${step.selector ?? step.text} is gone`, step.timeout ?? STEP_TIMEOUT),
  click: async (page, step) => {
    await STEPS.see(page, step);
    await page.click(found(step));
  },
  type: (page, { text: typed }) => page.send('Input.insertText', { text: typed }),
  key: async (page, { key }) => {
    for (const type of ['keyDown', 'keyUp']) {
      await page.send('Input.dispatchKeyEvent', { type, key, code: key, windowsVirtualKeyCode: { Enter: 13, Tab: 9, Escape: 27 }[key] });
    }
  },
  evaluate: (page, { script }) => page.evaluate(script),
  text: (page) => page.evaluate('window.__look.text()'),
  screenshot: (page, { path, whole }) => page.screenshot(path, whole),
};

/** Start Chromium and return the address of its DevTools. */
async function start() {
  const flags = [...job.flags, '--remote-debugging-port=0', `--user-data-dir=${job.profile}`, `--lang=${job.language ?? 'en'}`];
  // What it leaves in the folder for temporary files goes with its profile.
  const env = { ...process.env, TMPDIR: job.profile };
  const chromium = spawn(job.chromium, [...flags, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], env });
  let said = '';
  const address = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Chromium didn't start:\n${said}`)), START_TIMEOUT);
    chromium.on('error', reject);
    chromium.on('exit', (code) => reject(new Error(`Chromium ended (${code}):\n${said}`)));
    chromium.stderr.setEncoding('utf8').on('data', (chunk) => {
      said = (said + chunk).slice(-4000);
      const match = /DevTools listening on (ws:\S+)/.exec(said);
      if (match) {
        clearTimeout(timer);
        resolve(match[1]);
      }
    });
  }).catch((error) => {
    chromium.kill('SIGKILL');
    throw error;
  });
  return { chromium, address };
}

async function run() {
  const { chromium, address } = await start();
  let failed = false;
  try {
    const page = await Page.open(address);
    await page.view(job);
    if (job.tokens) {
      // Before any script of the page: else it goes to the login.
      await page.send('Page.addScriptToEvaluateOnNewDocument', {
        source: `if (location.origin === ${JSON.stringify(job.origin)}) {
          localStorage.setItem('hassTokens', ${JSON.stringify(JSON.stringify(job.tokens))});
          localStorage.setItem('selectedLanguage', ${JSON.stringify(JSON.stringify(job.language ?? 'en'))});
          localStorage.setItem('dockedSidebar', '"docked"');
        }`,
      });
    }
    for (const step of job.steps) {
      try {
        const result = await STEPS[step.do](page, step);
        console.log(JSON.stringify({ step, result: result ?? null }));
      } catch (error) {
        failed = true;
        const seen = await page.evaluate('window.__look.text()').catch(() => '');
        console.log(JSON.stringify({ step, error: error.message, seen }));
        if (job.onError) await page.screenshot(job.onError, false);
        break;
      }
    }
    console.log(JSON.stringify({ console: page.console }));
    page.close();
  } finally {
    chromium.removeAllListeners('exit');
    const ended = new Promise((resolve) => chromium.once('exit', resolve));
    chromium.kill('SIGTERM');
    const timer = setTimeout(() => chromium.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
  return failed;
}

run().then(
  (failed) => { process.exitCode = failed ? 1 : 0; },
  (error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
