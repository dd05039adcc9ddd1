// Answers each line of standard input with a line of JSON; an exception is a refusal.

exports.answer = (read) => {
  const lines = require('fs').readFileSync(0, 'utf8').split('\n').slice(0, -1)
  const one = (line) => { try { return read(line) } catch (error) { return { refused: String(error) } } }
  process.stdout.write(lines.map((line) => JSON.stringify(one(line)) + '\n').join(''))
}
