// SentinelGate, "Setting Up Webhook Endpoint": HMAC of the raw body. The guide's sample lets
// `timingSafeEqual` throw when the lengths differ; here that is a refusal like any other.

const crypto = require('crypto')
const { listen } = require('./listening')

listen((body, headers, secret) => {
  const digest = crypto.createHmac('sha256', secret).update(body).digest('hex')
  const signature = Buffer.from(headers['x-webhook-signature'])
  if (signature.length !== digest.length || !crypto.timingSafeEqual(signature, Buffer.from(digest))) {
    throw new Error('the signature does not fit')
  }
})
