// What every Node receiver here has in common.
//
// A receiver binds a free loopback port and prints it; reads its secret from standard input (again
// with each further line, so that a test can change it) and says when it has it; answers 200 to what
// its verifier takes for genuine and 401 to everything else; and prints what it saw, one JSON object
// a line. It ends when standard input does, so that nothing is left behind by a test that was killed.

const http = require('http')
const readline = require('readline')

const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

let secret
let secretIsKnown
const waiting = new Promise((resolve) => { secretIsKnown = resolve })

/** Serves forever. `verify(body, headers, secret)` throws what is wrong. */
function listen(verify) {
  const server = http.createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      await waiting
      let why = null
      try {
        verify(Buffer.concat(chunks), request.headers, secret)
      } catch (error) {
        why = `${error.name}: ${error.message}`
      }
      say({
        genuine: why === null,
        why,
        id: request.headers['x-event-id'] ?? null,
        type: request.headers['x-event-type'] ?? null,
        attempt: request.headers['x-delivery-attempt'] ?? null,
      })
      response.writeHead(why === null ? 200 : 401)
      response.end(why === null ? 'OK' : 'Invalid signature')
    })
  })
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    secret = line
    say({ secret: 'taken' })
    secretIsKnown()
  })
  lines.on('close', () => process.exit(0))
  server.listen(0, '127.0.0.1', () => say({ port: server.address().port }))
}

module.exports = { listen }
