import { describe, expect, test } from 'vitest';
import { type FileLook, LogFollower } from '../../../src/shared/follow-log.ts';
import { Dice } from '../../sim/dice.ts';

const log = '/web.log';

describe('a follower', () => {
  test('gives what comes, from so many bytes before the end', async () => {
    const world = new World();
    world.append('0123456789');
    const { follower, heard } = await following(world, 4);
    await look(follower, heard);
    world.append('abc');
    await look(follower, heard);
    expect(heard).toEqual({ text: '6789abc', gaps: [] });
  });

  test('waits for a file that is not there yet', async () => {
    const world = new World();
    const { follower, heard } = await following(world, 100);
    await look(follower, heard);
    world.append('first');
    await look(follower, heard);
    expect(heard).toEqual({ text: 'first', gaps: [] });
  });

  test('says that a log was emptied, and goes on with what comes', async () => {
    const world = new World();
    world.append('0123456789');
    const { follower, heard } = await following(world, 0);
    world.file(log).text = 'new';
    await look(follower, heard);
    expect(heard).toEqual({ text: 'new', gaps: ['the log was emptied'] });
  });

  test('goes on with the new file when the log was moved away', async () => {
    const world = new World();
    world.append('old');
    const { follower, heard } = await following(world, 0);
    world.files.delete(log);
    world.append('new');
    await look(follower, heard);
    expect(heard).toEqual({ text: 'new', gaps: [] });
  });

  test('reads what it had missed from the backups when it was away for several rotations', async () => {
    const world = new World();
    world.append('01234');
    const { follower, heard } = await following(world, 2);
    for (const text of ['56789', 'abcde', 'fghij']) {
      for (const step of world.rotation()) step();
      world.append(text);
    }
    await look(follower, heard);
    expect(heard).toEqual({ text: '3456789abcdefghij', gaps: [] });
  });

  test('says so when what it missed was compressed', async () => {
    const world = new World();
    world.append('01234');
    const { follower, heard } = await following(world, 0);
    for (const text of ['56789', 'abcde', 'fghij']) {
      for (const step of world.rotation()) step();
      world.append(text);
    }
    world.compress(2);
    world.compress(3);
    await look(follower, heard);
    expect(heard.gaps).toEqual(['too much was written at once']);
    expect(heard.text).toBe(world.file(log).text);
  });

  test('is not misled by the compression of what it has read', async () => {
    const world = new World();
    world.append('01234');
    for (const step of world.rotation()) step();
    const { follower, heard } = await following(world, 0);
    world.append('56789');
    for (const step of world.rotation()) step();
    world.compress(2);
    world.append('abc');
    await look(follower, heard);
    expect(heard).toEqual({ text: '56789abc', gaps: [] });
  });

  test('does not wait for ever for a rotation whose supervisor died', async () => {
    const world = new World();
    world.append('0123456789');
    const { follower, heard } = await following(world, 10);
    await look(follower, { text: '', gaps: [] });
    world.append('abc');
    world.files.set(`${log}.rotation`, world.newFile(''));
    for (let n = 0; n < 100 && heard.text === ''; n++) await look(follower, heard);
    expect(heard).toEqual({ text: 'abc', gaps: [] });
  });

  test('that begins in the middle of a rotation tells nothing twice', async () => {
    const world = new World();
    world.append('0123456789');
    const steps = world.rotation();
    for (const step of steps.splice(0, 3)) step();
    const { follower, heard } = await following(world, 0);
    for (const step of steps) step();
    await look(follower, heard);
    world.append('abc');
    await look(follower, heard);
    expect(heard).toEqual({ text: 'abc', gaps: [] });
  });
});

/** A rotation goes on between any two things that a follower does. Each takes a step every now and then. */
test('every byte is given once and in order, whenever a rotation happens', async () => {
  for (let seed = 1; seed <= 400; seed++) {
    const roll = new Dice(seed);
    const world = new World();
    let steps: (() => void)[] = [];
    let written = 0;
    world.between = () => {
      if (roll.below(3) === 0) world.append(`${written++};`);
      const [step, ...more] = steps;
      if (step !== undefined && roll.below(2) === 0) {
        step();
        steps = more;
      }
    };
    const { follower, heard } = await following(world, 0);
    for (let n = 0; n < 60; n++) {
      if (steps.length === 0 && world.file(log).text.length > 2 && roll.below(4) === 0) steps = world.rotation();
      await look(follower, heard);
    }
    for (const step of steps) step();
    world.between = () => undefined;
    await look(follower, heard);
    const expected = Array.from({ length: written }, (_, at) => `${at};`).join('');
    // What was there when it began is not told.
    expect(heard.gaps, `seed ${seed}`).toEqual([]);
    expect(
      expected.endsWith(heard.text) && heard.text.length >= expected.length - 20,
      `seed ${seed}: ${heard.text}`,
    ).toBe(true);
  }
});

interface Heard {
  text: string;
  gaps: string[];
}

async function following(world: World, before: number): Promise<{ follower: LogFollower; heard: Heard }> {
  const follower = new LogFollower(world, log);
  await follower.begin(before);
  return { follower, heard: { text: '', gaps: [] } };
}

async function look(follower: LogFollower, heard: Heard): Promise<void> {
  const told = {
    bytes: (bytes: Uint8Array) => void (heard.text += new TextDecoder().decode(bytes)),
    gap: (why: string) => void heard.gaps.push(why),
  };
  for (let n = 0; n < 1_000 && (await follower.look(told)); n++);
  await follower.look(told);
}

interface File {
  readonly ino: number;
  readonly mtimeMs: number;
  text: string;
}

/** A disk with one log, its backups, and a writer. */
class World {
  readonly files = new Map<string, File>();
  between: () => void = () => undefined;
  #made = 0;

  newFile(text: string): File {
    this.#made += 1;
    return { ino: this.#made, mtimeMs: 1_000 * this.#made, text };
  }

  file(path: string): File {
    const found = this.files.get(path) ?? this.newFile('');
    this.files.set(path, found);
    return found;
  }

  append(text: string): void {
    this.file(log).text += text;
  }

  /** As linux/rotate-log.ts does it, in its order. */
  rotation(): (() => void)[] {
    let copied = '';
    return [
      () => (copied = this.file(log).text.slice(0, -1)),
      () => this.files.set(`${log}.rotation`, this.newFile('')),
      () => (this.file(log).text = this.file(log).text.slice(copied.length)),
      () => {
        for (let number = 20; number >= 1; number--) {
          for (const end of ['', '.gz']) this.#move(`${log}.${number}${end}`, `${log}.${number + 1}${end}`);
        }
      },
      () => this.files.set(`${log}.1`, this.newFile(copied)),
      () => this.files.delete(`${log}.rotation`),
    ];
  }

  compress(number: number): void {
    const plain = this.file(`${log}.${number}`);
    this.files.delete(`${log}.${number}`);
    this.files.set(`${log}.${number}.gz`, { ...this.newFile('gz'), mtimeMs: plain.mtimeMs });
  }

  async stat(path: string): Promise<FileLook | undefined> {
    await this.#others();
    const found = this.files.get(path);
    return found && { ino: found.ino, mtimeMs: found.mtimeMs, size: found.text.length };
  }

  async read(path: string, inode: number, offset: number, length: number): Promise<Uint8Array | undefined> {
    await this.#others();
    const found = this.files.get(path);
    return found?.ino === inode ? new TextEncoder().encode(found.text.slice(offset, offset + length)) : undefined;
  }

  async #others(): Promise<void> {
    this.between();
    await Promise.resolve();
    this.between();
  }

  #move(from: string, to: string): void {
    const found = this.files.get(from);
    if (found === undefined) return;
    this.files.delete(from);
    this.files.set(to, found);
  }
}
