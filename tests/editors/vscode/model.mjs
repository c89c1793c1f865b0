// A model server for the stories: it speaks the chat protocol of OpenAI and says what a story gave it, in order.
// A reply may wait at a gate in the middle, until the story opens it or the other side goes away.
import { createServer } from 'node:http';

export class Model {
  #server;
  #replies = [];
  /** Bodies of the requests that came. */
  requests = [];
  /** Keys that came along with them. */
  keys = [];
  /** What it writes at the cursor. */
  fills = '';
  /** Whether it cannot be reached: each connection is broken off at once. */
  isAway = false;
  /** How many connections were closed by the other side before the end. */
  left = 0;

  static async start() {
    const model = new Model();
    model.#server = createServer((request, response) => void model.#answer(request, response));
    model.#server.on('connection', (socket) => model.isAway && socket.resetAndDestroy());
    await new Promise((resolve) => model.#server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/v1`;
  }

  /** Says these pieces next; a promise among them is waited for. */
  says(...pieces) {
    this.#replies.push({ pieces });
  }

  /** Fails next, as a provider does. `times` covers repeats. */
  fails(status, body, times = 1) {
    for (let n = 0; n < times; n += 1) {
      this.#replies.push({ status, body });
    }
  }

  /** Nothing is left over from one story for the next. */
  reset() {
    this.#replies = [];
    this.requests = [];
    this.keys = [];
    this.left = 0;
    this.isAway = false;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response) {
    if (this.isAway) {
      request.socket.resetAndDestroy();
      return;
    }
    const parts = [];
    for await (const part of request) {
      parts.push(part);
    }
    if (request.url.endsWith('/infill')) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: ${JSON.stringify({ content: this.fills, stop: false })}\n\n`);
      response.end(`data: ${JSON.stringify({ content: '', stop: true, stop_type: 'word' })}\n\n`);
      return;
    }
    // Completions may still come from the window of the story before.
    this.keys.push(request.headers.authorization);
    this.requests.push(Buffer.concat(parts).toString());
    const reply = this.#replies.shift();
    if (reply === undefined || reply.status !== undefined) {
      const { status = 500, body = { error: { message: 'the story has no reply for this request' } } } = reply ?? {};
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
      return;
    }
    let gone = false;
    response.on('close', () => {
      gone = !response.writableFinished;
      this.left += gone ? 1 : 0;
    });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (choice) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
    for (const piece of reply.pieces) {
      if (typeof piece === 'string') {
        send({ delta: { content: piece } });
      } else {
        await piece;
      }
      if (gone) {
        return;
      }
    }
    send({ delta: {}, finish_reason: 'stop' });
    response.end('data: [DONE]\n\n');
  }
}

/** A search/replace block, the form of edits that the stories' model writes. */
export function block(path, search, replace) {
  return `${path}\n<<<<<<< SEARCH\n${search}=======\n${replace}>>>>>>> REPLACE\n\n`;
}

/** A promise that a story resolves. */
export function gate() {
  const { promise, resolve } = Promise.withResolvers();
  return Object.assign(promise, { open: resolve });
}
