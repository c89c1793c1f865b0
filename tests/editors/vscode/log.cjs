// Writes the logs of the test's editor. The editor does that with a compiled part of its own, which is not built here;
// without it no log would be on the disk, and a story could not prove what is in one. It stands in the place of that
// part, with the same functions; every line is written at once.
const fs = require('node:fs');
const path = require('node:path');

const NAMES = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
const INFO = 2;

class Logger {
  #file;
  #level = INFO;
  #decorates = true;

  constructor(file) {
    this.#file = file;
  }

  #write(level, message) {
    if (level >= this.#level) {
      const before = this.#decorates ? `${new Date().toISOString().replace('T', ' ').replace('Z', '')} [${NAMES[level]}] ` : '';
      fs.appendFileSync(this.#file, `${before}${message}${this.#decorates ? '\n' : ''}`);
    }
  }

  trace(message) { this.#write(0, message); }
  debug(message) { this.#write(1, message); }
  info(message) { this.#write(2, message); }
  warn(message) { this.#write(3, message); }
  error(message) { this.#write(4, message); }
  critical(message) { this.#write(5, message); }
  getLevel() { return this.#level; }
  setLevel(level) { this.#level = level; }
  setPattern() { this.#decorates = true; }
  clearFormatters() { this.#decorates = false; }
  flush() {}
  drop() {}
}

async function create(_name, file) {
  await fs.promises.mkdir(path.dirname(file), { recursive: true });
  return new Logger(file);
}

exports.version = 1;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = Logger;
exports.createRotatingLogger = create;
exports.createAsyncRotatingLogger = create;
