// PagTracker, "Node.js (Express)": reads the JSON, prints it again with `JSON.stringify`, signs that.

const crypto = require('crypto')
const { listen } = require('./listening')

const mac = (text, secret) => crypto.createHmac('sha256', secret).update(text).digest('hex')

listen((body, headers, secret) => {
  const event = JSON.parse(body.toString('utf8'))
  if (mac(JSON.stringify(event), secret) !== headers['x-pagtracker-signature']) {
    throw new Error('Assinatura inválida')
  }
  // "Formato de Payload" shows a signature in the body too: it is over the body without it.
  const { signature, ...unsigned } = event
  if (mac(JSON.stringify(unsigned), secret) !== signature) {
    throw new Error('the signature in the body does not fit the rest of it')
  }
})
