// KrxScale, "Node.js / Express": reads the JSON, prints it again with `JSON.stringify`, signs that.

const crypto = require('crypto')
const { listen } = require('./listening')

listen((body, headers, secret) => {
  const now = Math.floor(Date.now() / 1000)
  if (!(Math.abs(now - parseInt(headers['x-webhook-timestamp'], 10)) <= 300)) {
    throw new Error('the timestamp is too old or in the future')
  }
  const [stamp, signature] = headers['x-webhook-signature'].split(',').map((part) => part.split('=')[1])
  const payload = JSON.parse(body.toString('utf8'))
  const signed = `t=${parseInt(stamp, 10)}.${JSON.stringify(payload)}`
  const expected = crypto.createHmac('sha256', secret).update(signed).digest('hex')
  if (signature.length !== expected.length
      || !crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) {
    throw new Error('the signature does not fit')
  }
})
