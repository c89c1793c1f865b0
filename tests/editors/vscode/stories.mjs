// The stories of a user in a real Visual Studio Code, with the packaged extension, the built server and a model that
// says what the story wants. Each asserts the text that is there in the end, in the editor and on the disk.
//
// `run` prepares all of it. Names of stories may be given as arguments, or parts of them. TENON_VSCODE_SHOTS is a folder
// for pictures of the moments that the documentation shows, and of where a story failed.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';

import { Model, block, gate } from './model.mjs';
import { CodeServer, Workbench, browser, until } from './workbench.mjs';

const { TENON_PROGRAM: program, TENON_VSIX: vsix, TENON_VSCODE_SHOTS: shots } = process.env;

const MAIN = 'def one():\n    return 1\n\n\ndef two():\n    return 2\n';
const TWO = block('main.py', '    return 1\n', '    return 10\n') + block('main.py', '    return 2\n', '    x = 20\n    return x\n');
const ONE_DONE = 'def one():\n    return 10\n\n\ndef two():\n    return 2\n';
const BOTH_DONE = 'def one():\n    return 10\n\n\ndef two():\n    x = 20\n    return x\n';

let place, model, chromium, code, bench;

function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text);
  }
}

/** A folder of its own for a story, under the name that the window shows. */
function folder(name, files = { 'main.py': MAIN }) {
  const made = join(place, name);
  mkdirSync(made);
  write(made, files);
  return made;
}

function configure(more = '', ofModel = '') {
  writeFileSync(join(place, 'config.toml'), `[providers.fake]
api = "openai-chat"
base_url = "${model.url}"
${more}
[models.coder]
provider = "fake"
model = "slow"
${ofModel}

[roles]
edit = ["coder"]
${ofModel === '' ? '' : 'completion = ["coder"]'}

[cache]
enabled = false
`);
}

/** The server behind a script, so that a story can stop it or let it lie. */
function wrapper(name, text) {
  const file = join(place, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

async function open(name, files) {
  bench = await Workbench.open(chromium, code, folder(name, files));
  await bench.status('Tenon: ready');
  return bench;
}

/** Asks for a change of a file as a whole, by keys. */
async function ask(name, instruction) {
  await bench.inEditor();
  await bench.chord('g');
  await bench.answer(`edit ${name}`, instruction);
}

async function shot(name) {
  if (shots) {
    await bench.page.screenshot({ path: join(shots, `${name}.png`) });
  }
}

before(async () => {
  place = mkdtempSync(join(tmpdir(), 'tenon-stories-'));
  mkdirSync(join(place, 'state'), { mode: 0o700 });
  model = await Model.start();
  configure();
  chromium = await browser();
});

after(async () => {
  await chromium?.close();
  model?.stop();
  if (place) {
    rmSync(place, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});

function environment() {
  return { TENON_CONFIG: join(place, 'config.toml'), TENON_STATE_DIR: join(place, 'state') };
}

function stories(title, options, body) {
  describe(title, () => {
    before(async () => {
      code = await CodeServer.start({ vsix, env: environment(), ...options() });
    });
    after(async () => code?.stop());
    afterEach(async (context) => {
      if (bench && !context.passed) {
        console.error(`${context.name}, where it failed: ${JSON.stringify(await bench.situation())}`);
        await shot(`failed-${context.name.replace(/\W+/g, '-')}`);
      }
      await bench?.close();
      bench = undefined;
      model.reset();
      configure();
    });
    body();
  });
}

stories('with a server', () => ({ machine: { 'tenon.server.path': program } }), () => {
  test('an edit by an instruction, while the user types', async () => {
    await open('typing');
    await bench.openFile('main.py');
    const waits = gate();
    model.says(block('main.py', '    return 1\n', '    return 10\n'), waits);
    // The lines that were selected are meant, also when the text changes while the question is open.
    await bench.select(2, 2);
    await bench.chord('g');
    await bench.question('lines 2 to 2 of main.py');
    write(bench.folder, { 'main.py': `# above\n${MAIN}` });
    await bench.shows(`# above\n${MAIN}`);
    await bench.answer('lines 2 to 2 of main.py', 'make it larger');
    await until('the request', () => model.requests.length === 1);
    assert.match(model.requests[0], /make it larger/);
    assert.match(model.requests[0], /It is about lines 3 to 3 of it/);
    await bench.select(1);
    await bench.page.keyboard.type('# typed é😀\n\n');
    waits.open();
    await bench.message('1 change in 1 file ready for review');
    await bench.status('1 waiting');
    assert.equal(await bench.text(), `# typed é😀\n\n# above\n${MAIN}`, 'nothing is in the text before it is accepted');
    await bench.chord('.');
    await bench.see('the place where the change is now', async () => (await bench.cursor()) === 5, () => bench.cursor());
    await bench.chord('y');
    await bench.shows(`# typed é😀\n\n# above\n${ONE_DONE}`);
    await bench.save();
    await bench.onDisk('main.py', `# typed é😀\n\n# above\n${ONE_DONE}`);
  });

  test('review by hunk, one accepted and one rejected', async () => {
    await open('review');
    await bench.openFile('main.py');
    model.says(TWO);
    await ask('main.py', 'make it larger');
    await bench.message('2 changes in 1 file ready for review');
    await bench.status('1 waiting for your decision');
    const lenses = () => bench.page.locator('.codelens-decoration').allInnerTexts();
    await bench.see('lenses', async () => (await lenses()).join().match(/Apply.*Reject.*Apply.*Reject/s), lenses);
    await bench.chord('.');
    await bench.see('the first', async () => (await bench.cursor()) === 2, () => bench.cursor());
    await bench.see('the progress to go', async () => (await bench.messages()).length <= 1, () => bench.messages());
    await shot('review');
    await bench.chord('y');
    await bench.shows(ONE_DONE);
    await bench.chord('.');
    await bench.see('the second', async () => (await bench.cursor()) === 6, () => bench.cursor());
    await bench.chord('n');
    await bench.status('Tenon: ready');
    await bench.shows(ONE_DONE);
    await bench.save();
    await bench.onDisk('main.py', ONE_DONE);
  });

  test('before and after are compared, a file is accepted, undone and made again', async () => {
    await open('undo');
    await bench.openFile('main.py');
    model.says(TWO);
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
    await bench.status('1 waiting');
    await bench.chord('Shift+D');
    const sides = () => bench.page.locator('.monaco-diff-editor .view-lines').allInnerTexts();
    await bench.see('both sides', async () => {
      const [left, right] = (await sides()).map((text) => text.replaceAll('\u00a0', ' '));
      return left?.includes('return 1') && right?.includes('return 10') && right.includes('x = 20');
    }, sides);
    // The keys work on the right side, which has the focus.
    await bench.select(2);
    await bench.chord('y');
    const left = () => sides().then(([text]) => text.replaceAll('\u00a0', ' '));
    await bench.see('the first change on the left', async () => (await left()).includes('return 10') && !(await left()).includes('x = 20'), left);
    await bench.chord('Shift+Y');
    await bench.see('all of it on the left', async () => (await left()).includes('x = 20'), left);
    await bench.command('View: Close Editor');
    await bench.openFile('main.py');
    await bench.shows(BOTH_DONE);
    await bench.command('Tenon: Undo Last Accepted Change');
    await bench.shows(ONE_DONE);
    await bench.command('Tenon: Redo Last Undone Change');
    await bench.shows(BOTH_DONE);
    // The same for a step of the history, by keys.
    const steps = () => bench.rows('History');
    await bench.command('Tenon: Show History');
    await bench.page.locator('.monaco-list.element-focused[aria-label="History"] .monaco-list-row.selected').waitFor();
    await bench.see('the steps', async () => (await steps()).filter((step) => /make it larger, applied/.test(step)).length === 2, steps);
    await bench.chord('u');
    await bench.see('the step undone', async () => /make it larger, undone/.test((await steps())[0]), steps);
    await bench.shows(ONE_DONE);
    await bench.chord('r');
    await bench.see('the step done again', async () => /make it larger, applied/.test((await steps())[0]), steps);
    await bench.openFile('main.py');
    await bench.shows(BOTH_DONE);
    await bench.save();
    await bench.onDisk('main.py', BOTH_DONE);
  });

  test('a request is cancelled', async () => {
    await open('cancel');
    await bench.openFile('main.py');
    model.says('main.py\n<<<<<<< SEARCH\n    return 1\n', gate());
    await ask('main.py', 'make it larger');
    await until('the request', () => model.requests.length === 1);
    await bench.see('the button', async () => (await bench.page.getByRole('button', { name: 'Cancel' }).count()) > 0);
    await bench.status('Tenon works');
    await bench.chord('q');
    await until('the closed connection', () => model.left === 1);
    await bench.status('Tenon: ready');
    assert.equal(await bench.text(), MAIN);
    // The next request is served.
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it much larger');
    await bench.message('ready for review');
    await bench.status('1 waiting');
    await bench.command('Tenon: Accept All Changes');
    await bench.shows(ONE_DONE);
  });

  test('a change of several files, one of them new, decided in the tree', async () => {
    await open('several');
    await bench.openFile('main.py');
    model.says(block('main.py', 'def one():\n', 'from more import ten\n\n\ndef one():\n'), block('more.py', '', 'def ten():\n    return 10\n'));
    await ask('main.py', 'add ten');
    await bench.message('2 changes in 2 files ready for review');
    await bench.tree();
    const rows = () => bench.rows('Pending Changes');
    await bench.see('the files', async () => {
      const labels = (await rows()).join('\n');
      return labels.includes('main.py, modified, 1 pending') && labels.includes('more.py, created, 1 pending');
    }, rows);
    await bench.see('the progress to go', async () => (await bench.messages()).length <= 1, () => bench.messages());
    await shot('changes');
    await bench.chord('Shift+Y');
    await bench.message('Choose a file or a change of it');
    await bench.command('Tenon: Accept All Changes');
    await bench.see('the step', async () => /add ten, applied/.test((await bench.rows('History')).join()), () => bench.rows('History'));
    await bench.openFile('main.py');
    await bench.shows(`from more import ten\n\n\n${MAIN}`);
    // The editor saves what has a tab, and gives one to a changed file only after a while.
    await bench.see('the tab of the new file', async () => (await bench.tabs()).includes('more.py (unsaved)'), () => bench.tabs());
    await bench.command('File: Save All Files');
    await bench.onDisk('more.py', 'def ten():\n    return 10\n');
    await bench.onDisk('main.py', `from more import ten\n\n\n${MAIN}`);
    await bench.command('Tenon: Undo Last Accepted Change');
    await until('the new file to go', () => !readdirSync(bench.folder).includes('more.py'));
    await bench.openFile('main.py');
    await bench.shows(MAIN);
  });

  test('an error of the provider is told in words', async () => {
    await open('error');
    await bench.openFile('main.py');
    model.fails(401, { error: { message: 'Incorrect API key provided', type: 'invalid_request_error' } });
    await ask('main.py', 'make it larger');
    const said = await bench.message('Incorrect API key provided');
    assert.doesNotMatch(said.replace(/^Error: /, ''), /[{}]|undefined|Error:/, 'no raw JSON, and no more than the severity before it');
    await bench.see('a way on', async () => (await bench.page.getByRole('button', { name: 'Store an API Key…' }).count()) > 0);
    assert.equal(await bench.text(), MAIN);
  });

  test('no network: it is said, and the next request is served', async () => {
    await open('network');
    await bench.openFile('main.py');
    model.isAway = true;
    await ask('main.py', 'make it larger');
    await bench.see('why', async () => /Tenon: .*(connect|reached)/i.test((await bench.said()).join('\n')), () => bench.said());
    assert.equal(await bench.text(), MAIN);
    model.isAway = false;
    await bench.clearMessages();
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger, please');
    await bench.message('ready for review');
  });

  test('a comment says what to do, another tool says what is wrong', async () => {
    const comment = 'def one():\n    # AI! return ten instead\n    return 1\n';
    await open('named', { 'main.py': comment, 'a.json': '{\n  "a": 1,\n}\n' });
    await bench.openFile('main.py');
    model.says(block('main.py', '    # AI! return ten instead\n    return 1\n', '    return 10\n'));
    await bench.select(2);
    await bench.command('Tenon: Do What This Comment Says');
    await bench.status('1 waiting');
    await bench.command('Tenon: Accept All Changes');
    await bench.shows('def one():\n    return 10\n');
    await bench.status('Tenon: ready');
    await bench.openFile('a.json');
    await bench.command('Tenon: Fix Problems Here');
    await bench.message('no problem is reported here');
    await bench.page.locator('.squiggly-error').first().waitFor({ state: 'attached' });
    await bench.select(2);
    model.says(block('a.json', '  "a": 1,\n', '  "a": 1\n'));
    await bench.command('Tenon: Fix Problems Here');
    await bench.status('1 waiting');
    assert.match(model.requests.at(-1), /Trailing comma/i);
    await bench.command('Tenon: Accept All Changes');
    await bench.shows('{\n  "a": 1\n}\n');
  });

  test('a stub, a refactoring, a comment by their names; what was sent, and what is logged', async () => {
    const stub = 'def ten():\n    pass\n';
    const done = 'def ten():\n    return 10\n';
    const better = 'def ten() -> int:\n    return 10\n';
    const told = 'def ten() -> int:\n    "Ten."\n    return 10\n';
    await open('intents', { 'main.py': stub });
    await bench.openFile('main.py');
    await bench.command('Tenon: Refactor Selection');
    await bench.message('select the lines to refactor first');
    const does = async (title, words, from, to) => {
      model.says(block('main.py', from, to));
      await bench.command(title);
      await bench.status('1 waiting');
      assert.match(model.requests.at(-1), words);
      await bench.command('Tenon: Accept All Changes');
      await bench.status('Tenon: ready');
      await bench.inEditor();
    };
    await bench.select(2);
    await does('Tenon: Implement This Stub', /Implement the stub/, stub, done);
    await bench.shows(done);
    await bench.select(1, 2);
    await does('Tenon: Refactor Selection', /Refactor the marked lines/, 'def ten():\n', 'def ten() -> int:\n');
    await bench.shows(better);
    await bench.select(1);
    await does('Tenon: Document This', /Write documentation comments/, better, told);
    await bench.shows(told);
    const tested = `${told}assert ten() == 10\n`;
    await does('Tenon: Write Tests', /Write tests for the definitions/, told, tested);
    await bench.shows(tested);
    // Longer requests are written on a page.
    await bench.select(4, 4);
    await bench.command('Tenon: Edit by a Request on a Page…');
    await bench.see('the page', async () => (await bench.tab()) === 'ask-1.md' && (await bench.cursor()) === 3, () => bench.cursor());
    await bench.inEditor();
    await bench.page.keyboard.type('compare with eleven');
    model.says(block('main.py', 'assert ten() == 10\n', 'assert ten() != 11\n'));
    await bench.command('Tenon: Run the Request on the Page');
    await bench.status('1 waiting');
    assert.match(model.requests.at(-1), /about lines 4 to 4 of it[^]*compare with eleven/);
    await bench.command('Tenon: Accept All Changes');
    await bench.status('Tenon: ready');
    await bench.openFile('main.py');
    await bench.shows(`${told}assert ten() != 11\n`);
    await bench.command('Tenon: Show What Was Sent to the Model');
    await bench.see('what was sent', async () => /^t\d+-prompt/.test(await bench.tab()) && /^Sent to coder of fake/.test(await bench.text()), () => bench.text());
    await bench.command('Tenon: Show Log');
    const shown = () => bench.page.locator('.part.panel .view-lines').allInnerTexts().then((texts) => texts.join('\n').replaceAll('\u00a0', ' '));
    await bench.see('the log', async () => /\[info\]/.test(await shown()), shown);
    const logs = filesWith(join(code.data, 'logs'), program);
    assert.ok(logs.length > 0, 'what was started is in a log');
    assert.deepEqual([...filesWith(join(code.data, 'logs'), 'return 10'), ...filesWith(join(code.data, 'logs'), 'documentation comments')], [],
      'no text of the user, and nothing that was sent');
  });

  test('the buttons of a message are about its own change', async () => {
    await open('buttons');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'the first thing');
    await bench.message('ready for review: the first thing');
    await bench.chord('Shift+N');
    await bench.status('Tenon: ready');
    model.says(block('main.py', '    return 2\n', '    return 20\n'));
    await ask('main.py', 'the second thing');
    await bench.message('ready for review: the second thing');
    await bench.messageButton('the first thing', 'Accept All');
    await bench.message('decided');
    assert.equal(await bench.text(), MAIN, 'the second is not accepted by it');
    await bench.messageButton('the second thing', 'Accept All');
    await bench.shows(MAIN.replace('return 2', 'return 20'));
  });

  test('the settings of a workspace are looked at and trusted in a terminal', async () => {
    await open('trust', { 'main.py': MAIN, '.tenon.toml': '[review]\nmode = "auto"\n' });
    await bench.command("Tenon: Look at the Workspace's Own Settings and Trust Them…");
    const terminal = () => bench.page.locator('.xterm-rows').allInnerTexts().then((texts) => texts.join('\n').replaceAll('\u00a0', ' '));
    await bench.see('the question', async () => /Trust this workspace\?/.test(await terminal()), terminal);
    await bench.page.locator('.xterm-helper-textarea:focus').waitFor({ state: 'attached' });
    await bench.press('y', 'Enter');
    await bench.message('the settings of this workspace are trusted');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    // The workspace says now that changes are applied without a question.
    await bench.shows(ONE_DONE);
  });

  test('what was typed over is merged back', async () => {
    await open('merge');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.status('1 waiting');
    await bench.chord('Shift+Y');
    await bench.shows(ONE_DONE);
    await bench.select(2);
    await bench.press('End');
    await bench.page.keyboard.type('0');
    await bench.command('Tenon: Undo Last Accepted Change');
    const merge = bench.page.getByRole('button', { name: 'Merge and Show' });
    await merge.waitFor();
    assert.equal(await bench.text(), ONE_DONE.replace('10', '100'), 'nothing is lost unasked');
    await bench.command('Notifications: Accept Notification Primary Action');
    await bench.status('1 waiting');
    await bench.command('Tenon: Accept All Changes');
    await bench.see('both sides', async () => /<<<<<<<[^]*return 100[^]*return 1\n/.test(await bench.text()), () => bench.text());
  });

  test('a hunk is asked for anew with a remark', async () => {
    await open('regenerate');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
    await bench.chord('.');
    await bench.see('the change', async () => (await bench.cursor()) === 2);
    model.says(block('main.py', '    return 1\n', '    return 11\n'));
    await bench.chord('Shift+G');
    await bench.answer('ask again, replace 1 line by 1', 'a prime');
    await until('the request', () => model.requests.length === 2);
    assert.match(model.requests[1], /a prime/);
    await bench.message('ready for review');
    await bench.tree();
    await bench.see('one proposal', async () => (await bench.rows('Pending Changes')).length === 3, () => bench.rows('Pending Changes'));
    await bench.command('Tenon: Accept All Changes');
    await bench.openFile('main.py');
    await bench.shows(MAIN.replace('return 1', 'return 11'));
  });

  test('in the Refactor Preview nothing is ticked, and what is discarded stays pending', async () => {
    await open('preview');
    await bench.openFile('main.py');
    model.says(TWO);
    await ask('main.py', 'make it larger');
    await bench.status('1 waiting');
    await bench.command('Tenon: Accept All in Refactor Preview…');
    const discard = bench.page.getByRole('button', { name: 'Discard', exact: true });
    await discard.waitFor();
    const ticked = await bench.page.locator('.panel').getByRole('checkbox').evaluateAll((boxes) => boxes.map((box) => box.checked ?? box.ariaChecked));
    assert.ok(ticked.length >= 2 && ticked.every((is) => is !== true && is !== 'true'), `${ticked}`);
    await bench.status('Tenon: ready');
    await bench.pressButton('.part.panel', 'Discard');
    await bench.status('1 waiting');
    assert.equal(await bench.text(), MAIN);
    await bench.chord('Shift+Y');
    await bench.shows(BOTH_DONE);
  });

  test('text is completed at the cursor', async () => {
    configure('', 'fill = "infill"');
    model.fills = ' + 41';
    await open('completion');
    await bench.openFile('main.py');
    await bench.select(2);
    await bench.press('End');
    const ghost = bench.page.locator('.ghost-text-decoration, .ghost-text');
    const shown = () => ghost.allInnerTexts().then((texts) => texts.join('').replaceAll('\u00a0', ' '));
    // The editor takes grey text away when the focus moves, as it does after a command; then it is asked for again.
    await bench.see('grey text', async () => {
      await bench.page.keyboard.type(' ');
      await bench.press('Backspace');
      return until('grey text for a moment', async () => (await shown()).includes('+ 41'), shown, 3_000).then(() => true, () => false);
    }, shown);
    await bench.press('Tab');
    await bench.shows(MAIN.replace('return 1', 'return 1 + 41'));
  });

  test('a key goes from the secret storage to the provider, and nowhere else', async () => {
    configure('key_env = "STORY_KEY"');
    await open('key');
    await bench.openFile('main.py');
    await ask('main.py', 'make it larger');
    await bench.message('STORY_KEY');
    await bench.clearMessages();
    await bench.command('Tenon: Store an API Key…');
    await bench.takeFirst('Which key?');
    await bench.answer('Key for STORY_KEY', 'xk-story-4711');
    await bench.message('the server has the keys as they are now');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger still');
    await bench.message('ready for review');
    assert.deepEqual(model.keys, ['Bearer xk-story-4711']);
    for (const root of [code.data, place]) {
      assert.deepEqual(filesWith(root, 'xk-story-4711'), [], `the key is in no file below ${root}`);
    }
    await bench.command('Tenon: Forget an API Key…');
    await bench.takeFirst('Forget which API key?');
    await bench.message('the server has the keys as they are now');
  });

  test('documents without a file, and files that may not be written, are explained', async () => {
    await open('documents');
    await bench.command('File: New Untitled Text File');
    await bench.see('an untitled document', async () => (await bench.tab()).startsWith('Untitled'));
    await bench.command('Tenon: Edit File…');
    await bench.message('this document has no file yet. Save it first');
    // Its button saves, and the question follows.
    await bench.command('Notifications: Accept Notification Primary Action');
    await bench.question('Save As');
    const path = bench.page.locator('.quick-input-widget input:focus');
    await bench.see('the proposed path', async () => (await path.inputValue()) === join(bench.folder, 'Untitled-1'), () => path.inputValue());
    await bench.press('Enter');
    await bench.question('edit Untitled-1 as a whole');
    await bench.press('Escape');
    await bench.onDisk('Untitled-1', '');
    chmodSync(join(bench.folder, 'main.py'), 0o444);
    await bench.openFile('main.py');
    await bench.command('Tenon: Edit File…');
    await bench.message('main.py is read-only');
    assert.equal(model.requests.length, 0);
  });

  test('every command is offered by name, every part has a label', async () => {
    await open('labels');
    await bench.openFile('main.py');
    model.says(TWO);
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
    await bench.status('1 waiting');
    for (const title of ['Accept This Change', 'Reject This Change', 'Go to Next Pending Change', 'Compare Before and After', 'Show Log']) {
      assert.ok(await bench.offers(`Tenon: ${title}`), title);
    }
    assert.ok(!(await bench.offers('Tenon: Cancel Task')), 'what cannot be done is not offered');
    await bench.tree();
    const rows = () => bench.rows('Pending Changes');
    await bench.see('the rows', async () => (await rows()).length === 4, rows);
    assert.ok((await rows()).every((label) => label.trim() !== ''), 'each row has a label');
    // From the tree by keys: the first hunk is the third row.
    await bench.press('ArrowDown', 'ArrowDown', 'Enter');
    await bench.page.locator('.monaco-list[aria-label="Pending Changes"] .monaco-list-row.selected[aria-label^="replace 1 line by 1"]').waitFor();
    await bench.chord('y');
    await bench.see('one left', async () => (await rows()).length === 3, rows);
    await bench.openFile('main.py');
    await bench.shows(ONE_DONE);
  });
});

stories('when something is missing', () => ({}), () => {
  const settings = () => join(code.data, 'Machine', 'settings.json');
  const use = (path) => writeFileSync(settings(), JSON.stringify({ 'tenon.server.path': path }));

  test('first run: no server, the walkthrough, then one', async () => {
    bench = await Workbench.open(chromium, code, folder('first'));
    await bench.message('was not found on the PATH');
    await bench.status('Tenon does not run');
    await bench.command('Tenon: Open Walkthrough');
    const page = bench.page.locator('.gettingStartedContainer');
    await page.getByText('Get started with Tenon').first().waitFor();
    const steps = await page.locator('.getting-started-step h3').allInnerTexts();
    assert.deepEqual(steps, ['The server', 'A model', 'Ask for a change', 'Decide', 'Change your mind']);
    const done = () => page.locator('.getting-started-step .codicon-getting-started-step-checked:visible').count();
    const before = await done();
    use(program);
    await bench.status('Tenon: ready');
    await bench.see('the steps that are done', async () => (await done()) > before, done);
    await shot('walkthrough');
    await bench.command('View: Close Editor');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
    await bench.status('1 waiting');
    await bench.chord('.');
    await bench.see('the change', async () => (await bench.cursor()) === 2);
    await bench.chord('y');
    await bench.shows(ONE_DONE);
  });

  test('no model: the configuration is opened, and counts as soon as it is saved', async () => {
    const full = readFileSync(join(place, 'config.toml'), 'utf8');
    writeFileSync(join(place, 'config.toml'), '');
    use(program);
    bench = await Workbench.open(chromium, code, folder('model'));
    await bench.status('Tenon: ready');
    await bench.openFile('main.py');
    await ask('main.py', 'make it larger');
    await bench.see('a way on', async () => (await bench.page.getByRole('button', { name: 'Open Configuration' }).count()) > 0, () => bench.messages());
    // One with a mistake is named with its line, and opened all the same.
    writeFileSync(join(place, 'config.toml'), '[limits]\nfiles = 7]\n');
    await bench.message('config.toml:2');
    await bench.command('Tenon: Open Configuration File');
    await bench.see('the file', async () => (await bench.tab()).startsWith('config.toml'));
    await bench.page.evaluate((text) => navigator.clipboard.writeText(text), full);
    await bench.inEditor();
    await bench.press('Control+a', 'Control+v');
    await bench.shows(full.trimEnd().replace(/\n*$/, '\n'));
    await bench.save();
    await until('the file', () => readFileSync(join(place, 'config.toml'), 'utf8') === full);
    await bench.message('the configuration that you saved counts now');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.status('1 waiting');
  });

  test('another version, a program that is not there, then the right one', async () => {
    use(wrapper('old', 'echo tenon 9.9.9'));
    bench = await Workbench.open(chromium, code, folder('version'));
    await bench.message('is “tenon 9.9.9”, and this extension needs 0.1.x');
    use(wrapper('ends', `[ "$1" = lsp ] && exit 3\nexec '${program}' "$@"`));
    await bench.message('ended by itself 5 times');
    assert.deepEqual((await bench.said()).filter((text) => /connection|EPIPE|-32/.test(text)), [], 'no words of the library');
    use('/nowhere/tenon');
    await bench.message('names /nowhere/tenon, which is not a program here');
    // One that hangs, and a setting that is no text, are left behind as soon as the setting is right.
    const pid = join(place, 'hangs.pid');
    use(wrapper('hangs', `[ "$1" = lsp ] && echo $$ > '${pid}' && exec sleep 600\nexec '${program}' "$@"`));
    await until('the server that hangs', () => readable(pid) !== '');
    await bench.status('Tenon: starting');
    use(5);
    await bench.message('was not found on the PATH');
    // One that is slow is given up as well, and answers all the same before it is gone.
    const slow = join(place, 'slow.pid');
    use(wrapper('slow', `[ "$1" = lsp ] && echo $$ > '${slow}' && sleep 1\nexec '${program}' "$@"`));
    await until('the slow server', () => readable(slow) !== '');
    use(program);
    await bench.status('Tenon: ready');
    await until('the slow one to end', () => !isRunning(Number(readable(slow))));
    await bench.command('Tenon: Show Pending Changes');
    assert.deepEqual((await bench.said()).filter((text) => /cannot be run|already exists/.test(text)), []);
    await until('the one that hung to end', () => !isRunning(Number(readable(pid))));
  });

  test('a server that ends five times is left alone until asked', async () => {
    const pid = join(place, 'pid');
    use(wrapper('watched', `[ "$1" = lsp ] && echo $$ > '${pid}'\nexec '${program}' "$@"`));
    bench = await Workbench.open(chromium, code, folder('crash'));
    let last = '';
    for (let n = 1; n <= 5; n += 1) {
      await until(`server ${n}`, () => {
        const now = readable(pid);
        return now !== '' && now !== last;
      });
      await bench.status('Tenon: ready');
      last = readable(pid);
      process.kill(Number(last), 'SIGKILL');
      await bench.see('that it is noticed', async () => !(await bench.statusLabel()).includes('ready') || readable(pid) !== last);
    }
    await bench.message('ended by itself 5 times');
    await bench.status('Tenon does not run');
    await bench.command('Tenon: Restart Server');
    await bench.status('Tenon: ready');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
  });
});

stories('with the server in the package', () => ({ vsix: process.env.TENON_VSIX_BUNDLED }), () => {
  test('install, open a file, ask, accept', async () => {
    await open('bundled');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.status('1 waiting');
    await bench.chord('.');
    await bench.see('the change', async () => (await bench.cursor()) === 2);
    await bench.chord('y');
    await bench.shows(ONE_DONE);
  });
});

stories('in a virtual workspace', () => ({ more: [process.env.TENON_VSIX_VIRTUAL], machine: { 'tenon.server.path': program } }), () => {
  test('it is said why nothing can be done, and what to do', async () => {
    bench = await Workbench.open(chromium, code, 'story:/project');
    await bench.status('Tenon: stopped');
    await bench.command('File: Focus on Files Explorer');
    await bench.page.locator('.monaco-list[aria-label="Files Explorer"]:focus').waitFor();
    await bench.page.locator('.monaco-list[aria-label="Files Explorer"] .monaco-list-row').getByText('main.py').waitFor();
    await bench.press('ArrowDown', 'Enter');
    await bench.see('the file', async () => (await bench.tab()) === 'main.py', () => bench.focus());
    await bench.command('Tenon: Edit File…');
    await bench.message('this document is not a file on the disk (“story:”)');
    await bench.clearMessages();
    await bench.command('Tenon: Undo Last Accepted Change');
    await bench.message('this workspace is not on a disk (“story:”)');
    await bench.command('Tenon: Show Pending Changes');
    await bench.page.locator('.welcome-view-content').getByText('Open the folder locally').first().waitFor();
    assert.equal(model.requests.length, 0);
  });
});

stories('in restricted mode', () => ({ machine: { 'tenon.server.path': program }, trusts: false }), () => {
  test('what the workspace says about the server counts only once it is trusted', async () => {
    const ran = join(place, 'ran');
    const own = wrapper('own', `touch '${ran}'\nexec '${program}' "$@"`);
    const made = folder('restricted');
    mkdirSync(join(made, '.vscode'));
    write(made, { '.vscode/settings.json': JSON.stringify({ 'tenon.server.path': own, 'tenon.review.mode': 'auto' }) });
    // To the server the folder is trusted, and its user wants changes to be applied; to the editor it is not.
    execFileSync(program, ['trust', '--yes', '--root', made], { env: { ...process.env, ...environment() } });
    appendFileSync(join(place, 'config.toml'), '\n[review]\nmode = "auto"\n');
    bench = await Workbench.open(chromium, code, made);
    await bench.status('Tenon: ready');
    await bench.openFile('main.py');
    model.says(block('main.py', '    return 1\n', '    return 10\n'));
    await ask('main.py', 'make it larger');
    await bench.message('ready for review');
    await bench.status('1 waiting');
    assert.equal(await bench.text(), MAIN, 'the workspace does not decide that changes are applied');
    assert.ok(!readdirSync(place).includes('ran'), 'the program of the workspace does not run');
    await bench.chord('Shift+Y');
    await bench.shows(ONE_DONE);
    await bench.save();
    await bench.onDisk('main.py', ONE_DONE);
    await bench.command('Workspaces: Manage Workspace Trust');
    await bench.pressButton('.workspace-trust-editor', 'Trust');
    await until('the program of the workspace', () => readdirSync(place).includes('ran'));
    await bench.status('Tenon: ready');
  });
});

function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function readable(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Files below a folder that hold a text. */
function filesWith(root, text) {
  return readdirSync(root, { recursive: true })
    .map((name) => join(root, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() && readFileSync(file).includes(text));
}
