// What a server of ours remembers, whichever SDK speaks for it.
export const watched = 'peer://watched';

export class World {
  #version = 1;
  #watchers = new Set();
  #happened = new Set();
  #waiting = new Map();

  /// `tell(uri)` is called when the watched resource changes; one that fails is forgotten.
  watch(tell) { this.#watchers.add(tell); }
  unwatch(tell) { this.#watchers.delete(tell); }

  read() { return { contents: [{ uri: watched, mimeType: 'text/plain', text: `version ${this.#version}` }] }; }

  async change() {
    ++this.#version;
    for (const tell of this.#watchers) {
      try {
        await tell(watched);
      } catch {
        this.#watchers.delete(tell);
      }
    }
    return `version ${this.#version}`;
  }

  /// Stays until it is cancelled. Whether it has `begun` and was `cancelled` can be waited for.
  async hold(key, signal) {
    this.#happens(`begun ${key}`);
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    this.#happens(`cancelled ${key}`);
  }

  async once(what, key) {
    const event = `${what} ${key}`;
    if (!this.#happened.has(event)) {
      await new Promise((resolve) => this.#waiting.set(event, [...(this.#waiting.get(event) ?? []), resolve]));
    }
    return event;
  }

  #happens(event) {
    this.#happened.add(event);
    for (const resolve of this.#waiting.get(event) ?? []) resolve();
    this.#waiting.delete(event);
  }
}

export const say = (text) => ({ content: [{ type: 'text', text }] });
export const question = { name: 'What is your name?', prompt: 'A question for the model' };
