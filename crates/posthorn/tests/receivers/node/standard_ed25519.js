// Standard Webhooks with Ed25519 (`v1a`), which the official libraries do not verify: Node's own
// crypto does, from the specification's words alone. The secret is the public key, `whpk_…`.

const crypto = require('crypto')
const { listen } = require('./listening')

// An Ed25519 public key in DER is this prefix and the key's 32 bytes (RFC 8410, section 4).
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')

listen((body, headers, secret) => {
  const key = Buffer.from(secret.replace(/^whpk_/, ''), 'base64')
  const publicKey = crypto.createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' })
  const now = Math.floor(Date.now() / 1000)
  if (!(Math.abs(now - parseInt(headers['webhook-timestamp'], 10)) <= 300)) {
    throw new Error('the timestamp is too old or in the future')
  }
  const start = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`)
  const signed = Buffer.concat([start, body])
  const fits = headers['webhook-signature'].split(' ').some((entry) => {
    const [version, signature] = entry.split(',')
    return version === 'v1a' && crypto.verify(null, signed, publicKey, Buffer.from(signature, 'base64'))
  })
  if (!fits) throw new Error('no signature fits')
})
