// Saves the reader's guess in the tab, and nowhere else.

/**
 * Returns a saved guess, or null if it does not fit the question, as after an edit.
 * @param {Object} question
 * @param {*} guess
 */
export function validateGuess({ form, options, low, high, x }, guess) {
  const within = (value) => Number.isFinite(value) && value >= low && value <= high;
  const fits = {
    choice: () => Number.isInteger(guess) && guess >= 0 && guess < options.length,
    number: () => within(guess),
    curve: () => Array.isArray(guess) && guess.length === x.length && guess.every((value) => value === null || within(value)),
  };
  return fits[form]() ? guess : null;
}

const createKey = ({ form, question }) => `rl-prediction ${location.pathname} ${form} ${question}`;

/**
 * Loads the guess, and whether the answer was revealed.
 * @param {Object} question
 * @returns {{guess: *, revealed: boolean}}
 */
export function loadGuess(question) {
  try {
    const { guess, revealed } = JSON.parse(sessionStorage.getItem(createKey(question))) ?? {};
    return { guess: validateGuess(question, guess ?? null), revealed: revealed === true };
  } catch {
    return { guess: null, revealed: false }; // storage is refused, or holds something else
  }
}

/**
 * Saves the guess.
 * @param {Object} question
 * @param {{guess: *, revealed: boolean}} state
 */
export function saveGuess(question, state) {
  try {
    sessionStorage.setItem(createKey(question), JSON.stringify(state));
  } catch {
    // Storage is refused or full: the guess lasts as long as the page.
  }
}
