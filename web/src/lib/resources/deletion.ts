// Deleting several resources: a few at a time, and one that cannot go does not keep the others.
import { ApiError } from '$lib/api/client';

export interface Failure {
  name: string;
  error: ApiError;
}

export interface Outcome {
  deleted: string[];
  failures: Failure[];
}

/** Browsers give an origin six connections; some are for what streams meanwhile. */
const AT_ONCE = 3;

export async function deleteAll(names: string[], remove: (name: string) => Promise<void>): Promise<Outcome> {
  const left = [...names];
  const outcome: Outcome = { deleted: [], failures: [] };
  const work = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      try {
        await remove(name);
        outcome.deleted.push(name);
      } catch (thrown) {
        outcome.failures.push({ name, error: ApiError.from(thrown) });
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcome;
}
