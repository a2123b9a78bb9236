// The uploads of this page, as they are shown.
import { uploader } from '$lib/upload';
import { secondsLeft, sentBytes, speedOf, withSample, type Sample } from '$lib/upload/progress';
import type { Queue, Task } from '$lib/upload/queue';
import type { GatheredFile } from '$lib/workspace/gather';

export class Uploads {
  tasks: Queue = $state.raw(uploader().queue);
  #samples: readonly Sample[] = $state.raw([]);
  #sampled = '';
  readonly #unsubscribe: () => void;

  /** `oncompleted` hears of every file that is there now. */
  constructor(oncompleted: (task: Task) => void) {
    this.#unsubscribe = uploader().subscribe((queue) => {
      const over = queue.filter((task) => task.phase === 'completed' && this.#phaseOf(task.id) === 'active');
      this.tasks = queue;
      this.#sample();
      over.forEach(oncompleted);
    });
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** Brings back what a page before this one had begun. */
  restore(): Promise<void> {
    return uploader().restore();
  }

  /** Sends files into a folder, relative to the workspace. */
  send(files: readonly GatheredFile[], folder: string): void {
    for (const { file, path, handle } of files)
      uploader().add(file, folder === '' ? path : `${folder}/${path}`, handle);
  }

  pause = (task: Task): void => uploader().pause(task.id);
  resume = (task: Task): void => uploader().resume(task.id);
  cancel = (task: Task): void => uploader().cancel(task.id);
  dismiss = (task: Task): void => uploader().dismiss(task.id);
  recall = (task: Task): Promise<boolean> => uploader().recallFile(task.id);
  give = (task: Task, file: File): boolean => uploader().giveFile(task.id, file);

  /** Takes what is over out of the list. */
  clear(): void {
    for (const task of this.tasks) if (task.phase === 'completed' || task.phase === 'cancelled') this.dismiss(task);
  }

  /** Bytes per second of the file that is being sent; null while that is not known. */
  get speed(): number | null {
    return speedOf(this.#samples);
  }

  secondsLeft(task: Task): number | null {
    return task.id === this.#sampled ? secondsLeft(task, this.speed) : null;
  }

  #phaseOf(id: string): Task['phase'] | undefined {
    return this.tasks.find((task) => task.id === id)?.phase;
  }

  #sample(): void {
    const current = this.tasks.find((task) => task.phase === 'active' && task.chunks.length > 0);
    if (current === undefined) return;
    const before = current.id === this.#sampled ? this.#samples : [];
    this.#sampled = current.id;
    this.#samples = withSample(before, { at: Date.now(), bytes: sentBytes(current) });
  }
}
