import { beforeEach, inject } from "vitest";

// Of a file that is loaded with a protection switched off only the test named is of interest.

/** @param {{ name: string, suite?: unknown }} task @returns {string} */
function fullName(task) {
  const suite = /** @type {{ name: string } | undefined} */ (task.suite);
  return suite === undefined ? task.name : `${fullName(suite)} > ${task.name}`;
}

const only = /** @type {string} */ (inject(/** @type {never} */ ("only")));

beforeEach(({ task, skip }) => {
  if (!fullName(task).includes(only)) skip();
});
