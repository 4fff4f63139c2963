/** Sentences that stand at more than one place. */
export const passwordHint = 'At least 15 characters. A few unrelated words are easy to remember and hard to guess.'
