import { ApplianceProblem } from './problem.js'

/**
 * Reads the lines of long work: `{"progress":…}` any number of times, then `{"result":…}` or `{"problem":…}`.
 * Answers the result; throws the problem.
 */
export async function readProgress(response, onProgress) {
  for await (const line of lines(response.body)) {
    const message = JSON.parse(line)
    if (message.problem) throw new ApplianceProblem(message.problem)
    if ('result' in message) return message.result
    if (message.progress) onProgress(message.progress)
  }
  throw ApplianceProblem.cutShort()
}

/** Lines of a byte stream. A line, or one character of it, may arrive in several chunks. */
export async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { value, done } = await reader.read().catch(() => { throw ApplianceProblem.cutShort() })
    if (done) break
    const parts = (rest + value).split('\n')
    rest = parts.pop()
    yield* parts.filter((part) => part.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}
