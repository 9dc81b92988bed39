import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Questions to a real Kubernetes with its answers: one JSON file for each topic, a line for each question. */
export class Questions {
  readonly #folder: URL;

  /** `folder`: beside this file, with a slash at its end. */
  constructor(folder: string) {
    this.#folder = new URL(folder, import.meta.url);
  }

  topics(): readonly string[] {
    return readdirSync(this.#folder)
      .map((file) => file.replace(/\.json$/, ''))
      .sort();
  }

  read<Question>(topic: string): readonly Question[] {
    return JSON.parse(readFileSync(this.#file(topic), 'utf8')) as readonly Question[];
  }

  /** Writes the questions down with what `ask` makes of each, in order. */
  async record<Question>(topic: string, ask: (question: Question) => Promise<Question>): Promise<void> {
    const recorded: Question[] = [];
    for (const question of this.read<Question>(topic)) recorded.push(await ask(question));
    const lines = recorded.map((question) => JSON.stringify(question));
    writeFileSync(this.#file(topic), `[\n${lines.join(',\n')}\n]\n`);
  }

  #file(topic: string): URL {
    return new URL(`${topic}.json`, this.#folder);
  }
}
